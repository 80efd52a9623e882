"""What is collected is kept once, counters grow as observations, personal names stop at the door."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Counts, Document, Kind, Observation
from pipeline.intake import Intake, derived_id
from pipeline.store import documents
from pipeline.store.engine import Store
from pipeline.store.pseudonyms import Pseudonyms

AT = datetime(2026, 3, 15, 3, 0, tzinfo=SHANGHAI)
POST = Document(
    "p1", "恒泰新材料起火了", Kind.WEIBO, author="海边的风", published_at=AT, collected_at=AT, counts=Counts(reposts=1)
)


@pytest.fixture
def intake(store: Store, clock: SteppedClock, tmp_path: Path) -> Intake:
    return Intake(store, clock, Pseudonyms(tmp_path / "keys"))


def test_taking_a_document_twice_adds_nothing(intake: Intake) -> None:
    assert intake.take([POST]).new == 1
    assert intake.take([POST, POST]) == documents.Saved(0, 0, 2)


def test_the_same_id_seen_later_with_other_counters_is_an_observation(intake: Intake, store: Store) -> None:
    later = replace(POST, collected_at=AT + timedelta(hours=1), counts=Counts(reposts=9))
    assert intake.take([POST, later]).observed == 1
    assert intake.take([replace(later, collected_at=AT + timedelta(hours=2))]).repeated == 1
    with store.read() as connection:
        assert documents.get(connection, "p1").counts.reposts == 1  # type: ignore[union-attr]
        kept = documents.judged(connection, ["p1"])
    assert kept == {}


def test_a_deletion_is_recorded_and_the_document_stays(intake: Intake, store: Store) -> None:
    intake.take([POST])
    with store.write() as connection:
        assert documents.observe(connection, Observation("p1", AT + timedelta(hours=5), Counts(), deleted=True))
        assert documents.get(connection, "p1") is not None


def test_an_author_is_one_pseudonym_within_a_month_and_another_in_the_next(intake: Intake, store: Store) -> None:
    other = replace(POST, id="p2")
    next_month = replace(POST, id="p3", collected_at=AT + timedelta(days=31), published_at=AT + timedelta(days=31))
    intake.take([POST, other, next_month])
    with store.read() as connection:
        names = [documents.get(connection, key).author for key in ("p1", "p2", "p3")]  # type: ignore[union-attr]
    assert names[0] == names[1] != names[2]
    assert "海边的风" not in names


def test_a_destroyed_month_cannot_be_linked_again(tmp_path: Path) -> None:
    names = Pseudonyms(tmp_path)
    before = names.of("海边的风", AT)
    assert names.destroy_before("2026-04") == ["2026-03"]
    assert names.of("海边的风", AT) != before


def test_key_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    Pseudonyms(tmp_path).of("海边的风", AT)
    assert (tmp_path / "2026-03.key").stat().st_mode & 0o777 == 0o600


def test_a_document_that_fails_three_times_is_quarantined_with_its_reason(intake: Intake, store: Store) -> None:
    intake.take([POST])
    with store.write() as connection:
        assert [documents.failed(connection, "p1", AT, "坏") for _ in range(3)] == [False, False, True]
        assert documents.unanalysed(connection, 10) == []


def test_a_derived_id_depends_on_kind_source_and_address() -> None:
    assert derived_id(Kind.NEWS, "澜州日报", "http://a/1") == derived_id("news", "澜州日报", "http://a/1")
    assert derived_id(Kind.NEWS, "澜州日报", "http://a/1") != derived_id(Kind.NEWS, "澜州日报", "http://a/2")
