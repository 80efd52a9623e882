"""How often to look (采集间隔): from what the source really publishes, between its own bounds. Pure functions.

The rate of new documents is aged twice, over an hour and over half a day; the greater rules, so that a source that starts
to speak is heard soon and one that falls quiet is left alone slowly. The interval aims at half a new document a visit.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawlers.source import Interval

FAST_HOURS = 1.0
SLOW_HOURS = 12.0
AIM = 0.5  # new documents a visit
JITTER = 0.1  # share of the interval by which sources are spread, so that they do not march in step
REVISITS = tuple(timedelta(hours=h) for h in (1, 6, 24, 72, 168))


@dataclass(frozen=True, slots=True)
class Rate:
    """New documents an hour, aged over an hour and over half a day."""

    fast: float = 0.0
    slow: float = 0.0


def aged(rate: Rate, hours: float, new: int) -> Rate:
    """The rate after `hours` in which `new` documents came."""

    def one(value: float, over: float) -> float:
        kept = math.exp(-max(hours, 0.0) / over)
        return value * kept + new / over

    return Rate(one(rate.fast, FAST_HOURS), one(rate.slow, SLOW_HOURS))


def interval(rate: Rate, bounds: Interval) -> timedelta:
    """The time until the next visit, within the source's bounds."""
    fastest = max(rate.fast, rate.slow)
    minutes = bounds.max_minutes if fastest <= 0 else 60 * AIM / fastest
    return timedelta(minutes=min(max(minutes, bounds.min_minutes), bounds.max_minutes))


def counted_from(due: datetime, now: datetime, pause: timedelta) -> datetime:
    """Where the next pause begins: at the due time, so that small delays do not add up; at `now` after a long delay."""
    return due if timedelta(0) <= now - due <= pause * JITTER else now


def after_failure(failures: int, bounds: Interval, asked_wait: float = 0.0) -> timedelta:
    """Back-off: the shortest interval doubled with each failure in a row, or what the server asked for when longer."""
    minutes = min(bounds.min_minutes * 2 ** min(failures, 10), bounds.max_minutes)
    return max(timedelta(minutes=minutes), timedelta(seconds=asked_wait))


def spread(source_id: str, due: datetime, by: timedelta) -> timedelta:
    """A share of `by` between -JITTER and +JITTER, fixed for the source and the moment."""
    number = int.from_bytes(hashlib.blake2b(f"{source_id}@{due.isoformat()}".encode(), digest_size=4).digest())
    return by * (JITTER * (2 * number / 0xFFFFFFFF - 1))


def next_look(first_at: datetime, now: datetime) -> datetime | None:
    """When a document's page is worth another look: at fixed ages, then no more."""
    return next((first_at + age for age in REVISITS if first_at + age > now), None)
