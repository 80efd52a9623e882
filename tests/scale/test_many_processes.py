"""Many pipeline processes on one store: nothing twice, nothing lost, a dead leader followed.

How soon is arithmetic on an explicit clock: tests/pipeline/test_flow.py. Here the waits only end what would hang.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks.crowd import Crowd
from config.settings import AnalysisSettings, Settings
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.document import Document
from pipeline.search.port import Query
from pipeline.services import Services
from pipeline.store.engine import Store
from pipeline.store.schema.documents import documents
from pipeline.store.schema.events import alerts, changes, event_documents
from pipeline.store.schema.leases import leases
from pipeline.working import LEASE

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
from datetime import UTC, datetime, timedelta
from huiying import build_services
from config.settings import load_settings
from pipeline.working import Worker

class Off:
    def now(self): return datetime.now(UTC) + timedelta(seconds=float(sys.argv[1]))

services = build_services(load_settings(), Off())
worker = Worker(services)
while True:
    worker.step()
    time.sleep(0.05)
"""


class Pipelines:
    """Processes that all try to lead, with clocks seconds apart."""

    def __init__(self, folder: Path, url: str) -> None:
        self._environment = os.environ | {
            "HUIYING_DATA_DIR": str(folder),
            "HUIYING_STORE__URL": url,
            "HUIYING_ANALYSIS__ENGINE": "fast",
            "HUIYING_ANALYSIS__EXECUTOR": "serial",
            "PYTHONPATH": str(ROOT),
        }
        self._log = (folder / "pipelines.log").open("ab")
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, clock_off: float) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(clock_off)],
            cwd=ROOT,
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )
        self.running[str(process.pid)] = process

    def kill(self, pid: str) -> None:
        process = self.running.pop(pid)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for pid in list(self.running):
            self.kill(pid)
        self._log.close()


@pytest.fixture(params=["store", pytest.param("postgres_store", marks=pytest.mark.services)])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    store: Store = request.getfixturevalue(request.param)
    url = store.engine.url.render_as_string(hide_password=False)
    settings = Settings(
        data_dir=tmp_path / "data",
        store=Settings().store.model_copy(update={"url": url}),
        analysis=AnalysisSettings(engine="fast", executor="serial"),
    )
    made = build_services(settings, SteppedClock(crowd()[-1].known_at + timedelta(hours=1)))
    yield made
    made.close()


def crowd() -> list[Document]:
    (day,) = Crowd(seed=13).days(150)
    return day


def leader(services: Services) -> str:
    """The process id of whoever leads the flow; '' = nobody."""
    with services.store.read() as connection:
        holder = connection.execute(select(leases.c.holder).where(leases.c.name == LEASE)).scalar_one_or_none()
    return holder.split(":")[1] if holder else ""


def wait_until(ready: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.1)


@pytest.mark.timeout(280)
def test_two_who_would_lead_and_one_who_dies_do_everything_once(services: Services) -> None:
    batch = crowd()
    url = services.store.engine.url.render_as_string(hide_password=False)
    pipelines = Pipelines(services.settings.data_dir, url)
    try:
        pipelines.start(+3)
        pipelines.start(-4)
        services.intake.take(batch[:75])
        wait_until(lambda: leader(services) in pipelines.running, 60)
        services.intake.take(batch[75:])
        dead = leader(services)
        pipelines.kill(dead)
        wait_until(lambda: leader(services) in pipelines.running, 120)
        wait_until(lambda: placed(services) == len(batch), 120)
        wait_until(lambda: services.index().search(Query(limit=0)).total == len(batch), 90)
    finally:
        pipelines.close()
    with services.store.read() as connection:
        once = connection.execute(select(func.count()).select_from(event_documents)).scalar_one()
        assert once == len(batch)
        tries = connection.execute(select(func.max(documents.c.tries))).scalar_one()
        assert tries == 0
        opened = connection.execute(select(changes.c.event_id).where(changes.c.what == "opened")).scalars().all()
        assert len(opened) == len(set(opened))
        fired = connection.execute(select(changes.c.subject).where(changes.c.what == "fired")).scalars().all()
        assert len(fired) == len(set(fired))
        assert len(connection.execute(select(alerts.c.id)).all()) >= len(set(fired))


def placed(services: Services) -> int:
    with services.store.read() as connection:
        return int(
            connection.execute(
                select(func.count()).select_from(documents).where(documents.c.state == "placed")
            ).scalar_one()
        )
