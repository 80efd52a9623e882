"""The flow answers as living through it does: for any chunk, any restart, any cut of the past."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

import huiying
import pipeline.flow
from config.settings import AnalysisSettings, Settings
from demo.documents import documents, observations
from demo.truth import truth_of
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Document
from pipeline.flow import Flow
from pipeline.services import Services
from pipeline.store import documents as stored
from pipeline.store import events, leases
from pipeline.store.documents import observe
from pipeline.timeline import write_assignments, write_timeline
from pipeline.working import LASTING, LEASE, Worker, drain_all
from pipeline.working_loop import REST

STORIES = ("fire",)
CUT = datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI)


def _told() -> list[Document]:
    return [d for d in documents() if (truth := truth_of(d)) and truth.storyline in STORIES and d.kind != "video"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., Services]]:
    """Makes an office with a data folder of its own, a stepped clock and the fast engine in this process."""
    opened: list[Services] = []

    def make(name: str, now: datetime = CUT) -> Services:
        settings = Settings(data_dir=tmp_path / name, analysis=AnalysisSettings(engine="fast", executor="serial"))
        opened.append(huiying.build_services(settings, SteppedClock(now)))
        return opened[-1]

    yield make
    for services in opened:
        services.close()


def _lived(services: Services, until: datetime | None = None) -> list[str]:
    """Take the stories (up to a moment) with their later counters, drain, and answer the timeline's lines."""
    told = [d for d in _told() if until is None or d.known_at < until]
    services.intake.take(told)
    ids = {d.id for d in told}
    with services.store.write() as connection:
        for seen in observations():
            if seen.document_id in ids and (until is None or seen.at < until):
                observe(connection, seen)
    Flow(services).drain()
    return _timeline(services)


def _timeline(services: Services) -> list[str]:
    out = io.StringIO()
    write_timeline(services.store, out)
    return out.getvalue().splitlines()


def test_half_of_the_past_gives_exactly_the_lines_before_the_cut(office: Callable[..., Services]) -> None:
    whole = _lived(office("whole"))
    half = _lived(office("half"), CUT)
    before = [line for line in whole if datetime.fromisoformat(json.loads(line)["at"]) < CUT]
    assert len(half) > 20
    assert half == before[: len(half)]
    assert all(json.loads(line)["at"] >= json.loads(half[-1])["at"] for line in before[len(half) :])


def test_a_process_that_starts_anew_for_every_chunk_gives_the_same_result(
    office: Callable[..., Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = office("steady")
    lines = _lived(steady)
    monkeypatch.setattr(pipeline.flow, "PLACING_CHUNK", 17)
    dying = office("dying")
    dying.intake.take(_told())
    ids = {d.id for d in _told()}
    with dying.store.write() as connection:
        for seen in observations():
            if seen.document_id in ids:
                observe(connection, seen)
    while Flow(dying).step():
        pass
    assert _timeline(dying) == lines
    results = []
    for services in (steady, dying):
        out = io.StringIO()
        write_assignments(services.store, out)
        results.append(out.getvalue())
    assert results[0] == results[1]


def test_history_imported_late_is_judged_and_shown_and_starts_nothing(office: Callable[..., Services]) -> None:
    services = office("late", datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI))
    told = [d for d in _told() if d.known_at < CUT]
    services.intake.take(told)
    drain_all(services)
    with services.store.read() as connection:
        lines = len(list(events.journal(connection)))
    year_before = timedelta(days=365)
    old = [
        replace(d, id=f"old-{d.id}", published_at=(d.published_at or CUT) - year_before, collected_at=None)
        for d in told
    ]
    services.intake.take(old)
    drain_all(services)
    with services.store.read() as connection:
        later = [change for number, change in events.journal(connection) if number > lines]
        placed = dict(events.assignments(connection))
    assert {placed[d.id] for d in old}.isdisjoint(placed[d.id] for d in told)
    assert not [change for change in later if change.type == "case"]


def test_a_document_that_cannot_be_analysed_goes_to_quarantine_and_stops_nothing(
    office: Callable[..., Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = office("poison")
    told = [replace(d, id=f"d{n}") for n, d in enumerate(_told()[:6])]
    real = pipeline.flow.analyse_chunk

    def analyse(district: object, engine: str, chunk: list[Document]) -> object:
        if any(d.id == "d3" for d in chunk):
            raise ValueError("坏文档")
        return real(district, engine, chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline.flow, "analyse_chunk", analyse)
    services.intake.take(told)
    Flow(services).drain()
    with services.store.read() as connection:
        assert [key for key, _ in events.assignments(connection)] == ["d0", "d1", "d2", "d4", "d5"]
        assert not stored.are_waiting(connection)


def test_a_dead_leader_is_followed_within_ten_seconds(office: Callable[..., Services]) -> None:
    """By the store's own clock, with the rest that a stand-by takes between two looks."""
    services = office("two")
    if not services.store.is_sqlite:
        pytest.skip("needs SQLite: PostgreSQL's own clock is not ours to set")
    first, second = Worker(services), Worker(services)
    services.intake.take(_told()[:3])
    with time_machine.travel(CUT, tick=False) as present:
        assert first.step() > 0  # and dies: it gives nothing back
        services.intake.take(_told()[3:5])
        while second.step() == 0:
            present.shift(REST)
            assert datetime.now(UTC) - CUT < timedelta(seconds=10)
        assert datetime.now(UTC) - CUT > LASTING - timedelta(seconds=REST)


def test_a_leader_that_was_paused_while_another_led_writes_nothing_from_memory(office: Callable[..., Services]) -> None:
    services = office("two")
    first, second = Worker(services), Worker(services)
    services.intake.take(_told()[:3])
    assert first.step() > 0
    remembered = first.flow
    with services.store.write() as connection:  # its time is up
        leases.give_back(connection, LEASE, first.holder)
    services.intake.take(_told()[3:5])
    assert second.step() > 0
    second.close()
    with services.store.write() as connection:
        assert not first.hold(connection)
    services.intake.take(_told()[5:7])
    assert first.step() > 0
    assert first.flow is not remembered
    first.close()


def test_only_one_worker_leads_and_the_other_takes_over(office: Callable[..., Services]) -> None:
    services = office("two")
    first, second = Worker(services), Worker(services)
    services.intake.take(_told()[:3])
    assert first.step() > 0
    services.intake.take(_told()[3:5])
    assert second.step() == 0
    first.close()
    assert second.step() > 0
    second.close()
