"""What has had its time is forgotten everywhere, and what a case rests on stays (到期清理)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Row, func, select, update

import huiying
from config.settings import AnalysisSettings, RetentionSettings, Settings
from demo.documents import documents as demo_documents
from demo.truth import truth_of
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Document, Kind
from pipeline.retention import Forgetting, Forgotten, forget, limits
from pipeline.search.port import Query
from pipeline.search.query import parse
from pipeline.services import Services
from pipeline.store import expiry
from pipeline.store.schema.cases import cases
from pipeline.store.schema.documents import analyses, documents, pending_index
from pipeline.store.schema.events import alerts, changes, event_documents, events
from pipeline.store.schema.notices import outbox
from pipeline.working import Worker, drain_all

LIVED = datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI)


def told(*stories: str) -> list[Document]:
    every = [d for d in demo_documents() if d.known_at < LIVED]
    return [d for d in every if (truth := truth_of(d)) and truth.storyline in stories]


def opened(folder: Path, clock: SteppedClock) -> Services:
    settings = Settings(data_dir=folder, analysis=AnalysisSettings(engine="fast", executor="serial"))
    return huiying.build_services(settings, clock)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that has lived the fire (which has a case) and the festival (which has none)."""
    folder = tmp_path_factory.mktemp("lived")
    services = opened(folder, SteppedClock(LIVED))
    services.intake.take(told("fire", "festival"))
    drain_all(services)
    services.close()
    return folder


@pytest.fixture
def office(lived: Path, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A copy of that office, with its clock."""
    shutil.copytree(lived, tmp_path, dirs_exist_ok=True)
    clock = SteppedClock(LIVED)
    services = opened(tmp_path, clock)
    yield SimpleNamespace(services=services, clock=clock)
    services.close()


def count(services: Services, table: object) -> int:
    with services.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def of_cases(services: Services) -> set[str]:
    """Documents of events that have a case."""
    with services.store.read() as connection:
        named = select(cases.c.event_id)
        query = select(event_documents.c.document_id).where(event_documents.c.event_id.in_(named))
        return set(connection.execute(query).scalars())


def stored(services: Services) -> set[str]:
    with services.store.read() as connection:
        return set(connection.execute(select(documents.c.id)).scalars())


def found(services: Services, words: str) -> int:
    return services.index().search(Query(parse(words, LIVED).where)).total


def round_of(services: Services) -> Forgotten:
    """One daily round, to its end."""
    forgetting, total = Forgetting(services), Forgotten()
    while step := forgetting.step(lambda _: True):
        total = Forgotten(total.documents + step.documents, total.events + step.events, total.notices + step.notices)
    return total


def test_nothing_goes_before_its_time(office: SimpleNamespace) -> None:
    before = stored(office.services)
    office.clock.advance(timedelta(days=59))
    assert not round_of(office.services)
    assert stored(office.services) == before


def test_after_its_time_everything_goes_but_what_a_case_rests_on(office: SimpleNamespace) -> None:
    services = office.services
    held = of_cases(services)
    assert 0 < len(held) < len(stored(services))
    with services.store.write() as connection:
        sent = connection.execute(update(outbox).values(state="sent")).rowcount
    office.clock.advance(timedelta(days=1100))
    total = round_of(services)
    assert total.documents
    assert total.events
    assert stored(services) == held
    drain_all(services)  # the index follows
    assert count(services, analyses) == len(held) == services.index().count()
    assert count(services, pending_index) == 0
    with services.store.read() as connection:
        left = set(connection.execute(select(events.c.id)).scalars())
        assert set(connection.execute(select(event_documents.c.event_id)).scalars()) <= left
        for table in (changes, alerts):
            assert set(connection.execute(select(table.c.event_id)).scalars()) <= left | {""}
    assert total.notices == sent > 0
    (record,) = _rounds(services)
    assert (record.documents, record.events, record.notices) == (total.documents, total.events, total.notices)
    assert record.ended_at is not None


def test_once_the_case_is_destroyed_its_documents_follow(office: SimpleNamespace) -> None:
    services = office.services
    office.clock.advance(timedelta(days=1100))
    round_of(services)
    with services.store.write() as connection:
        connection.execute(update(cases).values(purged_at=office.clock.now()))
    office.clock.advance(timedelta(days=1))
    round_of(services)
    drain_all(services)
    assert stored(services) == set()
    assert found(services, "火") == 0
    assert count(services, events) == 0


def test_kinds_have_their_own_limits(office: SimpleNamespace) -> None:
    at = LIVED
    found = limits(RetentionSettings(posts_days=60, letters_days=90, news_days=70), at)
    assert {kind: (at - limit).days for kind, limit in found.items()} == {
        Kind.NEWS: 70, Kind.WEIBO: 60, Kind.WECHAT: 60, Kind.FORUM: 60, Kind.VIDEO: 60,
        Kind.MESSAGE: 90, Kind.HOTLINE: 90, Kind.DISCLOSURE: 90,
    }  # fmt: skip
    with office.services.store.read() as connection:
        due = expiry.next_documents(connection, found | {Kind.WEIBO: at + timedelta(days=1)}, 1000)
        kinds = set(connection.execute(select(documents.c.kind).where(documents.c.id.in_(due))).scalars())
    assert kinds == {Kind.WEIBO}


def test_history_imported_today_is_kept_from_today_on(office: SimpleNamespace) -> None:
    services = office.services
    old = Document(
        id="letter-2019", kind=Kind.MESSAGE, title="拆迁补偿", text="拆迁补偿款一直没有发",
        published_at=datetime(2019, 5, 1, tzinfo=SHANGHAI),
    )  # fmt: skip
    services.intake.take([old])
    drain_all(services)
    office.clock.advance(timedelta(days=1))
    round_of(services)
    assert "letter-2019" in stored(services)


def test_the_keys_of_forgotten_months_are_destroyed(office: SimpleNamespace, tmp_path: Path) -> None:
    assert (tmp_path / "keys" / "2026-03.key").exists()
    office.clock.advance(timedelta(days=1200))
    round_of(office.services)
    assert not list((tmp_path / "keys").glob("2026-*.key"))


def test_a_round_killed_half_way_goes_on_where_it_was(office: SimpleNamespace) -> None:
    services = office.services
    office.clock.advance(timedelta(days=1100))
    everything = stored(services)
    with services.store.write() as connection:
        assert forget(connection, services.settings.retention, office.clock.now(), batch=5).documents == 5
    assert len(stored(services)) == len(everything) - 5
    round_of(services)
    assert stored(services) == of_cases(services)
    assert not round_of(services), "one round a day"


def test_who_does_not_lead_forgets_nothing(office: SimpleNamespace) -> None:
    before = stored(office.services)
    office.clock.advance(timedelta(days=1100))
    assert not Forgetting(office.services).step(lambda _: False)
    assert stored(office.services) == before


def test_a_process_that_stands_by_forgets_nothing(office: SimpleNamespace) -> None:
    services = office.services
    before = stored(services)
    leading, standing_by = Worker(services), Worker(services)
    leading.step()
    assert standing_by.step() == 0
    office.clock.advance(timedelta(days=1100))
    assert not Forgetting(services).step(standing_by.hold)
    assert stored(services) == before
    assert Forgetting(services).step(leading.hold)
    for worker in (leading, standing_by):
        worker.close()


def test_the_flow_goes_on_after_a_round(office: SimpleNamespace) -> None:
    services = office.services
    office.clock.advance(timedelta(days=1100))
    round_of(services)
    new = Document(id="new", kind=Kind.WEIBO, text="柳渡镇柳东村又停水了", published_at=office.clock.now())
    services.intake.take([new])
    drain_all(services)
    assert found(services, "停水") == 1


def _rounds(services: Services) -> list[Row[Any]]:
    with services.store.read() as connection:
        return list(expiry.rounds(connection))
