"""Starting a server as an ordinary user and ending it again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_STARTED: list[object] = []  # kept, because Python warns about processes that outlive their handle


class ServiceError(Exception):
    """A service cannot be started: one line that says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account a server runs as: ours, or an ordinary one when we are root (both servers refuse root)."""

    name: str
    uid: int
    gid: int

    def own(self, folder: Path) -> None:
        """Make the folder and everything in it this account's."""
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, folder: Path) -> None:
        """ServiceError when this account may not enter the folder."""
        for parent in (folder, *folder.parents):
            mode = parent.stat()
            open_to_it = mode.st_mode & 0o001 or (mode.st_uid == self.uid and mode.st_mode & 0o100)
            if os.geteuid() == 0 and not open_to_it:
                raise ServiceError(
                    f"用户 {self.name} 进不了 {parent}；请把仓库放到它能进入的目录，或 chmod o+x {parent}。"
                )


def account() -> Account:
    """The account for servers: `SERVICES_USER` when we are root (nobody by default), else our own."""
    if os.geteuid() != 0:
        mine = pwd.getpwuid(os.geteuid())
        return Account(mine.pw_name, mine.pw_uid, mine.pw_gid)
    name = os.environ.get("SERVICES_USER", "nobody")
    try:
        other = pwd.getpwnam(name)
    except KeyError:
        raise ServiceError(f"没有用户 {name}；请用 SERVICES_USER 指定一个普通用户。") from None
    return Account(other.pw_name, other.pw_uid, other.pw_gid)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], who: Account, folder: Path, extra: Mapping[str, str], log: Path) -> int:
    """Start a server in a session of its own, so that it outlives us; its process id."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": str(folder), **extra}
    identity = {"user": who.uid, "group": who.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with log.open("ab") as output:
        process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
            list(command),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **identity,
        )
    _STARTED.append(process)
    return int(process.pid)


def run(command: Sequence[str], who: Account, folder: Path) -> None:
    """Run a command to its end as that account. ServiceError with its last line when it fails."""
    identity = {"user": who.uid, "group": who.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
        list(command), cwd=folder, capture_output=True, text=True, check=False, **identity
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise ServiceError(f"{command[0]} 失败：{lines[-1] if lines else done.returncode}")


def wait(ready: Callable[[], bool], seconds: float, log: Path) -> None:
    """Until `ready()`; ServiceError with the end of the log when it takes longer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            if ready():
                return
        time.sleep(0.2)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:] if log.exists() else []
    raise ServiceError(f"{seconds:.0f} 秒内没有起来；日志 {log} 的末尾：\n" + "\n".join(lines))


def alive(pid: int) -> bool:
    """Still running (a child that ended and waits to be collected is not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def end(pid: int, seconds: float = 30.0, by: signal.Signals = signal.SIGTERM) -> None:
    """End a server's session; by force when it does not go in time."""
    for sign, patience in ((by, seconds), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.killpg(pid, sign)
        deadline = time.monotonic() + patience
        while alive(pid) and time.monotonic() < deadline:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)
        if not alive(pid):
            return


def find(program: str, hint: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise ServiceError(f"没有 {program}；{hint}")
    return found
