"""The question in Elasticsearch's terms, and the shape of its indices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from pipeline.document import Kind, Polarity, Scope, Secrecy
from pipeline.search.port import (
    All,
    Bar,
    FacetCount,
    Field,
    IndexedDocument,
    InStage,
    Interval,
    Node,
    Not,
    OneOf,
    Query,
    SearchError,
    Some,
    Sort,
    Within,
    Words,
    highest,
    order_bound,
    time_order,
)
from pipeline.search.tokens import joined

_TITLE_WEIGHT = 2.0
_FACETS_READ = 2_000  # values read per facet before the largest are taken
_TERMS = 60_000  # values in one terms query; Elasticsearch refuses more than 65,536

_KEYWORD = {"type": "keyword", "ignore_above": 8_000}
_WORDS = {"type": "text", "analyzer": "whitespace"}
MAPPINGS: Mapping[str, Any] = {
    "dynamic": "strict",
    "_source": {"excludes": ["title", "text"]},
    "properties": {
        "kind": _KEYWORD,
        "source": _KEYWORD,
        "sentiment": _KEYWORD,
        "topic": _KEYWORD,
        "topic_sub": _KEYWORD,
        "place": _KEYWORD,
        "department": _KEYWORD,
        "scope": _KEYWORD,
        "event": _KEYWORD,
        "secrecy": _KEYWORD,
        "title": _WORDS,
        "text": _WORDS,
        "order": {"type": "long"},
        "negative": {"type": "byte"},
        "at": {"type": "date"},
        "payload": {"type": "object", "enabled": False},
    },
}


@dataclass(slots=True)
class _Sent:
    """What is sent: judgements to filter by, tokens to find by, and the document as it is shown (`payload`)."""

    kind: Kind
    source: str | None
    sentiment: Polarity
    topic: str | None
    topic_sub: str | None
    place: tuple[str, ...]
    department: tuple[str, ...]
    scope: Scope
    event: str | None
    secrecy: Secrecy
    title: str
    text: str
    order: int
    negative: int
    at: datetime
    payload: IndexedDocument


_SENT = TypeAdapter(_Sent)


def to_line(document: IndexedDocument) -> bytes:
    """A document as one line of a bulk request."""
    sent = _Sent(
        kind=document.kind,
        source=document.source or None,
        sentiment=document.sentiment,
        topic=document.topic or None,
        topic_sub=document.topic_sub or None,
        place=tuple(dict.fromkeys(document.places)),
        department=tuple(dict.fromkeys(document.departments)),
        scope=document.scope,
        event=document.event_id or None,
        secrecy=document.secrecy,
        title=joined(document.title),
        text=joined(document.text),
        order=time_order(document.id, document.at),
        negative=int(document.sentiment is Polarity.NEGATIVE),
        at=document.at,
        payload=document,
    )
    return _SENT.dump_json(sent)


def to_body(query: Query) -> dict[str, Any]:
    """The search request without its page."""
    body: dict[str, Any] = {"query": to_query(query.narrowed), "track_total_hits": True}
    if query.sort is Sort.TIME:
        body["sort"] = [{"order": "desc"}]
    wanted: dict[str, Any] = {
        facet.value: {"terms": {"field": facet.value, "size": _FACETS_READ, "shard_size": _FACETS_READ * 5}}
        for facet in query.facets
    }
    if query.histogram is not None:
        width, shift = ("1h", "0h") if query.histogram is Interval.HOUR else ("1d", "-8h")
        wanted["bars"] = {
            "date_histogram": {"field": "at", "fixed_interval": width, "offset": shift, "min_doc_count": 1},
            "aggs": {"negative": {"sum": {"field": "negative"}}},
        }
    if wanted:
        body["aggs"] = wanted
    return body


def to_query(node: Node) -> dict[str, Any]:
    """What must match. Only words are scored; filters never change the order by relevance."""
    match node:
        case Words(words):
            return _words(words)
        case OneOf(field, values):
            return _unscored(_one_of(field, values))
        case Within(since, until):
            return _unscored(_within(since, until))
        case Not(part):
            return _unscored({"bool": {"must_not": [to_query(part)]}})
        case All(()):
            return _unscored({"match_all": {}})
        case All(parts):
            return _all(parts)
        case Some(()):
            return {"match_none": {}}
        case Some(parts):
            return {"bool": {"should": [to_query(part) for part in parts], "minimum_should_match": 1}}
        case InStage():
            raise SearchError("检索式里的“阶段”要先换成事件；请从检索页或 huiying search 检索。")


def counts(answer: Mapping[str, Any], query: Query) -> tuple[dict[Field, tuple[FacetCount, ...]], tuple[Bar, ...]]:
    """Facets and histogram out of the answer."""
    aggregations = answer.get("aggregations", {})
    facets = {
        facet: highest(
            (FacetCount(b["key"], b["doc_count"]) for b in aggregations[facet.value]["buckets"]), query.facet_size
        )
        for facet in query.facets
    }
    bars = tuple(
        Bar(datetime.fromtimestamp(b["key"] / 1000, UTC), b["doc_count"], int(b["negative"]["value"]))
        for b in aggregations.get("bars", {"buckets": []})["buckets"]
    )
    return facets, bars


def _all(parts: tuple[Node, ...]) -> dict[str, Any]:
    wanted = [to_query(part) for part in parts if not isinstance(part, Not)]
    unwanted = [to_query(part.part) for part in parts if isinstance(part, Not)]
    return {"bool": {"must": wanted or [_unscored({"match_all": {}})], "must_not": unwanted}}


def _words(words: tuple[str, ...]) -> dict[str, Any]:
    if len(words) == 1:
        either = [
            {"term": {"title": {"value": words[0], "boost": _TITLE_WEIGHT}}},
            {"term": {"text": {"value": words[0]}}},
        ]
    else:
        phrase = " ".join(words)
        either = [
            {"match_phrase": {"title": {"query": phrase, "boost": _TITLE_WEIGHT}}},
            {"match_phrase": {"text": {"query": phrase}}},
        ]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _one_of(field: Field, values: tuple[str, ...]) -> dict[str, Any]:
    names = ("topic", "topic_sub") if field is Field.TOPIC else (field.value,)
    either = [
        {"terms": {name: list(values[start : start + _TERMS])}}
        for name in names
        for start in range(0, len(values), _TERMS)
    ]
    return {"bool": {"should": either, "minimum_should_match": 1}} if either else {"match_none": {}}


def _within(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    bounds = {}
    if since:
        bounds["gte"] = order_bound(since)
    if until:
        bounds["lt"] = order_bound(until)
    return {"range": {"order": bounds}} if bounds else {"match_all": {}}


def _unscored(query: dict[str, Any]) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": 0.0}}
