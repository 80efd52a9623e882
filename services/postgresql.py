"""PostgreSQL from Debian's packages: a cluster of its own under .services/, on loopback."""

from __future__ import annotations

import socket
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from services.process import ServiceError, account, alive, end, free_port, run, start, wait

_ROLE = "huiying"


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL."""

    port: int
    pid: int

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's address of a database on it (trusted on loopback: for trying and testing only)."""
        return f"postgresql+psycopg://{_ROLE}@127.0.0.1:{self.port}/{urllib.parse.quote(database)}"

    @property
    def alive(self) -> bool:
        return alive(self.pid)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back."""
        import signal

        end(self.pid, by=signal.SIGINT)


def binaries() -> Path:
    """The newest PostgreSQL that Debian's packages installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise ServiceError("没有 PostgreSQL；请先安装：apt-get install -y postgresql")
    return found[-1].parent


def start_server(root: Path, port: int = 0) -> Server:
    """Make the cluster under `root` on the first call, start it, and return when it answers."""
    programs, who = binaries(), account()
    who.own(root)
    who.can_reach(root)
    data = root / "data"
    if not (data / "PG_VERSION").exists():
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", _ROLE, "-A", "trust", "-E", "UTF8"]
        run([*initdb, "--locale=C.UTF-8", "--no-sync"], who, root)
    port = port or free_port()
    log = root / "server.log"
    log.touch()
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(root), "-h", "127.0.0.1"]
    pid = start(command, who, root, {}, log)
    server = Server(port, pid)

    def answers() -> bool:
        if not server.alive:
            raise ServiceError(f"PostgreSQL 退出了；请看 {log}。")
        with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            probe.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # asks whether it speaks TLS: answered once it is up
            return probe.recv(1) in (b"N", b"S")

    wait(answers, 60.0, log)
    return server
