"""How a post's counters grow: quickly at first, slowly later, hardly at night. The same moment always gives the same number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.clock import shanghai
from pipeline.document import Counts

# How awake the city is in each hour of the day: 1 = an ordinary working hour.
_AWAKE = (
    0.25,
    0.15,
    0.12,
    0.12,
    0.12,
    0.2,
    0.5,
    0.9,
    1.0,
    1.0,
    1.0,
    1.1,
    1.3,
    1.1,
    0.9,
    0.9,
    1.0,
    1.1,
    1.3,
    1.4,
    1.5,
    1.5,
    1.2,
    0.6,
)


@dataclass(frozen=True, slots=True)
class Growth:
    """The counters a post ends with, and `hours`: the waking hours until 63 % of them are there. None = not shown."""

    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    reads: int | None = None
    hours: float = 6.0


def waking_hours(start: datetime, end: datetime) -> float:
    """Hours between two moments, each hour weighed by how awake the city is; 0 when `end` is not after `start`."""
    moment, total = shanghai(start), 0.0
    last = shanghai(end)
    while moment < last:
        turn = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        step = min(turn, last)
        total += _AWAKE[moment.hour] * (step - moment).total_seconds() / 3600
        moment = step
    return total


def grown(growth: Growth, published: datetime, at: datetime) -> Counts:
    """The counters as shown at `at`: final * (1 - exp(-waking hours / hours)), rounded down; never falls."""
    share = 1.0 - math.exp(-waking_hours(published, at) / growth.hours)

    def now(final: int | None) -> int | None:
        return None if final is None else math.floor(final * share)

    return Counts(now(growth.likes), now(growth.reposts), now(growth.comments), now(growth.reads))
