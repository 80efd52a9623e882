"""Killing a replay again and again, and comparing what it ends with."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

import pipeline.store.schema  # noqa: F401  fills the metadata
from pipeline.document import Document
from pipeline.store.engine import Store, metadata, sqlite_url

PATIENCE = 300.0  # seconds in which a replay gets to where it is to be killed, on a busy machine
ROOT = Path(__file__).resolve().parents[2]
# Rows that say who works, not what is; and digests of events, kept ready for pages and made anew whenever there is time.
PASSING = {"leases", "event_digests"}
BY_LOT = {"salt", "content_digest", "digest", "previous"}  # the case history's salts, and what is hashed with them
SALTED = {"case_entries", "case_head"}


def write_documents(documents: Sequence[Document], file: Path) -> None:
    """Documents as the public JSON lines."""
    with file.open("w", encoding="utf-8") as lines:
        for document in documents:
            row: dict[str, Any] = {"id": document.id, "text": document.text, "kind": document.kind}
            row |= {"source": document.source, "title": document.title, "author": document.author, "url": document.url}
            row |= {"published_at": _iso(document.published_at), "collected_at": _iso(document.collected_at)}
            row |= {"likes": document.counts.likes, "reposts": document.counts.reposts, "repost_of": document.repost_of}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


class Replay:
    """`huiying replay` in a folder of its own, as a process that can be killed."""

    def __init__(self, source: Path, folder: Path, executor: str) -> None:
        self.folder = folder
        self._command = [sys.executable, str(ROOT / "huiying.py"), "replay", "--in", str(source)]
        self._command += ["--out", str(folder.with_suffix(".timeline")), "--data-dir", str(folder), "--resume"]
        self._command += ["--engine", "fast"]
        self._environment = os.environ | {"HUIYING_ANALYSIS__EXECUTOR": executor, "HUIYING_ANALYSIS__WORKERS": "2"}
        self._environment["HUIYING_CONFIG"] = str(folder.with_suffix(".toml"))
        folder.with_suffix(".toml").touch()

    def start(self) -> subprocess.Popen[bytes]:
        log = self.folder.with_suffix(".log").open("ab")
        with log:
            return subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def finish(self) -> None:
        """Run to the end; AssertionError with what it said when it fails."""
        code = self.start().wait(timeout=3000)
        assert code == 0, self.folder.with_suffix(".log").read_text(encoding="utf-8")[-2000:]

    def progress(self) -> int:
        """Documents analysed so far, and once more those placed."""
        database = self.folder / "huiying.db"
        if not database.exists():
            return 0
        try:
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                count = (
                    "select coalesce(sum(case state when 'placed' then 2 when 'analysed' then 1 end), 0) from documents"
                )
                return int(connection.execute(count).fetchone()[0])
        except sqlite3.OperationalError:  # it is being made
            return 0

    def killed(self, chance: random.Random, goal: int) -> bool:
        """Run and kill the whole group, or one process of it: just after `goal` steps of progress are made, or, when they
        were made before, at a random moment of starting and remembering. True when something was killed."""
        behind = self.progress() >= goal
        process = self.start()
        deadline = time.monotonic() + (chance.uniform(0.2, 5.0) if behind else PATIENCE)
        while time.monotonic() < deadline and process.poll() is None and (behind or self.progress() < goal):
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))
        members = group(process.pid)
        struck = process.poll() is None and bool(members)
        if struck:
            victims = members if chance.random() < 0.7 else [chance.choice(members)]
            for pid in victims:
                _kill(pid)
            if process.pid not in victims:  # a worker died: the rest goes on for a while, then goes too
                time.sleep(chance.uniform(0.1, 1.0))
        for pid in group(process.pid):
            _kill(pid)
        process.wait()
        return struck


def group(leader: int) -> list[int]:
    """The living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def same_keys(source: Path, target: Path) -> None:
    """Give another replay the same keys for authors, so that their pseudonyms can be compared."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / "keys", target / "keys")


def state(folder: Path) -> dict[str, list[Any]]:
    """Everything that the store holds, in an order of its own: what must not depend on who died when."""
    store = Store(sqlite_url(folder / "huiying.db"))
    made: dict[str, list[Any]] = {}
    with store.read() as connection:
        for table in metadata.sorted_tables:
            if table.name not in PASSING:
                left_out = {"number", "stored_at"} | (BY_LOT if table.name in SALTED else set())
                columns = [column for column in table.columns if column.name not in left_out]
                rows = connection.execute(select(*columns)).all()
                made[table.name] = sorted(json.dumps(list(row), default=str, ensure_ascii=False) for row in rows)
    store.close()
    return made


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
