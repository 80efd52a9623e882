"""The coverage ledger: expected, received, missing and back-filled add up; silent is told from quiet."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from crawlers import ledger
from crawlers.ledger import HOUR, RunFacts, Silence
from crawlers.troubles import Reason
from pipeline.clock import parse_time
from pipeline.document import Document
from pipeline.store.ledger import HourEntry

NOON = parse_time("2026-03-16 12:00")  # a Monday
DAY = timedelta(days=1)


def _past(a_day, days, end=NOON):
    """A source that brings `a_day` documents each day at ten o'clock."""
    return [
        HourEntry("s", ledger.hour_of(end - day * DAY).replace(hour=2), received=a_day, runs=1)
        for day in range(1, days + 1)
    ]


def _run(at=NOON, **values):
    given = {"source_id": "s", "at": at, "failed": False, "reason": None, "new": [], "newly_missed": [], "had_after_all": [],
             "looked_last": at - HOUR, "looks_every": HOUR} | values  # fmt: skip
    return RunFacts(**given)


def _document(at):
    return Document(id=str(at), text="x", published_at=at)


@given(st.integers(0, 50), st.integers(3, 14))
def test_the_profile_expects_over_a_week_about_what_a_week_brought(a_day, days):
    profile = ledger.profile(_past(a_day, days), NOON - days * DAY, NOON)
    week = ledger.expected_between(profile, NOON, NOON + 7 * DAY)
    assert 0.4 * 7 * a_day - 1 <= week <= 1.6 * 7 * a_day + 1


def test_the_profile_knows_the_hour_of_the_day():
    profile = ledger.profile(_past(24, 10), NOON - 10 * DAY, NOON)
    assert ledger.expected(profile, parse_time("2026-03-17 10:00")) > 10
    assert ledger.expected(profile, parse_time("2026-03-17 03:00")) < 0.5


def test_a_first_day_is_not_expected_to_be_as_busy_at_night():
    profile = ledger.profile(_past(24, 1), NOON - 2 * DAY, NOON)
    assert ledger.expected(profile, parse_time("2026-03-17 03:00")) < ledger.expected(
        profile, parse_time("2026-03-17 15:00")
    )


@given(st.lists(st.integers(0, 200), max_size=30))
def test_every_new_document_is_received_or_backfilled_once(hours_ago):
    new = [_document(NOON - timedelta(hours=hours, minutes=3)) for hours in hours_ago]
    entries = ledger.entered({}, _run(new=new, looked_last=NOON - 3 * DAY), (), 0)
    assert sum(entry.received + entry.backfilled for entry in entries) == len(new)
    assert sum(entry.runs for entry in entries) == 1
    assert all(entry.missing >= 0 for entry in entries)


def test_what_was_published_while_nobody_looked_is_backfilled():
    profile = ledger.profile(_past(24, 10), NOON - 10 * DAY, NOON)
    late = _document(NOON - timedelta(hours=5))
    entries = {
        e.hour: e for e in ledger.entered({}, _run(new=[late], looked_last=NOON - timedelta(hours=12)), profile, 0)
    }
    hour = entries[ledger.hour_of(late.published_at)]
    assert (hour.received, hour.backfilled) == (0, 1)


def test_an_hour_in_which_nobody_looked_lacks_what_was_expected():
    profile = ledger.profile(_past(24, 10), NOON - 10 * DAY, NOON)
    entries = {e.hour: e for e in ledger.entered({}, _run(looked_last=NOON - timedelta(hours=6)), profile, 0)}
    at_ten = entries[parse_time("2026-03-16 10:00")]
    assert at_ten.missing > 10
    assert at_ten.reason == "not_run"
    seamless = {
        e.hour: e
        for e in ledger.entered(entries, _run(looked_last=NOON - timedelta(hours=6), seamless=True), profile, 0)
    }
    assert all(entry.missing == 0 for entry in seamless.values())


def test_a_page_had_after_all_is_no_longer_missing():
    hour = ledger.hour_of(NOON)
    first = {e.hour: e for e in ledger.entered({}, _run(newly_missed=[Reason.TIMEOUT, Reason.SERVER]), (), 0)}
    assert first[hour].missing == 2
    second = {e.hour: e for e in ledger.entered(first, _run(had_after_all=[hour]), (), 0)}
    assert second[hour].missing == 1


def _silence(hours, lacking, longest=timedelta(0), past=10 * DAY):
    return Silence(NOON - timedelta(hours=hours), timedelta(hours=hours), lacking, longest, past)


def test_silent_needs_unlikely_and_longer_than_ever_and_a_past():
    enough = math.log(1000) + 0.1
    assert _silence(12, enough).unlikely
    assert not _silence(12, enough - 0.2).unlikely, "quiet, not silent"
    assert not _silence(12, enough, longest=timedelta(hours=9)).unlikely, "it has been as quiet before"
    assert not _silence(12, enough, past=2 * DAY).unlikely, "too young to judge"


def test_health_breaks_after_three_failures_or_two_that_stay():
    assert ledger.judge(2, Reason.TIMEOUT, "", "ok", None).state == "ok"
    assert ledger.judge(3, Reason.TIMEOUT, "", "ok", None).state == "broken"
    assert ledger.judge(2, Reason.LOGIN, "", "ok", None).state == "broken"
    assert ledger.judge(4, Reason.TIMEOUT, "", "broken", None).state == "broken"
    assert ledger.judge(0, None, "", "broken", None).state == "ok"
    silent = ledger.judge(0, None, "", "ok", _silence(12, 9))
    assert silent.state == "silent"
    assert "按往常应有约 9 条" in silent.reason


@given(st.integers(0, 400), st.floats(0.05, 24))
def test_unseen_hours_are_whole_past_and_bounded(hours, every):
    found = ledger.unseen_hours(NOON - timedelta(hours=hours), NOON, timedelta(hours=every))
    assert all(hour < ledger.hour_of(NOON) and hour == ledger.hour_of(hour) for hour in found)
    assert len(found) <= 14 * 24
    if hours <= 2 * every + 1:
        assert found == []


def test_the_longest_quiet_is_between_documents_not_up_to_now():
    past = [HourEntry("s", NOON - timedelta(hours=hours), received=1) for hours in (90, 80, 40)]
    assert ledger.longest_quiet(past) == timedelta(hours=40)
