"""Knowing what was missed (覆盖台账): expected, received, missing, back-filled, by source and hour. Pure functions.

expected   documents in an hour, from the source's own past: mean of the same hour of working days (or week-ends),
           drawn towards its overall mean by the common rhythm of a day (_RHYTHM) by a weight of two days
missing    an hour that was not looked at (run failed, or none): expected minus what came, nothing once a later visit
           has read every list back to what was known; a page that could not be had: one
silent     runs go well, yet nothing new for so long that its own past (three days at least) makes it unlikely:
           exp(-expected) < 1/1000, and half as long again as its longest quiet until now
broken     three failed runs in a row; two when the reason will not mend itself (log-in, captcha, 403, redesigned, robots)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from crawlers.troubles import IN_CHINESE, Reason
from pipeline.clock import shanghai
from pipeline.document import Document
from pipeline.store.ledger import HourEntry

HOUR = timedelta(hours=1)
PAST = timedelta(days=14)
ENOUGH_PAST = timedelta(days=3)
_WEIGHT_DAYS = 2.0
_QUIET_FACTOR = 1.5
# How public posting spreads over a day, 0 to 23 o'clock, mean 1: a start that a source's own past soon overrules.
_RHYTHM = (
    0.35,
    0.2,
    0.12,
    0.08,
    0.08,
    0.15,
    0.4,
    0.8,
    1.2,
    1.4,
    1.4,
    1.3,
    1.25,
    1.25,
    1.35,
    1.4,
    1.4,
    1.4,
    1.35,
    1.4,
    1.45,
    1.4,
    1.15,
    0.72,
)
_SILENT_FROM = math.log(1000)
_STAYS = {Reason.LOGIN, Reason.CAPTCHA, Reason.FORBIDDEN, Reason.REDESIGNED, Reason.ROBOTS}


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: ok, broken or silent; `reason` in words."""

    state: str
    reason: str = ""


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def slot(hour: datetime) -> int:
    """0-23 on working days, 24-47 at week-ends, by the office's clock."""
    local = shanghai(hour)
    return local.hour + (24 if local.weekday() >= 5 else 0)


def profile(past: Iterable[HourEntry], start: datetime, end: datetime) -> tuple[float, ...]:
    """Documents an hour in each of the 48 slots, from the ledger of `start` to `end`; hours not looked at say nothing."""
    got = {entry.hour: entry for entry in past}
    sums, days = [0.0] * 48, [0] * 48
    hour = hour_of(start)
    while hour < end:
        entry = got.get(hour)
        if entry is None or not entry.missing:
            sums[slot(hour)] += entry.received + entry.backfilled if entry else 0
            days[slot(hour)] += 1
        hour += HOUR
    seen = sum(days[n] * _RHYTHM[n % 24] for n in range(48))
    overall = sum(sums) / seen if seen else 0.0
    return tuple((sums[n] + _WEIGHT_DAYS * overall * _RHYTHM[n % 24]) / (days[n] + _WEIGHT_DAYS) for n in range(48))


def longest_quiet(past: Iterable[HourEntry]) -> timedelta:
    """The longest stretch between two documents in the ledger; the one that lasts still is not among them."""
    hours = sorted(entry.hour for entry in past if entry.received + entry.backfilled)
    return max((after - before for before, after in pairwise(hours)), default=timedelta(0))


def expected(profile_: Sequence[float], hour: datetime, per_day_min: float = 0.0) -> float:
    """Documents to be expected in an hour; at least the source's own minimum."""
    known = profile_[slot(hour)] if profile_ else 0.0
    return max(known, per_day_min / 24)


def expected_between(profile_: Sequence[float], start: datetime, end: datetime, per_day_min: float = 0.0) -> float:
    """Documents to be expected from `start` to `end`, parts of hours in proportion."""
    total, hour = 0.0, hour_of(start)
    while hour < end:
        share = (min(hour + HOUR, end) - max(hour, start)) / HOUR
        total += expected(profile_, hour, per_day_min) * share
        hour += HOUR
    return total


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What one run contributes to the ledger."""

    source_id: str
    at: datetime
    failed: bool
    reason: Reason | None
    new: Sequence[Document]
    newly_missed: Sequence[Reason]
    had_after_all: Sequence[datetime]  # hours in which these pages were missed
    looked_last: datetime | None  # the last good look before this run
    looks_every: timedelta
    seamless: bool = False  # it read back to what was known: nothing slipped through since the last look


def entered(
    known: Mapping[datetime, HourEntry], run: RunFacts, profile_: Sequence[float], per_day_min: float
) -> list[HourEntry]:
    """The ledger's hours after a run: those it brought documents of, its own, and those that nobody looked at."""
    touched: dict[datetime, HourEntry] = {}

    def at(hour: datetime) -> HourEntry:
        if hour not in touched:
            entry = known.get(hour) or HourEntry(run.source_id, hour, expected(profile_, hour, per_day_min))
            touched[hour] = entry
        return touched[hour]

    gap = unseen_hours(run.looked_last, run.at, run.looks_every)
    for document in run.new:
        hour = _publication_hour(document, run.at)
        entry = at(hour)
        late = hour in gap or entry.failed > 0 or entry.missing >= 0.5
        touched[hour] = replace(entry, received=entry.received + (not late), backfilled=entry.backfilled + late)
    for hour in run.had_after_all:
        entry = at(hour)
        touched[hour] = replace(entry, missing=max(entry.missing - 1, 0.0))
    own = at(hour_of(run.at))
    reason = run.reason.value if run.reason else ""
    touched[own.hour] = replace(
        own,
        runs=own.runs + 1,
        failed=own.failed + run.failed,
        missing=own.missing + len(run.newly_missed),
        reason=reason or (own.reason if own.missing else ""),
    )
    for hour in gap:
        entry = at(hour)
        lacking = 0.0 if run.seamless else max(entry.expected - entry.received - entry.backfilled, 0.0)
        why = "" if run.seamless else entry.reason or reason or Reason.NOT_RUN.value
        touched[hour] = replace(entry, missing=lacking, reason=why)
    if run.seamless:
        for hour, entry in known.items():
            between = run.looked_last is not None and hour_of(run.looked_last) <= hour < own.hour
            if between and entry.reason and entry.missing < 0.5:
                touched[hour] = replace(touched.get(hour, entry), reason="")
    return [touched[hour] for hour in sorted(touched)]


def unseen_hours(looked_last: datetime | None, now: datetime, looks_every: timedelta) -> list[datetime]:
    """Whole hours that passed since the last good look, when that was longer ago than the source's pace explains."""
    if looked_last is None or now - looked_last <= 2 * looks_every + HOUR:
        return []
    first = max(hour_of(looked_last) + HOUR, hour_of(now) - PAST)
    return [first + n * HOUR for n in range(int((hour_of(now) - first) / HOUR))]


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a source has been without anything new, against its own past."""

    since: datetime
    lasting: timedelta
    lacking: float  # documents that were to be expected meanwhile
    longest: timedelta  # its longest quiet before
    past: timedelta  # how much past there is to judge by

    @property
    def unlikely(self) -> bool:
        return (
            self.past >= ENOUGH_PAST and self.lacking >= _SILENT_FROM and self.lasting >= _QUIET_FACTOR * self.longest
        )


def judge(failures: int, reason: Reason | None, detail: str, before: str, silence: Silence | None) -> Health:
    """The health after a run; `before`: the health until now."""
    if failures:
        enough = 2 if reason in _STAYS else 3
        if failures >= enough or before == "broken":
            words = IN_CHINESE[reason] if reason else "采集失败"
            return Health("broken", f"连续 {failures} 次采集失败：{detail or words}")
        return Health(before)
    if silence is not None and silence.unlikely:
        since = f"{shanghai(silence.since):%m月%d日%H:%M}"
        return Health("silent", f"采集正常，但自 {since} 起没有新内容，按往常应有约 {silence.lacking:.0f} 条")
    return Health("ok")


def _publication_hour(document: Document, now: datetime) -> datetime:
    moment = document.published_at
    if moment is None or moment > now or moment < now - PAST:
        moment = now
    return hour_of(moment)
