"""Troubles of the machine: a full disk, a locked database, a clock set back, too little memory, a poison document.

After each, nothing is lost, nothing is doubled, and no document is blamed for what the machine did.
"""

from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from benchmarks.crowd import Crowd
from config.settings import AnalysisSettings, Settings
from huiying import build_services
from pipeline import flow
from pipeline.clock import SteppedClock
from pipeline.document import Document
from pipeline.events.stages import StageBook
from pipeline.flow import Flow
from pipeline.search.embedded import EmbeddedIndex
from pipeline.search.indexer import waiting
from pipeline.search.port import IndexedDocument, Query, SearchError
from pipeline.services import Services
from pipeline.store.schema.documents import documents, quarantine
from pipeline.store.schema.events import event_documents
from pipeline.working import Worker, drain_all
from tests.faults import deadly
from tests.faults.killing import state


@pytest.fixture(scope="module")
def crowd() -> list[Document]:
    (day,) = Crowd(seed=5).days(120)
    return day


Build = Callable[..., Services]


@pytest.fixture
def office(tmp_path: Path, crowd: list[Document]) -> Iterator[Build]:
    """Offices with a data folder each, at the end of the crowd's day."""
    opened: list[Services] = []

    def build(name: str = "office", executor: str = "serial") -> Services:
        analysis = AnalysisSettings.model_validate({"engine": "fast", "executor": executor, "workers": 1})
        settings = Settings(data_dir=tmp_path / name, analysis=analysis)
        clock = SteppedClock(max(document.known_at for document in crowd) + timedelta(hours=1))
        opened.append(build_services(settings, clock))
        return opened[-1]

    yield build
    for services in opened:
        services.close()


def states(services: Services) -> dict[str, tuple[str, int]]:
    with services.store.read() as connection:
        rows = connection.execute(select(documents.c.id, documents.c.state, documents.c.tries))
        return {row.id: (row.state, row.tries) for row in rows}


def everything_is_placed_and_found(services: Services, crowd: list[Document]) -> None:
    assert states(services) == {document.id: ("placed", 0) for document in crowd}
    assert {document.id for document in services.index().scan(Query())} == {document.id for document in crowd}


def test_a_full_disk_stops_the_work_and_loses_nothing(office: Build, crowd: list[Document], tmp_path: Path) -> None:
    services = office()
    services.intake.take(crowd)
    limit = [0]

    @event.listens_for(services.store.engine, "begin")
    def _shrink(connection: object) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()  # type: ignore[attr-defined]
        most = pages + limit[0] if limit[0] >= 0 else 2**31 - 2
        connection.exec_driver_sql(f"PRAGMA max_page_count={most}")  # type: ignore[attr-defined]

    worker = Worker(services)
    with pytest.raises(OperationalError, match="full"):
        worker.step()
    worker = Worker(services)
    limit[0] = 40  # a little room, then full again: in the middle of the work
    with pytest.raises(OperationalError, match="full"):
        for _ in range(50):
            worker.step()
            limit[0] = 0
            services.intake.take([replace(crowd[0], id=f"more-{_}", text="x" * 100_000)])
    limit[0] = -1
    worker.close()
    drain_all(services)
    assert {key: value for key, value in states(services).items() if not key.startswith("more")} == {
        document.id: ("placed", 0) for document in crowd
    }


def test_a_full_disk_under_the_index_is_told_and_made_good(tmp_path: Path) -> None:
    index = EmbeddedIndex(tmp_path / "index")
    batch = [
        IndexedDocument(id=f"d{n}", kind=document.kind, text=document.text * 20, at=document.known_at)
        for n, document in enumerate(next(Crowd(seed=6).days(300)))
    ]
    index.add(batch[:1])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SearchError, match="磁盘空间"):
            index.add(batch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert index.count() == 1
    index.add(batch)
    assert index.count() == len(batch)
    index.close()


def test_a_database_locked_for_long_is_told_and_no_document_is_blamed(office: Build, crowd: list[Document]) -> None:
    services = office()
    services.intake.take(crowd)

    @event.listens_for(services.store.engine, "checkout")
    def _impatient(raw: sqlite3.Connection, _record: object, _proxy: object) -> None:
        raw.execute("PRAGMA busy_timeout=100")

    other = sqlite3.connect(services.settings.data_dir / "huiying.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"):
        Worker(services).step()
    assert set(states(services).values()) == {("new", 0)}
    other.execute("ROLLBACK")
    other.close()
    drain_all(services)
    everything_is_placed_and_found(services, crowd)


def test_a_database_locked_for_a_moment_is_waited_for(office: Build, crowd: list[Document]) -> None:
    services = office()
    other = sqlite3.connect(services.settings.data_dir / "huiying.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.5, lambda: other.execute("ROLLBACK")).start()
    services.intake.take(crowd)
    drain_all(services)
    everything_is_placed_and_found(services, crowd)
    other.close()


def test_a_clock_set_back_while_collecting_loses_nothing(office: Build, crowd: list[Document]) -> None:
    services = office()
    half = len(crowd) // 2
    services.intake.take(crowd[half:])
    drain_all(services)
    back = timedelta(hours=5)
    earlier = [replace(document, collected_at=_earlier(document, back)) for document in crowd[:half]]
    services.intake.take(earlier)
    drain_all(services)
    everything_is_placed_and_found(services, crowd)


def assert_bad_is_quarantined_alone(services: Services) -> None:
    """The document "bad" after three tries, and no other blamed."""
    held = states(services)
    assert held.pop("bad") == ("quarantined", 3)
    assert set(held.values()) == {("placed", 0)}


def test_a_poison_document_is_quarantined_with_its_reason_after_three_tries(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "analyse_chunk", deadly.analyse_chunk)
    services = office()
    poison = replace(crowd[50], id="bad", text="poison")
    services.intake.take([*crowd, poison])
    drain_all(services)
    assert_bad_is_quarantined_alone(services)
    with services.store.read() as connection:
        assert connection.execute(select(quarantine.c.document_id, quarantine.c.reason)).all() == [
            ("bad", "RuntimeError: cannot be read")
        ]


def test_a_document_that_kills_its_worker_takes_no_other_with_it(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "analyse_chunk", deadly.analyse_chunk)
    services = office(executor="processes")
    some = crowd[:8]
    services.intake.take([*some, replace(some[4], id="bad", text="deadly")])
    drain_all(services)
    assert_bad_is_quarantined_alone(services)


def test_a_document_that_needs_more_memory_than_its_worker_may_have_is_quarantined_alone(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "analyse_chunk", deadly.analyse_chunk)
    services = office(executor="processes")
    some = crowd[:8]
    services.intake.take([*some, replace(some[4], id="bad", text="greedy")])
    drain_all(services)
    assert_bad_is_quarantined_alone(services)
    with services.store.read() as connection:
        assert connection.execute(select(quarantine.c.reason)).scalar_one().startswith("MemoryError")


@pytest.mark.parametrize(
    "trouble", [MemoryError(), OSError("no space"), OperationalError("insert", {}, Exception("server closed"))]
)
def test_what_the_machine_lacks_while_placing_is_no_documents_fault(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    services = office()
    services.intake.take(crowd[:8])
    worker = Worker(services)

    def lacking(*_arguments: object) -> None:
        raise trouble

    with monkeypatch.context() as short:
        short.setattr(StageBook, "observe", lacking)
        for _ in range(4):
            with pytest.raises(type(trouble)):
                worker.step()
    worker.close()
    drain_all(services)
    assert states(services) == {document.id: ("placed", 0) for document in crowd[:8]}


def test_a_failure_while_placing_changes_no_answer(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is rebuilt from the store: an office that stumbled ends as one that never did."""
    smooth, stumbling = office("smooth"), office("stumbling")
    (stumbling.settings.data_dir / "keys").mkdir()
    smooth.intake.take(crowd)
    for key in (smooth.settings.data_dir / "keys").iterdir():
        (stumbling.settings.data_dir / "keys" / key.name).write_bytes(key.read_bytes())
    stumbling.intake.take(crowd)
    drain_all(smooth)
    real, failures = flow.documents.mark_placed, iter((True, False, True))

    def stumble(*arguments: object) -> None:
        if next(failures, False):
            raise OperationalError("stumble", {}, Exception("the connection is gone"))
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(flow.documents, "mark_placed", stumble)
    for _ in range(5):
        try:
            Flow(stumbling, keep=lambda _: True).drain(stumbling.clock.now())  # it leads: no replay
        except OperationalError:
            continue
    drain_all(stumbling)
    assert state(stumbling.settings.data_dir) == state(smooth.settings.data_dir)
    with smooth.store.read() as connection:
        assert len(connection.execute(select(event_documents)).all()) == len(crowd)


def test_an_index_that_is_down_does_not_hold_up_the_flow(
    office: Build, crowd: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = office()
    services.intake.take(crowd)
    worker = Worker(services)
    with monkeypatch.context() as down:
        down.setattr(services.index(), "add", _refuse)
        worker.step()
        assert set(states(services).values()) == {("placed", 0)}
        with services.store.read() as connection:
            assert waiting(connection) == len(crowd)
    worker.step()
    worker.close()
    everything_is_placed_and_found(services, crowd)


def _refuse(_documents: list[IndexedDocument]) -> None:
    raise SearchError("连不上")


def _earlier(document: Document, by: timedelta) -> datetime:
    return document.known_at - by
