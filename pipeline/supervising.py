"""`huiying run`: one process group: crawl, pipeline and web, each started again when it dies (守护)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger()

STEADY = 60.0  # a child that lived so long starts again at once
LONGEST_WAIT = 30.0


@dataclass(slots=True)
class Child:
    """One process of the group. `failures` in a row set how long it waits before it starts again."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = field(default=0.0)


class Supervisor:
    """Keeps its children alive until it is told to stop."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.children = [Child(name, arguments) for name, arguments in commands.items()]
        self.stopping = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT: then every child is asked to stop, and after 15 s made to."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            while not self.stopping:
                for child in self.children:
                    self._look_after(child)
                time.sleep(0.5)
        finally:
            self._end()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is None:
            return
        if child.process is not None:
            lasted = now - child.started
            child.failures = 0 if lasted > STEADY else child.failures + 1
            wait = min(LONGEST_WAIT, 0.5 * 2**child.failures) if child.failures else 0.0
            log.warning(
                "process.ended", name=child.name, code=child.process.returncode, lasted=round(lasted), again_in=wait
            )
            child.process, child.not_before = None, now + wait
        if now >= child.not_before:
            child.process = subprocess.Popen([sys.executable, "-m", "huiying", *child.arguments])  # noqa: S603 (our own command line)
            child.started = now

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + 15
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
