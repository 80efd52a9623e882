"""The question in tantivy's terms: what must match, and what is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import starmap
from typing import Any

import tantivy
from tantivy import Occur

from pipeline.clock import SHANGHAI, shanghai
from pipeline.search.port import (
    All,
    Bar,
    FacetCount,
    Field,
    InStage,
    Interval,
    Node,
    Not,
    OneOf,
    Query,
    SearchError,
    Some,
    Within,
    Words,
    highest,
    order_bound,
)

_TITLE_WEIGHT = 2.0
_FACETS_READ = 2_000  # values read per facet before the largest are taken
_DAYS_READ = 40_000  # days of fifty years, negative or not
_MANY = 2_000  # documents beyond which the newest are looked for in the newest bars only
_APART = "\x1f"  # between packed values
_PACKED = {Field.PLACE: "place_set", Field.DEPARTMENT: "department_set"}


def to_query(schema: tantivy.Schema, node: Node) -> tantivy.Query:
    """What must match. Only words are scored; filters never change the order by relevance."""
    match node:
        case Words(words):
            return _words(schema, words)
        case OneOf(field, values):
            return _unscored(_one_of(schema, field, values))
        case Within(since, until):
            return _unscored(_within(schema, since, until))
        case Not():
            return _all(schema, (node,))
        case All(parts):
            return _all(schema, parts)
        case Some(parts):
            return tantivy.Query.boolean_query([(Occur.Should, to_query(schema, part)) for part in parts])
        case InStage():
            raise SearchError("检索式里的“阶段”要先换成事件；请从检索页或 huiying search 检索。")


def _all(schema: tantivy.Schema, parts: tuple[Node, ...]) -> tantivy.Query:
    """Only NOTs, or nothing at all, say what is unwanted: everything else is then wanted."""
    clauses = [
        (Occur.MustNot, to_query(schema, part.part)) if isinstance(part, Not) else (Occur.Must, to_query(schema, part))
        for part in parts
    ]
    if all(isinstance(part, Not) for part in parts):
        clauses.append((Occur.Must, _unscored(tantivy.Query.all_query())))
    return tantivy.Query.boolean_query(clauses)


def _one_of(schema: tantivy.Schema, field: Field, values: tuple[str, ...]) -> tantivy.Query:
    if field is Field.TOPIC:  # the first-level name or the finer one
        either = [(Occur.Should, _terms(schema, name, values)) for name in ("topic", "topic_sub")]
        return tantivy.Query.boolean_query(either)
    return _terms(schema, field.value, values)


def _within(schema: tantivy.Schema, since: datetime | None, until: datetime | None) -> tantivy.Query:
    if since is None and until is None:
        return tantivy.Query.all_query()
    low = order_bound(since) if since else None
    high = order_bound(until) if until else None
    return tantivy.Query.range_query(schema, "order", tantivy.FieldType.Integer, low, high, include_upper=high is None)


def _words(schema: tantivy.Schema, words: tuple[str, ...]) -> tantivy.Query:
    made = []
    for name, weight in (("title", _TITLE_WEIGHT), ("text", 1.0)):
        single = len(words) == 1
        term = tantivy.Query.term_query(schema, name, words[0], "freq") if single else None
        query = term or tantivy.Query.phrase_query(schema, name, list(words))
        made.append((Occur.Should, tantivy.Query.boost_query(query, weight)))
    return tantivy.Query.boolean_query(made)


def _terms(schema: tantivy.Schema, name: str, values: tuple[str, ...]) -> tantivy.Query:
    if not values:
        return tantivy.Query.empty_query()
    if len(values) == 1:
        return tantivy.Query.term_query(schema, name, values[0], "basic")
    return tantivy.Query.term_set_query(schema, name, list(values))


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


# ---------------------------------------------------------------------- counting
@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted over all that match; `total` is None when nothing that counts every document was asked for."""

    facets: dict[Field, tuple[FacetCount, ...]]
    bars: tuple[Bar, ...]
    total: int | None


def pack(values: tuple[str, ...]) -> str:
    """Several values as one: a column with one value a document is counted four times as fast."""
    return _APART + _APART.join(sorted(set(values)))


def day_key(at: datetime, negative: bool) -> str:
    """Shanghai's day and whether the document is negative, as one value: 2026-03-15-."""
    return shanghai(at).date().isoformat() + ("-" if negative else "+")


def aggregate(searcher: tantivy.Searcher, asked: tantivy.Query, query: Query) -> Counted:
    """The facets and the histogram that the query wants, over all that match."""
    wanted: dict[str, Any] = {facet.value: _by_value(_PACKED.get(facet, facet.value)) for facet in query.facets}
    if query.histogram is Interval.HOUR:
        wanted["bars"] = {
            "date_histogram": {"field": "at", "fixed_interval": "1h", "min_doc_count": 1},
            "aggs": {"negative": {"sum": {"field": "negative"}}},
        }
    elif query.histogram is Interval.DAY:
        wanted["bars"] = _by_value("day", _DAYS_READ)
    if not wanted:
        return Counted({}, (), None)
    counted = searcher.aggregate(asked, wanted)
    facets = {
        facet: highest(_counts(searcher, asked, facet, counted[facet.value]), query.facet_size)
        for facet in query.facets
    }
    if query.histogram is None:
        return Counted(facets, (), None)
    buckets = counted["bars"]["buckets"]
    bars = _hours(buckets) if query.histogram is Interval.HOUR else _days(buckets)
    return Counted(facets, bars, sum(bar.count for bar in bars))


def newest(bars: tuple[Bar, ...], wanted: int) -> datetime | None:
    """Since when the `wanted` newest documents were published, by whole bars; None when looking at all costs as little."""
    if sum(bar.count for bar in bars) < max(_MANY, 2 * wanted):
        return None
    for bar in reversed(bars):
        wanted -= bar.count
        if wanted <= 0:
            return bar.at
    return None


def _by_value(field: str, size: int = _FACETS_READ) -> dict[str, Any]:
    return {"terms": {"field": field, "size": size, "segment_size": size * 5}}


def _counts(searcher: tantivy.Searcher, asked: tantivy.Query, facet: Field, counted: Any) -> Iterable[FacetCount]:
    """Packed values are taken apart; were there more kinds of packs than are read, the values are counted one by one."""
    if facet not in _PACKED:
        return (FacetCount(bucket["key"], bucket["doc_count"]) for bucket in counted["buckets"])
    if counted["sum_other_doc_count"]:
        alone = searcher.aggregate(asked, {"values": _by_value(facet.value)})["values"]["buckets"]
        return (FacetCount(bucket["key"], bucket["doc_count"]) for bucket in alone)
    summed: Counter[str] = Counter()
    for bucket in counted["buckets"]:
        for value in filter(None, bucket["key"].split(_APART)):
            summed[value] += bucket["doc_count"]
    return starmap(FacetCount, summed.items())


def _hours(buckets: list[dict[str, Any]]) -> tuple[Bar, ...]:
    return tuple(
        Bar(datetime.fromtimestamp(b["key"] / 1000, UTC), b["doc_count"], int(b["negative"]["value"])) for b in buckets
    )


def _days(buckets: list[dict[str, Any]]) -> tuple[Bar, ...]:
    days: dict[str, list[int]] = {}
    for bucket in buckets:
        day = days.setdefault(bucket["key"][:-1], [0, 0])
        day[0] += bucket["doc_count"]
        day[1] += bucket["doc_count"] if bucket["key"].endswith("-") else 0
    return tuple(
        Bar(datetime.fromisoformat(day).replace(tzinfo=SHANGHAI).astimezone(UTC), *counts)
        for day, counts in sorted(days.items())
    )
