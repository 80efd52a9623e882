"""The search port (检索): what is put in, what is asked, what comes back. Two implementations, one contract test.

No field, filter, facet or order by author exists here, and none may be added (people's trust).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from pipeline.document import Kind, Polarity, Scope, Secrecy
from pipeline.errors import HuiyingError


class SearchError(HuiyingError):
    """The index cannot be opened, reached or written."""


class RefusedDocuments(SearchError):
    """The index took all but these, and will never take these: id → why."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        first, why = next(iter(reasons.items()))
        super().__init__(f"索引拒收 {len(reasons)} 篇文档，如 {first}：{why}。")
        self.reasons = dict(reasons)


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as the index knows it: masked text and judgements, no author.

    `at` is when it was published, else when it became known. `places` holds places and the towns they lie in.
    """

    id: str
    kind: Kind
    text: str
    at: datetime
    title: str = ""
    source: str = ""
    url: str = ""
    sentiment: Polarity = Polarity.NEUTRAL
    score: float = 0.0
    topic: str = ""
    topic_sub: str = ""
    scope: Scope = Scope.LOCAL
    places: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    event_id: str = ""
    copy_of: str = ""
    reach: int = 0
    secrecy: Secrecy = Secrecy.PUBLIC


class Field(StrEnum):
    """What a query can filter and count by."""

    KIND = "kind"
    SOURCE = "source"
    SENTIMENT = "sentiment"
    TOPIC = "topic"
    PLACE = "place"
    DEPARTMENT = "department"
    SCOPE = "scope"
    EVENT = "event"
    SECRECY = "secrecy"


FACETS: tuple[Field, ...] = (
    Field.KIND,
    Field.SOURCE,
    Field.SENTIMENT,
    Field.TOPIC,
    Field.PLACE,
    Field.DEPARTMENT,
    Field.SCOPE,
)


@dataclass(frozen=True, slots=True)
class Words:
    """These tokens side by side, in the title or in the text: a word or a phrase of the query."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of the values. `event` with no value at all matches nothing."""

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """Published from `since` to before `until`; None = open."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class InStage:
    """Belongs to an event that stands in one of the stages now; resolved to events before an index sees it."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no part = everything matches."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; no part = nothing matches."""

    parts: tuple[Node, ...] = ()


Node = Words | OneOf | Within | InStage | Not | All | Some


class Sort(StrEnum):
    TIME = "time"  # newest first
    RELEVANCE = "relevance"


class Interval(StrEnum):
    """Width of the bars of the histogram, cut at Shanghai's hours and days."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Query:
    """One question to the index. `marks` are the secrecy marks that the asker may see; None = all."""

    where: Node = All()
    sort: Sort = Sort.TIME
    limit: int = 20
    offset: int = 0
    facets: tuple[Field, ...] = ()
    facet_size: int = 20
    histogram: Interval | None = None
    marks: tuple[Secrecy, ...] | None = None

    @property
    def narrowed(self) -> Node:
        """The question with what the asker may see."""
        if self.marks is None:
            return self.where
        return All((self.where, OneOf(Field.SECRECY, tuple(mark.value for mark in self.marks))))


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text, marked when it was found. Plain text: whoever shows it escapes it."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    document: IndexedDocument
    title: tuple[Segment, ...]
    snippet: tuple[Segment, ...]
    relevance: float = 0.0

    @property
    def id(self) -> str:
        return self.document.id


@dataclass(frozen=True, slots=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the histogram: documents from `at` on, and how many of them are negative."""

    at: datetime
    count: int
    negative: int = 0


@dataclass(frozen=True, slots=True)
class Hits:
    total: int
    hits: tuple[Hit, ...] = ()
    facets: Mapping[Field, tuple[FacetCount, ...]] = field(default_factory=dict)
    histogram: tuple[Bar, ...] = ()


def highest(counts: Iterable[FacetCount], size: int) -> tuple[FacetCount, ...]:
    """The largest counts first, equal ones by value, so that every index shows them in one order."""
    return tuple(sorted(counts, key=lambda each: (-each.count, each.value))[:size])


class SearchIndex(Protocol):
    """An index of documents. What `add` and `delete` did is found by the next search when they return."""

    def add(self, documents: list[IndexedDocument]) -> None:
        """Put them in; one with the same id is replaced. SearchError when that cannot be done; it can be repeated."""
        ...

    def delete(self, ids: list[str]) -> None:
        """Take them out; unknown ids are ignored."""
        ...

    def search(self, query: Query) -> Hits: ...

    def drop_before(self, at: datetime) -> int:
        """Take out everything published before `at` (保存期限); how many."""
        ...

    def scan(self, query: Query) -> Iterator[IndexedDocument]:
        """All that match, newest first, as they were when the scan began: for exports."""
        ...

    def rebuild(self, documents: Iterable[IndexedDocument]) -> int:
        """Fill a new index and put it in the place of the old one, which is searched until then. How many it holds."""
        ...

    def count(self) -> int:
        """How many documents it holds."""
        ...

    def release(self) -> None:
        """Let another process write; the next `add` takes the pen again."""
        ...

    def close(self) -> None: ...


DEEPEST = 10_000  # hits that can be paged to; whoever wants more scans


def check_page(query: Query) -> None:
    """SearchError when the page lies deeper than any index will go."""
    if query.offset + query.limit > DEEPEST:
        raise SearchError(f"只能翻到前 {DEEPEST} 条；请缩小时间范围，或用导出取全部结果。")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIE_BITS = 30


def time_order(document_id: str, at: datetime) -> int:
    """The one number both indexes sort by: seconds, then a hash of the id, so that equal times have one order."""
    tie = int.from_bytes(hashlib.blake2b(document_id.encode(), digest_size=4).digest(), "big") >> (32 - _TIE_BITS)
    return (seconds(at) << _TIE_BITS) | tie


def order_bound(at: datetime) -> int:
    """The smallest `time_order` of any document at or after `at` (whole seconds)."""
    return seconds(at) << _TIE_BITS


def seconds(at: datetime) -> int:
    return int((at - _EPOCH).total_seconds() // 1)
