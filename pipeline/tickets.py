"""Hotline tickets as exports write them (工单): unit in charge, term, when it was done, how satisfied the caller was. Pure.

A term is a moment, or hours or days from the call. A term in working days is kept as it is written and gives no moment:
which days are working days is not in the export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pipeline.document import Reply, Satisfaction, Ticket

_LONGEST = 200
_TERM = re.compile(r"(\d{1,4})\s*(?:个)?(小时|天|日|自然日)(?:内)?")
_DONE = re.compile(r"(?<!未)(?<!待)(?:办结|办毕|归档|已关闭|已回复|已答复)")
_UNSATISFIED = re.compile(r"不\s*满意|差评|很不满|非常不满")
_HALF = re.compile(r"基本满意|一般|较满意|比较满意")

FIELDS = ("number", "category", "unit", "term", "done_at", "status", "satisfaction")


def ticket_of(
    values: Mapping[str, str], read: Callable[[str], datetime | None], called_at: datetime | None, reply: Reply | None
) -> Ticket | None:
    """The ticket that these `values` (by FIELDS) describe, None when they say nothing but a number.

    `read` makes a moment of what is written, None when it cannot; a reply is the end of handling too.
    """
    said = {name: values.get(name, "").strip()[:_LONGEST] for name in FIELDS}
    if not any(said[name] for name in FIELDS if name != "number"):
        return None
    done_at = read(said["done_at"]) if said["done_at"] else None
    done_at = done_at or (reply.at if reply else None)
    return Ticket(
        number=said["number"],
        category=said["category"],
        unit=said["unit"],
        term=said["term"],
        due_at=due(said["term"], read, called_at),
        done_at=done_at,
        closed=bool(done_at or reply or _DONE.search(said["status"])),
        satisfaction=satisfaction(said["satisfaction"]),
    )


def due(term: str, read: Callable[[str], datetime | None], called_at: datetime | None) -> datetime | None:
    """When a term ends, None when that is not said plainly. A bare day ends with its last minute."""
    if length := _TERM.fullmatch(term):
        step = timedelta(hours=1) if length[2] == "小时" else timedelta(days=1)
        return called_at + int(length[1]) * step if called_at else None
    moment = read(term) if term else None
    if moment is not None and not re.search(r"[:：时]", term):
        return moment + timedelta(days=1) - timedelta(minutes=1)
    return moment


def satisfaction(words: str) -> Satisfaction | None:
    """满意, 基本满意 or 不满意 as the export says it; None when the caller was not asked or did not answer."""
    if _UNSATISFIED.search(words):
        return Satisfaction.UNSATISFIED
    if _HALF.search(words):
        return Satisfaction.HALF
    return Satisfaction.SATISFIED if "满意" in words and "未" not in words else None
