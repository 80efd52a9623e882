"""Feedback: only what people said is counted, each person's latest word, and missed ones count against recall."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.alerts.feedback import FeedbackRefused, RuleRecord, Verdict, records, say, say_missed
from pipeline.document import Alert
from pipeline.store import alerts
from pipeline.store.engine import Store
from tests.events.growth import NIGHT


@pytest.fixture
def told(store: Store) -> Store:
    with store.write() as connection:
        for number in range(4):
            alert = Alert(f"a{number}", "local-hot", NIGHT, 2, "", f"事件{number}", "…", event_id=f"e{number}")
            alerts.save(connection, alert)
    return store


def record(store: Store, days: int = 30) -> RuleRecord:
    with store.read() as connection:
        return next(r for r in records(connection, NIGHT + timedelta(days=1), days) if r.rule == "local-hot")


def test_an_alert_without_a_word_is_neither_right_nor_wrong(told: Store) -> None:
    found = record(told)
    assert (found.raised, found.precision, found.recall) == (4, None, None)
    assert "尚无人评价" in found.words


def test_precision_and_recall_come_from_what_people_said(told: Store) -> None:
    with told.write() as connection:
        say(connection, "a0", Verdict.USEFUL, "gu_lan", NIGHT)
        say(connection, "a1", Verdict.USEFUL, "gu_lan", NIGHT)
        say(connection, "a2", Verdict.FALSE_ALARM, "gu_lan", NIGHT, "演练")
        say_missed(connection, "e9", "fang_yi", NIGHT, rule="local-hot")
    found = record(told)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)


def test_the_latest_word_of_a_person_counts(told: Store) -> None:
    with told.write() as connection:
        say(connection, "a0", Verdict.FALSE_ALARM, "gu_lan", NIGHT)
        say(connection, "a0", Verdict.USEFUL, "gu_lan", NIGHT + timedelta(hours=1))
    assert (record(told).useful, record(told).false_alarms) == (1, 0)


def test_two_people_who_agree_count_once(told: Store) -> None:
    with told.write() as connection:
        say(connection, "a0", Verdict.USEFUL, "gu_lan", NIGHT)
        say(connection, "a0", Verdict.USEFUL, "fang_yi", NIGHT)
    assert record(told).useful == 1


def test_old_words_leave_the_thirty_days(told: Store) -> None:
    with told.write() as connection:
        say(connection, "a0", Verdict.USEFUL, "gu_lan", NIGHT - timedelta(days=60))
    assert record(told).useful == 0


def test_an_unknown_alert_and_a_misplaced_verdict_are_refused(told: Store) -> None:
    with told.write() as connection:
        with pytest.raises(FeedbackRefused, match="没有编号"):
            say(connection, "nope", Verdict.USEFUL, "gu_lan", NIGHT)
        with pytest.raises(FeedbackRefused, match="事件页"):
            say(connection, "a0", Verdict.SHOULD_HAVE_BEEN_TOLD, "gu_lan", NIGHT)
