"""PostgreSQL is restarted under a working office: what was under way is done again, nothing is lost."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from benchmarks.crowd import Crowd
from config.settings import AnalysisSettings, Settings, StoreSettings
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.search.port import Query
from pipeline.store.schema.documents import documents
from pipeline.working import Worker, drain_all
from services import postgresql
from services.postgresql import Server
from services.process import ServiceError

pytestmark = [pytest.mark.services, pytest.mark.timeout(280)]


@pytest.fixture
def server() -> Iterator[tuple[Path, Server]]:
    """A PostgreSQL of its own, which the test may stop."""
    root = Path(tempfile.mkdtemp(prefix="huiying-postgres-"))
    root.chmod(0o755)
    try:
        made = postgresql.start_server(root)
    except ServiceError as error:
        shutil.rmtree(root, ignore_errors=True)
        pytest.skip(f"needs postgresql: {error}")
    yield root, made
    postgresql.Server(made.port, int((root / "data" / "postmaster.pid").read_text().split()[0])).stop()
    shutil.rmtree(root, ignore_errors=True)


def test_a_restart_in_the_middle_loses_nothing(server: tuple[Path, Server], tmp_path: Path) -> None:
    root, running = server
    (crowd,) = Crowd(seed=17).days(120)
    settings = Settings(
        data_dir=tmp_path / "data",
        store=StoreSettings(url=running.url()),
        analysis=AnalysisSettings(engine="fast", executor="serial"),
    )
    services = build_services(settings, SteppedClock(crowd[-1].known_at + timedelta(hours=1)))
    services.intake.take(crowd[:60])
    worker = Worker(services)
    worker.step()
    services.intake.take(crowd[60:])
    running.stop()
    with pytest.raises(OperationalError):
        worker.step()
    postgresql.start_server(root, running.port)
    worker.step()
    worker.close()
    drain_all(services)
    with services.store.read() as connection:
        held = {row.id: (row.state, row.tries) for row in connection.execute(select(documents))}
    assert held == {document.id: ("placed", 0) for document in crowd}
    assert services.index().search(Query(limit=0)).total == len(crowd)
    services.close()
