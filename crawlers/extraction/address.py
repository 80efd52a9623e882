"""What an address says of its page's time (网址里的日期): /2026/0315/…, /202603/t20260315_81.html, /art/2026/3/15/….

A time that the page shows without its year (3月15日 07:20) has the year of the address; what the page shows of a visit
long ago (昨天 10:20 on a saved page) has its day.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from crawlers.extraction.chinese_time import Moment
from pipeline.clock import SHANGHAI

_DATE = re.compile(
    r"(?<!\d)(20[0-3]\d)(?:[-/_.]?(0[1-9]|1[0-2]|[1-9](?=[-/_.]))(?:[-/_.]?(0[1-9]|[12]\d|3[01]|[1-9](?!\d)))?)?(?!\d)"
)
_NEAR = timedelta(days=7)  # from writing to publishing


def day_of(url: str, latest: datetime | None) -> Moment | None:
    """The day that the address names; None when it names none, or one after `latest`."""
    year, month, day = _named(url)
    if not day:
        return None
    try:
        at = datetime(year, month, day, tzinfo=SHANGHAI)
    except ValueError:
        return None
    return None if latest is not None and at > latest else Moment(at, "day", 0, True)


def anchored(shown: Moment, url: str) -> Moment:
    """`shown` with the year, or the day, that its address names; as it is when it is complete or the address is silent."""
    if shown.complete:
        return shown
    year, month, _ = _named(url)
    if not year:
        return shown
    told = day_of(url, None)
    if shown.relative:
        return shown if told is None or abs(shown.at - told.at) <= _NEAR else _on_its_day(shown, told)
    moved = _in_year(shown, year)
    if not month:
        return moved or shown
    if told is None:
        return moved if moved is not None and moved.at.month in (month, month % 12 + 1) else shown
    for near in (_in_year(shown, year + step) for step in (0, -1, 1)):
        if near is not None and abs(near.at - told.at) <= _NEAR:
            return near
    return _on_its_day(shown, told)


def latest_of(url: str) -> datetime | None:
    """A moment after everything that a page at this address may have shown when it was new."""
    year, month, day = _named(url)
    if not year:
        return None
    try:
        return datetime(year, month or 12, day or 28, 23, 59, tzinfo=SHANGHAI) + (
            _NEAR if day or month else timedelta(3)
        )
    except ValueError:
        return None


def _on_its_day(shown: Moment, told: Moment) -> Moment:
    if shown.precision not in ("minute", "second"):
        return told
    return replace(shown, at=datetime.combine(told.at.date(), shown.at.timetz()), complete=True)


def _named(url: str) -> tuple[int, int, int]:
    """Year, month and day in the address's path, the most exact and last; 0 where it is silent."""
    best = (0, 0, 0)
    for match in _DATE.finditer(urlsplit(url).path):
        found = tuple(int(part or 0) for part in match.groups())
        if sum(map(bool, found)) >= sum(map(bool, best)):
            best = (found[0], found[1], found[2])
    return best


def _in_year(shown: Moment, year: int) -> Moment | None:
    try:
        return replace(shown, at=shown.at.replace(year=year), complete=True)
    except ValueError:  # 29 February
        return None
