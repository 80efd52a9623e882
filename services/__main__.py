"""python -m services start|stop|status [elasticsearch] [postgresql]"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from services import elasticsearch, postgresql
from services.process import ServiceError, alive, end

ROOT = Path(__file__).resolve().parent.parent / ".services"
_RUNNING = ROOT / "running.json"
_ALL = ("elasticsearch", "postgresql")


def running() -> dict[str, dict[str, object]]:
    """The services that were started here and still run."""
    if not _RUNNING.exists():
        return {}
    known: dict[str, dict[str, object]] = json.loads(_RUNNING.read_text(encoding="utf-8"))
    return {name: values for name, values in known.items() if alive(int(str(values["pid"])))}


def start(names: list[str]) -> None:
    known = running()
    for name in names:
        if name in known:
            continue
        if name == "elasticsearch":
            home = elasticsearch.fetch(ROOT)
            (node,) = elasticsearch.start_nodes(ROOT / "es", home, heap="1g")
            known[name] = asdict(node)
        else:
            server = postgresql.start_server(ROOT / "pg")
            known[name] = asdict(server) | {"url": server.url()}
        ROOT.mkdir(exist_ok=True)
        _RUNNING.write_text(json.dumps(known, indent=2), encoding="utf-8")
    status()


def stop() -> None:
    for name, values in running().items():
        pid = int(str(values["pid"]))
        if name == "elasticsearch":
            end(pid)
        else:
            postgresql.Server(int(str(values["port"])), pid).stop()
        print(f"{name} 已停止")
    _RUNNING.unlink(missing_ok=True)


def status() -> None:
    known = running()
    for name in _ALL:
        print(f"{name}: {known[name]['url']}" if name in known else f"{name}: 没有运行")
    if "elasticsearch" in known:
        print(
            f"export HUIYING_SEARCH__ENGINE=elasticsearch HUIYING_SEARCH__URLS='[\"{known['elasticsearch']['url']}\"]'"
        )
    if "postgresql" in known:
        print(f"export HUIYING_STORE__URL={known['postgresql']['url']}")


def main(arguments: list[str]) -> int:
    command, *names = arguments or ["status"]
    if command not in ("start", "stop", "status") or not set(names) <= set(_ALL):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if command == "start":
            start(names or list(_ALL))
        elif command == "stop":
            stop()
        else:
            status()
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
