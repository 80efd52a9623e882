"""Elasticsearch from Maven Central: fetch, unpack, start one node or several.

The distribution used here is the one that Elastic publishes for integration tests: the server without its optional
modules. It needs Java 21 or newer and an ordinary user. Nothing of it is committed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from services.process import Account, ServiceError, account, alive, end, find, free_port, start, wait

VERSION = "9.5.3"
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_OLDEST_JAVA = 21


@dataclass(frozen=True, slots=True)
class Node:
    """A running node."""

    name: str
    url: str
    pid: int

    @property
    def alive(self) -> bool:
        return alive(self.pid)

    def stop(self) -> None:
        end(self.pid)


def java_home() -> Path:
    """A Java of at least 21: ES_JAVA_HOME, JAVA_HOME, or one of the system's."""
    named = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    for home in (*named, *sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)):
        release = home / "release"
        if not release.exists():
            continue
        version = re.search(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8", errors="replace"))
        if version and int(version[1]) >= _OLDEST_JAVA:
            return home
    raise ServiceError(f"没有 Java {_OLDEST_JAVA} 或更新的版本；请安装一个 JDK，并用 ES_JAVA_HOME 指明。")


def fetch(root: Path) -> Path:
    """The unpacked distribution under `root`, downloaded once by Maven."""
    home = root / f"elasticsearch-{VERSION}"
    if (home / "bin" / "elasticsearch").exists():
        return home
    maven = find("mvn", "请先安装：apt-get install -y maven")
    root.mkdir(parents=True, exist_ok=True)
    command = [maven, "-q", "-B", "dependency:copy", f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={root}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    archive = root / f"elasticsearch-{VERSION}.zip"
    if done.returncode or not archive.exists():
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise ServiceError(f"下载 Elasticsearch {VERSION} 失败：{lines[0] if lines else done.returncode}")
    with zipfile.ZipFile(archive) as files:
        files.extractall(root)
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    archive.unlink()
    return home


def start_nodes(root: Path, home: Path, count: int = 1, heap: str = "512m", seconds: float = 180.0) -> list[Node]:
    """Start a cluster of `count` nodes with data under `root`; returns when all have joined."""
    java, who = java_home(), account()
    who.own(root)
    who.can_reach(root)
    who.can_reach(home)
    ports = [(free_port(), free_port()) for _ in range(count)]
    names = [f"node-{number}" for number in range(1, count + 1)]
    for name, (http, transport) in zip(names, ports, strict=True):
        seeds = [f"127.0.0.1:{other}" for _http, other in ports]
        _configure(root / name, home, name, http, transport, seeds, names)
    nodes = [
        Node(name, f"http://127.0.0.1:{http}", _boot(root / name, home, java, heap, who))
        for name, (http, _transport) in zip(names, ports, strict=True)
    ]
    try:
        for node in nodes:
            wait(lambda node=node: _joined(node, count), seconds, root / node.name / "server.log")  # type: ignore[misc]
    except ServiceError:
        for node in nodes:
            node.stop()
        raise
    return nodes


def restart_node(root: Path, home: Path, node: Node, count: int, heap: str = "512m", seconds: float = 400.0) -> Node:
    """Start a stopped node again with the same settings and data."""
    return restart_all(root, home, [node], count, heap, seconds)[0]


def restart_all(
    root: Path, home: Path, nodes: list[Node], count: int = 0, heap: str = "512m", seconds: float = 400.0
) -> list[Node]:
    """Start stopped nodes again, and wait until `count` (these, when 0) have joined."""
    java, who = java_home(), account()
    again = [Node(node.name, node.url, _boot(root / node.name, home, java, heap, who)) for node in nodes]
    for node in again:
        wait(lambda node=node: _joined(node, count or len(again)), seconds, root / node.name / "server.log")  # type: ignore[misc]
    return again


def _configure(
    folder: Path, home: Path, name: str, http: int, transport: int, seeds: list[str], names: list[str]
) -> None:
    config = folder / "config"
    if not config.exists():
        shutil.copytree(home / "config", config)
    settings: dict[str, object] = {
        "cluster.name": "huiying-local",
        "node.name": name,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": "127.0.0.1",
        "http.port": http,
        "transport.port": transport,
        "xpack.security.enabled": False,
        "xpack.security.autoconfiguration.enabled": False,
        # A shared machine's disk may be fuller than a server's should be; these nodes hold little.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }
    if len(names) == 1:
        settings["discovery.type"] = "single-node"
    else:
        settings["discovery.seed_hosts"] = seeds
        settings["cluster.initial_master_nodes"] = names
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items()]
    (config / "elasticsearch.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _boot(folder: Path, home: Path, java: Path, heap: str, who: Account) -> int:
    who.own(folder)
    extra = {
        "ES_JAVA_HOME": str(java),
        "ES_PATH_CONF": str(folder / "config"),
        "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap}",
    }
    log = folder / "server.log"
    log.touch()
    return start([str(home / "bin" / "elasticsearch")], who, folder, extra, log)


def _joined(node: Node, count: int) -> bool:
    if not node.alive:
        raise ServiceError(f"{node.name} 退出了；请看它的 server.log。")
    with urllib.request.urlopen(f"{node.url}/_cluster/health?timeout=1s", timeout=5) as answer:  # noqa: S310
        health = json.load(answer)
    return bool(health["number_of_nodes"] >= count and health["status"] != "red")
