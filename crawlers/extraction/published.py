"""When a page was published (发布时间): the government's tag, what is shown near the headline, machine-readable times.

A day that is shown may be made exact by a machine-readable time of that same day, never moved to another day.
A shown time without its year takes the year of a machine-readable time close to it, else of the address, else it is the
last before the visit. What stands after the body must name its year: there are the times of comments and of other articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from crawlers.extraction.address import anchored, latest_of
from crawlers.extraction.chinese_time import Moment, read_time, read_times
from pipeline.clock import SHANGHAI

_GOVERNMENT = ("pubdate", "publishdate", "pubtime")
_META = (
    "article:published_time", "datepublished", "publishtime", "publish-date", "publish_time", "weibo: article:create_at", "og:release_date",
    "og:published_time", "dc.date", "dc.date.issued", "firstpublishedtime", "_pubtime",
)  # fmt: skip
_ITEM = "//*[@itemprop='datePublished']/@datetime | //*[@itemprop='datePublished']/@content"
_LATE = ("dateupdate", "lastmodified", "og:updated_time", "article:modified_time", "weibo: article:update_at")
_LABELLED = re.compile(
    r"(?:发布|发表|发稿|发文|成文|更新|上传|添加|录入|刊发|日期|时间)[^\d]{0,8}([\d〇零一二三四五六七八九十].{0,30})"
)
_SCRIPTED = re.compile(r"""[:=]\s*["']?(20\d\d[-/.]\d\d?[-/.]\d\d?(?:[T ]\d\d:\d\d(?::\d\d)?)?|1\d{12}|1\d{9})(?!\d)""")
_KEY = re.compile(
    r"""(?<![A-Za-z])((?:date_?)?pub(?:lish)?(?:ed)?_?(?:at|time|date|timestamp)?|datePublished|p_?time|news_?(?:time|date)|post_?time|release_?time|issue_?time"""
    r"""|display_?time|show_?time|input_?time|add_?time|send_?time|online_?time|create_?(?:time|d_?at|date)|c_?time|ct)["']?\s*$""",
    re.I,
)
_LONGEST_KEY = 40  # characters before the time
_SECONDARY = re.compile(r"^c", re.I)  # creation: of the page's own record, or of a comment


def published(
    meta: dict[str, str], head: str, foot: str, text: str, tree: Any, fetched_at: datetime | None, url: str
) -> Moment | None:
    """What the page says of its time. `head`: what is shown from the headline to the body; `foot`: what follows the body; `text`: the whole source."""
    government = _of(meta, _GOVERNMENT, fetched_at)
    if government is not None and government.precision in ("minute", "second"):
        return government
    shown = _shown(head, fetched_at, None) or government or _labelled(foot, None)
    if shown is not None and shown.complete and shown.precision in ("minute", "second"):
        return shown
    machine = list(_machine(meta, text, tree, fetched_at))
    if shown is None:
        latest = fetched_at or latest_of(url) or _latest(machine, foot, text)
        shown = _shown(head, fetched_at, latest)
    if shown is None:
        return next(iter(machine), None)
    if not shown.complete:
        near = [
            moment
            for moment in machine
            if abs(moment.at - shown.at) < timedelta(hours=36) or _same_clock(moment, shown)
        ]
        return near[0] if near else anchored(shown, url)
    if shown.precision in ("minute", "second"):
        return shown
    return next((m for m in machine if m.at.date() == shown.at.date() and m.precision in ("minute", "second")), shown)


def _shown(head: str, fetched_at: datetime | None, latest: datetime | None) -> Moment | None:
    """The time near the headline: a labelled one, exact before bare days; with `latest`, also one without its year."""
    if latest is None:
        found = [
            moment
            for moment in (_labelled(head, fetched_at), *read_times(head, fetched_at))
            if moment and moment.complete
        ]
    else:
        loose = [
            m for m in read_times(head, latest) if m.precision == "minute" or head[m.start] in "今昨前" or m.start == 0
        ]
        found = [moment for moment in (_labelled(head, latest), *loose) if moment]
    return next((moment for moment in found if moment.precision in ("minute", "second")), found[0] if found else None)


def _labelled(text: str, now: datetime | None) -> Moment | None:
    told = (read_time(match.group(1), now) for match in _LABELLED.finditer(text))
    found = [moment for moment in told if moment is not None and moment.start == 0]  # not 发布5G芯片 2019-09-06
    return next((moment for moment in found if moment.precision in ("minute", "second")), found[0] if found else None)


def _machine(meta: dict[str, str], text: str, tree: Any, fetched_at: datetime | None) -> Iterator[Moment]:
    """Machine-readable times, the most telling first."""
    found = [_of(meta, _META, fetched_at)]
    found += [read_time(str(value), fetched_at) for value in tree.xpath(_ITEM)[:2]]
    scripted = sorted(_scripted(text), key=lambda told: bool(_SECONDARY.match(told[0])))
    found += [read_time(time, fetched_at) for _, time in scripted[:6]]
    found += [read_time(str(value), fetched_at) for value in tree.xpath("//time/@datetime")[:2]]
    found.append(_of(meta, _LATE, fetched_at))
    return (moment for moment in found if moment is not None and moment.complete)


def _scripted(text: str) -> Iterator[tuple[str, str]]:
    """Keys of publish times and their values in scripts. A value is looked for first: there are few."""
    for match in _SCRIPTED.finditer(text):
        if key := _KEY.search(text, max(match.start() - _LONGEST_KEY, 0), match.start()):
            yield key[1], match[1]


def _of(meta: dict[str, str], names: tuple[str, ...], now: datetime | None) -> Moment | None:
    return next((moment for name in names if name in meta and (moment := read_time(meta[name], now)) is not None), None)


def _latest(machine: list[Moment], foot: str, text: str) -> datetime | None:
    """When the moment of the visit is unknown: the latest time that the page itself names (the end of that day or year)."""
    named = [moment.at for moment in (*machine, *read_times(foot[-3000:]))]
    if named:
        return max(named) + timedelta(days=1)
    years = [int(year) for year in re.findall(r"(?:©|&copy;|[Cc]opyright)[^<]{0,40}?(20\d\d)(?!\d)", text)]
    return datetime(max(years), 12, 31, 23, 59, tzinfo=SHANGHAI) if years else None


def _same_clock(one: Moment, other: Moment) -> bool:
    return other.precision in ("minute", "second") and (one.at.month, one.at.day, one.at.hour, one.at.minute) == (
        other.at.month, other.at.day, other.at.hour, other.at.minute,
    )  # fmt: skip
