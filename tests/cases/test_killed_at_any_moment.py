"""kill -9 at fifty random moments: no step of a case is lost, none is doubled, the chain holds (断电不丢不重)."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import signal
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

from sqlalchemy import Connection

from pipeline.cases.desk import Desk
from pipeline.cases.facts import read_action
from pipeline.cases.history import verify
from pipeline.store import case_changes, cases
from pipeline.store.engine import Store, sqlite_url

from .conftest import FIRE, make_alert, make_state

KILLS = 50
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["hypothesis", "pytest", "pipeline.cases.desk", "pipeline.store.migrate", "pipeline.services"]
)
Step = tuple[datetime, Callable[[Desk, Connection, datetime], None]]


def act(person: str, kind: str, **fields: object) -> Callable[[Desk, Connection, datetime], None]:
    """A person asks for an action; after a crash he looks first whether it is there already."""

    def do(desk: Desk, connection: Connection, at: datetime) -> None:
        (row,) = cases.listed(connection)
        if any(e.at == at and e.by == person and e.fact.kind == kind for e in cases.entries(connection, row.id)):
            return
        who = desk.office(connection).directory.get(person)
        desk.act(connection, row.id, read_action({"kind": kind, **fields}), who, at)

    return do


def alert(level: int) -> Callable[[Desk, Connection, datetime], None]:
    def do(desk: Desk, connection: Connection, at: datetime) -> None:
        desk.open_for_alert(connection, make_alert(at, level), make_state(at), at)

    return do


def tick(desk: Desk, connection: Connection, at: datetime) -> None:
    desk.tick(connection, at)


def story() -> list[Step]:
    def at(hours: float) -> datetime:
        return FIRE + timedelta(hours=hours)

    due = at(3).isoformat()
    consequences = {"spread": "谣言", "gathering": "集聚", "hot": "质疑"}
    steps: list[Step] = [
        (at(0.2), alert(2)),
        *[(at(0.3 + n / 6), tick) for n in range(4)],
        (at(1.1), act("tao_ran", "acknowledged")),
        (at(1.2), act("fang_yi", "class_set", legal_class="major", reason="达到标准")),
        (
            at(1.3),
            act(
                "tao_ran",
                "assessed",
                verified=["起火"],
                demands=["伤亡"],
                consequences=consequences,
                opinion_kind="重大问题",
            ),
        ),
        (at(1.4), act("fang_yi", "decided", decision="answer", reason="必须回应")),
        (at(1.5), alert(1)),
        (at(1.6), act("tao_ran", "assigned", unit="区应急管理局", asked="核实", due=due)),
        *[(at(1.7 + n / 3), tick) for n in range(8)],
        (
            at(4.4),
            act("ming_ce", "instructed", leader="lu_zhiming", text="全力处置", unit="沙洲镇", due=at(9).isoformat()),
        ),
        (at(4.5), act("qin_wan", "drafted", paper="statement", text="通报", secrecy="public")),
        *[(at(5 + n), tick) for n in range(30)],
    ]
    return steps


def live(desk: Desk, path: Path, started: Event | None = None) -> None:
    if started:
        started.set()
    store = Store(sqlite_url(path))
    for at, step in story():
        with store.write() as connection:
            step(desk, connection, at)
    store.close()


def outcome(path: Path) -> list[tuple[str, str, str]]:
    store = Store(sqlite_url(path))
    with store.read() as connection:
        proof = verify(cases.chain(connection), cases.head(connection))
        assert proof.holds, proof.findings
        rows = case_changes.changes_since(connection, FIRE - timedelta(days=9))
        found = sorted((row.id, row.kind, row.text) for row in rows)
    store.close()
    return found


def test_fifty_kills_lose_nothing_and_double_nothing(desk: Desk, migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "undisturbed.db")
    begun = time.monotonic()
    live(desk, tmp_path / "undisturbed.db")
    lasted = time.monotonic() - begun
    expected = outcome(tmp_path / "undisturbed.db")
    assert len(expected) > 15
    rng = random.Random(20261124)
    kills = lives = 0
    while kills < KILLS:
        lives += 1
        path = tmp_path / f"life{lives}.db"
        shutil.copy(migrated, path)
        spared = lasted / 2
        while not killed_or_done(desk, path, rng.uniform(0, spared)):
            kills += 1
            spared *= 1.1  # a life is spared ever longer, or on a busy machine it would not get past its start again
        assert outcome(path) == expected


def killed_or_done(desk: Desk, path: Path, after: float) -> bool:
    """Let a process live on from what is stored; kill -9 after a while. True when it was done before.

    A clean process does the forking: the test runner itself has threads, of which a fork takes only halves of.
    """
    started = FORKS.Event()
    child = FORKS.Process(target=live, args=(desk, path, started), daemon=True)
    child.start()
    assert started.wait(60), "the process did not start"
    time.sleep(after)
    child.kill()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL), f"the process failed by itself: {child.exitcode}"
    return child.exitcode == 0
