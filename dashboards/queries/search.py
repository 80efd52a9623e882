"""检索: one question to the index, two statements to the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.document import Secrecy
from pipeline.search.indexer import waiting
from pipeline.search.port import FACETS, All, Hits, Interval, Node, Query, Sort, Within
from pipeline.search.query import parse, resolve_stages
from pipeline.search.stages import events_in
from pipeline.services import Services

PAGE = 20
ALL_MARKS: tuple[Secrecy, ...] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, and what the asker must know of it."""

    hits: Hits
    ignored: tuple[str, ...]
    behind: int
    interval: Interval


def question(
    services: Services, text: str, marks: tuple[Secrecy, ...] | None = ALL_MARKS
) -> tuple[Query, tuple[str, ...]]:
    """The question that people typed, ready for the index. QueryError says what is wrong with it."""
    parsed = parse(text, services.clock.now())
    with services.store.read() as connection:
        where = resolve_stages(parsed.where, lambda stages: events_in(connection, stages))
    return Query(where, marks=marks), parsed.ignored


def read(services: Services, text: str, sort: Sort, page: int, marks: tuple[Secrecy, ...] | None = ALL_MARKS) -> Found:
    """One page with facets and a histogram: by the hour when the time asked for is short."""
    asked, ignored = question(services, text, marks)
    interval = Interval.HOUR if _span(asked.where, services.clock.now()) <= timedelta(days=3) else Interval.DAY
    asked = replace(asked, sort=sort, limit=PAGE, offset=page * PAGE, facets=FACETS, facet_size=8, histogram=interval)
    hits = services.index().search(asked)
    with services.store.read() as connection:
        behind = waiting(connection)
    return Found(hits, ignored, behind, interval)


def _span(node: Node, now: datetime) -> timedelta:
    match node:
        case Within(since, until) if since is not None:
            return (until or now) - since
        case All(parts):
            return min((_span(part, now) for part in parts), default=timedelta.max)
        case _:
            return timedelta.max


def with_filter(text: str, field: str, value: str) -> str:
    """The same question with one more filter, or without it when it is there already."""
    quoted = f'"{value}"' if any(char.isspace() or char in ',，()（）|"' for char in value) else value
    part = f"{field}:{quoted}"
    words = text.split(" ")
    if part in words:
        return " ".join(word for word in words if word != part).strip()
    return f"{text} {part}".strip()


FIELD_NAMES: Mapping[str, str] = {
    "kind": "类别", "source": "信源", "sentiment": "情感", "topic": "主题", "place": "地点", "department": "部门", "scope": "范围",
}  # fmt: skip
