"""What this process and all below it use of the machine: memory, processor time, disk."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path


class Memory:
    """The peak of the memory of this process and all below it, looked at every second (Pss: shared pages once).

    Looking costs processor time of its own, the more the larger the memory: `cpu` says how much, so that it can be left out.
    """

    def __init__(self, peak: int = 0) -> None:
        self.peak = peak
        self.now = 0
        self.cpu = 0.0
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            self.now = memory()
            self.peak = max(self.peak, self.now)
            self.cpu = time.thread_time()


def memory() -> int:
    """Bytes held by this process and its descendants."""
    total = 0
    for pid in family(os.getpid()):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return total


def family(pid: int) -> list[int]:
    """A process and its living descendants."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            below.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        todo += below.get(each, [])
    return found


def cpu() -> float:
    """CPU seconds of this process, its living descendants, and those that ended and were waited for."""
    ticks = 0
    for pid in family(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def disk(folder: Path) -> dict[str, int]:
    """Bytes of a data folder, the embedded index apart from the store."""
    made = {"store": 0, "index": 0}
    for path in folder.rglob("*"):
        if path.is_file():
            made["index" if "index" in path.parts else "store"] += path.stat().st_size
    return made
