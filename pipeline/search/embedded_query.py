"""The question in tantivy's terms: what must match, and what is counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import tantivy
from tantivy import Occur

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


def aggregate(
    searcher: tantivy.Searcher, asked: tantivy.Query, query: Query
) -> tuple[dict[Field, tuple[FacetCount, ...]], tuple[Bar, ...]]:
    """The facets and the histogram that the query wants, over all that match."""
    wanted: dict[str, Any] = {
        facet.value: {"terms": {"field": facet.value, "size": _FACETS_READ, "segment_size": _FACETS_READ * 5}}
        for facet in query.facets
    }
    if query.histogram is not None:
        width, shift = ("1h", "0h") if query.histogram is Interval.HOUR else ("1d", "-8h")
        wanted["bars"] = {
            "date_histogram": {"field": "at", "fixed_interval": width, "offset": shift, "min_doc_count": 1},
            "aggs": {"negative": {"sum": {"field": "negative"}}},
        }
    if not wanted:
        return {}, ()
    counted = searcher.aggregate(asked, wanted)
    facets = {
        facet: highest(
            (FacetCount(b["key"], b["doc_count"]) for b in counted[facet.value]["buckets"]), query.facet_size
        )
        for facet in query.facets
    }
    bars = tuple(
        Bar(datetime.fromtimestamp(b["key"] / 1000, UTC), b["doc_count"], int(b["negative"]["value"]))
        for b in counted.get("bars", {"buckets": []})["buckets"]
    )
    return facets, bars
