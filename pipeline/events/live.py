"""The live documents and events of the window (活动事件), with an index by term and by place and kind.

All counts are whole numbers and nothing depends on the order of a dictionary, so the state is a pure function of the
live documents, their order and their event ids: adding and taking away leave no trace, and a restored index answers
as the first one did.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from pipeline.analysis.gist import WIDTH
from pipeline.events.gist import Gists
from pipeline.events.signature import Signature

DAY = 24 * 3600
JUST_NOW = 3 * 3600
Key = TypeVar("Key", int, tuple[str, str])


@dataclass(slots=True)
class Event:
    """One event's live documents, in the order in which they came, and what they count up to."""

    id: str
    documents: dict[int, Signature] = field(default_factory=dict)
    moments: list[int] = field(default_factory=list)  # of the anchored documents, ascending
    towns: Counter[str] = field(default_factory=Counter)
    spots: Counter[str] = field(default_factory=Counter)
    abroad: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)  # sums of percent
    kinds_squared: int = 0  # sum of their squares
    held: int = 0  # sum of them
    located: int = 0  # sum of towns
    tags: Counter[int] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    heads: Counter[int] = field(default_factory=Counter)  # how the names begin
    named: int = 0  # documents that name something
    numbers: Counter[str] = field(default_factory=Counter)
    gist: Gists = field(default_factory=lambda: np.zeros(WIDTH, dtype=np.int32), compare=False)  # the sum of theirs

    @property
    def first(self) -> int:
        """Sequence number of the oldest live document: the event's age."""
        return next(iter(self.documents))

    @property
    def last(self) -> int:
        return next(reversed(self.documents))

    @property
    def last_at(self) -> datetime:
        return self.documents[self.last].at

    def latest(self, count: int) -> Iterator[Signature]:
        """The newest documents first."""
        for _, sequence in zip(range(count), reversed(self.documents), strict=False):
            yield self.documents[sequence]

    def around(self, moment: int, reach: int) -> int:
        """Anchored documents from `reach` seconds before that moment to as long after it."""
        return bisect_right(self.moments, moment + reach) - bisect_left(self.moments, moment - reach)


class LiveEvents:
    """Index of the live documents by event, term, and place and kind."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.event_of: dict[str, str] = {}  # live document id → event id
        self.postings: dict[int, dict[str, int]] = {}  # term → event id → documents
        self.scenes: dict[tuple[str, str], dict[str, int]] = {}  # (town or '', kind) → event id → documents
        self.scene_sizes: Counter[tuple[str, str]] = Counter()  # (town or '', kind) → live documents
        self.towns: Counter[str] = Counter()  # town → live documents
        self.located = 0  # live documents that name a town
        self.judged = 0  # sum of scene_sizes of the district: kinds of incident, of all live documents
        self._order: deque[tuple[int, str]] = deque()  # (sequence, document id)
        self._sequence = 0
        self._day: deque[int] = deque()
        self._now: deque[int] = deque()

    def __len__(self) -> int:
        return len(self.event_of)

    def add(self, signature: Signature, event_id: str) -> None:
        """A document joins an event or opens it."""
        sequence = self._sequence
        self._sequence += 1
        self._order.append((sequence, signature.document_id))
        self.event_of[signature.document_id] = event_id
        self._day.append(signature.moment)
        self._now.append(signature.moment)
        self._put(sequence, signature, event_id)

    def of_last_day(self) -> int:
        """Live documents of the 24 hours before the latest one."""
        return _since(self._day, DAY)

    def just_now(self) -> int:
        """Live documents of the hours before the latest one."""
        return _since(self._now, JUST_NOW)

    def loners(self, since: datetime, count: int) -> list[Event]:
        """Events of one or two documents, the latest first, by the documents since then (at most five times `count`)."""
        found: dict[str, Event] = {}
        for _, (sequence, document_id) in zip(range(5 * count), reversed(self._order), strict=False):
            event = self.events[self.event_of[document_id]]
            if event.documents[sequence].at < since or len(found) == count:
                break
            if len(event.documents) <= 2:
                found.setdefault(event.id, event)
        return list(found.values())

    def forget(self, before: datetime) -> None:
        """Let documents older than that leave, oldest first."""
        while self._order:
            sequence, document_id = self._order[0]
            event_id = self.event_of[document_id]
            if self.events[event_id].documents[sequence].at >= before:
                return
            self._order.popleft()
            del self.event_of[document_id]
            self._take(sequence, event_id)

    def move(self, document_ids: Iterable[str], target: str) -> None:
        """Documents go over to another event (merge, split); those no longer live are none of our business."""
        wanted: dict[str, set[str]] = {}
        for document_id in document_ids:
            source = self.event_of.get(document_id)
            if source is not None and source != target:
                wanted.setdefault(source, set()).add(document_id)
        for source, names in wanted.items():
            held = self.events[source].documents
            for sequence in [number for number, document in held.items() if document.document_id in names]:
                signature = self._take(sequence, source)
                self._put(sequence, signature, target)
                self.event_of[signature.document_id] = target
        if wanted:
            event = self.events[target]
            event.documents = dict(sorted(event.documents.items()))

    def _put(self, sequence: int, signature: Signature, event_id: str) -> None:
        event = self.events.get(event_id)
        if event is None:
            event = self.events[event_id] = Event(event_id)
        event.documents[sequence] = signature
        if signature.anchored:
            insort(event.moments, signature.moment)
        key = event.id
        for term in signature.terms:
            posting = self.postings.get(term)
            if posting is None:
                self.postings[term] = {key: 1}
            else:
                posting[key] = posting.get(key, 0) + 1
        for scene in _scenes(signature):
            self.scene_sizes[scene] += 1
            holders = self.scenes.setdefault(scene, {})
            holders[key] = holders.get(key, 0) + 1
        _count(self.towns, signature.towns)
        self.located += bool(signature.towns)
        self.judged += len(signature.kinds)
        event.gist += signature.gist
        event.located += len(signature.towns)
        event.held += sum(signature.kinds.values())
        event.kinds_squared += sum([share * (2 * event.kinds[kind] + share) for kind, share in signature.kinds.items()])
        for kind, share in signature.kinds.items():
            event.kinds[kind] += share
        event.named += bool(signature.names)
        for counter, names in _counters(event, signature):
            _count(counter, names)

    def _take(self, sequence: int, event_id: str) -> Signature:
        event = self.events[event_id]
        signature = event.documents.pop(sequence)
        if signature.anchored:
            del event.moments[bisect_left(event.moments, signature.moment)]
        event.kinds_squared -= sum([share * (2 * event.kinds[kind] - share) for kind, share in signature.kinds.items()])
        for term in signature.terms:
            _lower(self.postings, term, event_id)
        for scene in _scenes(signature):
            _lower(self.scenes, scene, event_id)
            self.scene_sizes[scene] -= 1
            if not self.scene_sizes[scene]:
                del self.scene_sizes[scene]
        self.located -= bool(signature.towns)
        self.judged -= len(signature.kinds)
        event.gist -= signature.gist
        event.located -= len(signature.towns)
        event.held -= sum(signature.kinds.values())
        for kind, share in signature.kinds.items():
            event.kinds[kind] -= share
            if not event.kinds[kind]:
                del event.kinds[kind]
        _discount(self.towns, signature.towns)
        for counter, names in _counters(event, signature):
            _discount(counter, names)
        event.named -= bool(signature.names)
        if not event.documents:
            del self.events[event_id]
        return signature


def _since(moments: deque[int], reach: int) -> int:
    """How many lie within `reach` seconds before the last; the others leave."""
    since = moments[-1] - reach if moments else 0
    while moments and moments[0] < since:
        moments.popleft()
    return len(moments)


def _scenes(signature: Signature) -> list[tuple[str, str]]:
    return [(town, kind) for kind in signature.kinds for town in ("", *signature.towns)]


def _counters(event: Event, signature: Signature) -> tuple[tuple[Counter[Any], Collection[Any]], ...]:
    """What an event counts of its documents, beside what this one has."""
    return (
        (event.towns, signature.towns),
        (event.spots, signature.spots),
        (event.abroad, signature.abroad),
        (event.tags, signature.tags),
        (event.names, signature.names),
        (event.heads, signature.heads),
        (event.numbers, signature.numbers),
    )


def _count(counter: Counter[Any], names: Iterable[Any]) -> None:
    """As `Counter.update`, at a third of its cost for the one or two names that there are."""
    for name in names:
        counter[name] += 1


def _discount(counter: Counter[Any], names: Iterable[Any]) -> None:
    """Take a document's counts away again; what reaches nothing is gone."""
    for name in names:
        if counter[name] > 1:
            counter[name] -= 1
        else:
            del counter[name]


def _lower(index: dict[Key, dict[str, int]], key: Key, event_id: str) -> None:
    holders = index[key]
    if holders[event_id] > 1:
        holders[event_id] -= 1
        return
    del holders[event_id]
    if not holders:
        del index[key]
