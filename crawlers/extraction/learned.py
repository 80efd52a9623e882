"""Reading a page at learned places (按位置读): verified, else None and the page is read whole.

Half of a page stands behind its article. Where the place of the body can be found in the source as it is, only what comes
before the body's end is parsed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from lxml import etree

from crawlers.extraction.body import body_text, parse, prune, without_extras
from crawlers.extraction.chinese_time import Moment, read_time
from crawlers.extraction.places import Places
from crawlers.extraction.words import bare, flat

_PROSE = 40  # characters
_MARKS = re.compile(r"[，。！？]")
_PLACE = re.compile(r"//(\w+)\[@(id|class)='([^&<>]+)'\]")


@dataclass(slots=True)
class Reading:
    """What was read at learned places; `tree` may end where the body ends."""

    tree: Any
    title: str
    moment: Moment
    body: Any
    words: str


def read_at(source: str, places: Places, fetched_at: datetime | None) -> Reading | None:
    """Read the page `source` at `places`; None when it does not fit: one body with prose, one title that <title> knows, a time."""
    try:
        tree = parse(source)
    except (ValueError, TypeError, AssertionError, etree.LxmlError):
        return None
    bodies, titles = tree.xpath(places.body), tree.xpath(places.title)
    if len(bodies) != 1 or len(titles) != 1:
        return None
    title = flat(_said(titles[0]))
    named = next(tree.iter("title"), None)
    whole = bare((named.text or "") if named is not None else "")
    moment = next(
        (m for found in tree.xpath(places.time)[:2] if (m := read_time(flat(_said(found)), fetched_at))), None
    )
    if not title or moment is None or (bare(title) not in whole and whole not in bare(title)):
        return None
    body = bodies[0]
    prune(body)
    without_extras(body)
    words = body_text(body, title)
    if len(words) < _PROSE or not _MARKS.search(words):
        return None
    return Reading(tree, title, moment, body, words)


def until_its_end(source: str, place: str) -> str:
    """`source` up to the end of the one element at `place`; '' when that cannot be told from the source as it is."""
    match = _PLACE.fullmatch(place)
    if match is None:
        return ""
    tag, key, value = match.groups()
    starts = [at for quoted in (f'"{value}"', f"'{value}'") for at in _tags(source, tag, key, quoted)]
    if len(starts) != 1:
        return ""
    depth = 0
    for found in _nesting(tag).finditer(source, starts[0]):
        if found[1] is not None:
            depth += -1 if found[1] else 1
            if depth == 0:
                return source[: found.start()]
    return ""


def _tags(source: str, tag: str, key: str, quoted: str) -> list[int]:
    """Where tags `tag` begin whose attribute `key` is just `quoted`."""
    starts: list[int] = []
    at = source.find(quoted)
    while at >= 0 and len(starts) < 2:
        begin = source.rfind("<", max(at - 500, 0), at)
        inside = source[begin:at] if begin >= 0 else ""
        if inside[1 : 1 + len(tag)].lower() == tag and inside.rstrip().lower().endswith(f"{key}="):
            starts.append(begin)
        at = source.find(quoted, at + 1)
    return starts


@lru_cache(maxsize=64)
def _nesting(tag: str) -> re.Pattern[str]:
    """Comments and scripts, which are passed over; else an opening (group 1 empty) or closing tag."""
    return re.compile(rf"<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)|<(/?){tag}\b", re.S | re.I)


def _said(found: Any) -> str:
    return found if isinstance(found, str) else "".join(found.itertext())
