"""Grouping (事件归并): each document joins the event that it is about, or starts one, at once.

In order: a forwarded post joins the event of the post that it forwards; a copy joins that of its original; every other
document is compared with at most CANDIDATES events that share its rarest words, or its kind of incident at its place.
The comparison weighs a few readable pieces of evidence (pipeline.events.likeness): words, gist, place, kind, numbers,
time. A document that fits two events, themselves alike, joins them: the older id stays, the other redirects. An event that has
grown by half looks again at what came too early: at lone documents of the last two days, and at smaller events of its town,
of the whole window, that have its rare words or its kind of incident. What a person has split only persons join again.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from pipeline.document import Copy, Judged, Placement
from pipeline.events.gist import nearness
from pipeline.events.incidents import Incidents, shipped_incidents
from pipeline.events.likeness import Likeness, Reading, at_home, likenesses, read, reason_of, shipped_trees
from pipeline.events.live import Event, LiveEvents
from pipeline.events.shallow import Shallow
from pipeline.events.signature import Signature, signature

JOIN = -0.5  # score from which a document joins
NEAR = -0.5  # score from which a second event is asked whether it is the same one
MERGE = 2.0  # score that a document of the smaller event must reach with the larger one to join the two, JOIN of a grown one
SECOND = 0.3  # score from which a lone earlier document joins an event that has grown
GROWTH = 1.5
LOOK_BACK = timedelta(hours=48)
LONERS = 100  # lone documents of which
NEAREST = 10  # those nearest in gist are looked at again
READ_AGAIN = 30  # latest documents of a grown event whose rare words recall others
RECALLED = 16  # smaller events that they recall
FEW = 60  # a rare word or scene of more live events than that recalls none
RECALLED_GIST = 0.28  # gist below which hardly an earlier document ever belonged to an event that had grown
ASKED = 3  # latest documents of the smaller event that are asked
GROWN = 10  # documents from which the smaller event is a matter of its own, and
ASKED_GROWN = 9  # so many are asked, whether they are at home in the larger one
CANDIDATES = 6  # events compared by shared words
SCENE_CANDIDATES = 2  # events compared because the same kind of thing happens at the same place
VISITED = 200  # index entries looked at per document
CROWDED = 250  # a word or scene of more live events than that points at none
NOBODY: frozenset[str] = frozenset()


class Grouping:
    """Places documents into events; `place` in the order of the flow, `restore` from its rows."""

    def __init__(self, window: timedelta, incidents: Incidents | None = None, trees: Shallow | None = None) -> None:
        self._window = window
        self._trees = trees or shipped_trees()
        self.incidents = incidents or shipped_incidents()
        self.live = LiveEvents()
        self._parted: dict[str, set[str]] = {}  # event id → events that a person split from it

    def __len__(self) -> int:
        return len(self.live)

    def place(self, judged: Judged, copy: Copy | None, at: datetime) -> Placement:
        """The event of one new document, with why; it is remembered there."""
        self.live.forget(at - self._window)
        new = signature(judged, self.incidents)
        placement = self.followed(new, copy) or self._compared(new)
        self.live.add(new, placement.event_id)
        event = self.live.events[placement.event_id]
        joined = {event.id: event}
        for other in [self.live.events[name] for name in placement.merged] + self._second_look(event):
            if self._parted.get(other.id, NOBODY).isdisjoint(joined):
                joined[other.id] = other
        if len(joined) == 1:
            return replace(placement, merged=()) if placement.merged else placement
        kept = min(joined.values(), key=lambda one: one.first)
        merged = tuple(name for name in joined if name != kept.id)
        for name in merged:
            self.merge(kept.id, name)
        return replace(placement, event_id=kept.id, merged=merged)

    def restore(self, rows: Iterable[tuple[Judged, str]]) -> None:
        """Remember placed documents again, in the order in which they were placed."""
        for judged, event_id in rows:
            self.live.add(signature(judged, self.incidents), event_id)

    def part(self, left: str, right: str) -> None:
        """A person has split these two: they are never joined again but by a person."""
        self._parted.setdefault(left, set()).add(right)
        self._parted.setdefault(right, set()).add(left)

    def merge(self, kept: str, merged: str) -> None:
        """All live documents of `merged` go over to `kept`, and what a person split from it stays apart."""
        event = self.live.events.get(merged)
        if event is not None and kept != merged:
            self.live.move([document.document_id for document in event.documents.values()], kept)
        for other in self._parted.pop(merged, ()):
            self._parted[other].discard(merged)
            if other != kept:
                self.part(kept, other)

    def split(self, event_id: str, document_ids: Iterable[str], new_event_id: str) -> None:
        """Those documents of the event become an event of their own."""
        mine = self.live.event_of
        self.live.move([name for name in document_ids if mine.get(name) == event_id], new_event_id)

    def followed(self, new: Signature, copy: Copy | None) -> Placement | None:
        """A forward or a copy goes where the post that it repeats went."""
        event_id = self.live.event_of.get(new.repost_of) if new.repost_of else None
        if event_id is not None:
            return Placement(new.document_id, event_id, False, 1.0, "转发了该事件中的文档")
        event_id = self.live.event_of.get(copy.original_id) if copy else None
        if copy is None or event_id is None:
            return None
        how = {"exact": "全文相同", "near": "内容大体相同", "quoted": "引用了其原文"}[copy.how]
        return Placement(
            new.document_id, event_id, False, copy.similarity, f"与该事件中的文档{how}（相似度 {copy.similarity:.0%}）"
        )

    def _compared(self, new: Signature) -> Placement:
        reading = read(new, self.live)
        events = self.candidates(reading)
        found = list(zip(likenesses(reading, events, self._trees), events, strict=True))
        found.sort(key=lambda pair: (-pair[0].score, pair[1].first))
        if not found or found[0][0].score < JOIN:
            return Placement(new.document_id, event_id(new.document_id), True, 0.0, _why_alone(found))
        best, event = found[0]
        twins = [other for alike, other in found[1:] if alike.score >= NEAR and self._is_one(event, other)]
        merged = tuple(other.id for other in twins)
        return Placement(new.document_id, event.id, False, best.probability, reason_of(new, best, event), merged)

    def _second_look(self, event: Event) -> list[Event]:
        """Earlier documents that came too soon to be recognised, and fit the event now that more is known of it."""
        if not _has_grown(len(event.documents)):
            return []
        early = {one.id: one for one in self._nearest_loners(event) + self._recalled(event) if one is not event}
        found = [one for one in early.values() if _may_be_one(one, event)]
        near = nearness(event.gist, [one.gist for one in found]) if found else []
        return [
            one for one, gist in zip(found, near, strict=True) if gist >= RECALLED_GIST and self._belongs(one, event)
        ]

    def _belongs(self, small: Event, event: Event) -> bool:
        """Whether a smaller event is part of this one: its latest document must fit, of three or more the most of them."""
        if len(small.documents) > 2:
            return self._is_one(small, event)
        return self._score(read(next(small.latest(1)), self.live), event) >= SECOND

    def _nearest_loners(self, event: Event) -> list[Event]:
        """Of the latest lone documents those that are about what this event is about."""
        lone = self.live.loners(event.last_at - LOOK_BACK, LONERS)
        if len(lone) <= NEAREST:
            return lone
        near = nearness(event.gist, [one.gist for one in lone])
        ranked = sorted(range(len(lone)), key=lambda number: (-near[number], number))
        return [lone[number] for number in sorted(ranked[:NEAREST])]

    def _recalled(self, event: Event) -> list[Event]:
        """The smaller events of the whole window, of a town of its own, that have its rare words or its kind of incident."""
        live, words = self.live, Counter[int]()
        for document in event.latest(READ_AGAIN):
            words.update(document.rare.keys())
        pointing = [live.postings[word] for word, times in words.items() if times > 1]
        located = sum(event.towns.values())
        towns = [town for town, times in event.towns.items() if 2 * times >= located]
        kinds = [kind for kind, share in event.kinds.items() if share >= 50 * len(event.documents)]
        pointing += [live.scenes.get((town, kind), {}) for town in towns for kind in kinds]
        overlap: dict[str, float] = {}
        for holders in pointing:
            if len(holders) <= FEW:
                for name in holders:
                    overlap[name] = overlap.get(name, 0) + 1000 // len(holders)
        size = len(event.documents)
        smaller = {name: worth for name, worth in overlap.items() if 2 * len(live.events[name].documents) <= size}
        recalled = [live.events[name] for name in _best(smaller, RECALLED)]
        return [one for one in recalled if one.towns.keys() & event.towns.keys()]

    def _is_one(self, left: Event, right: Event) -> bool:
        """Whether two events, both like one new document, are one: the latest of the smaller must fit the larger.

        Once both are large, most documents of the place fit either for its busyness alone: then more are asked, and each must
        also find its words in the larger event as it does in its own; that most of so many would join it is then enough.
        """
        small, large = sorted((left, right), key=lambda event: (len(event.documents), event.first))
        grown = len(small.documents) >= GROWN
        asked = list(small.latest(ASKED_GROWN if grown else ASKED))
        most, fits = len(asked) // 2, 0
        for number, one in enumerate(asked):
            if fits + len(asked) - number <= most:
                break
            reading = read(one, self.live)
            alike = self._score(reading, large) >= (JOIN if grown else MERGE)
            fits += alike and (not grown or at_home(reading, small, large))
        return fits > most

    def _score(self, reading: Reading, event: Event) -> float:
        return likenesses(reading, [event], self._trees)[0].score

    def candidates(self, reading: Reading) -> list[Event]:
        """The events worth comparing, a bounded number of them."""
        live, new = self.live, reading.document
        overlap: defaultdict[str, float] = defaultdict(float)
        visited = 0
        lists = sorted([(len(term[0]), i) for i, term in enumerate(reading.terms)])
        for size, i in lists:
            if size > CROWDED or visited + size > VISITED:
                break
            visited += size
            posting, _, rarity, _ = reading.terms[i]
            for name in posting:
                overlap[name] += rarity
        chosen = dict.fromkeys(_best(overlap, CANDIDATES))
        for kind in sorted(new.kinds):
            for town in ("", *sorted(new.towns)):
                holders = live.scenes.get((town, kind), {})
                if len(holders) <= CROWDED:
                    chosen.update(dict.fromkeys(_best(holders, SCENE_CANDIDATES)))
        return [live.events[name] for name in chosen]


def event_id(document_id: str) -> str:
    """The id of an event that this document opens."""
    return "e" + blake2b(document_id.encode(), digest_size=8).hexdigest()


def _best(worth: Mapping[str, float], count: int) -> list[str]:
    """The event ids of most worth; of equal ones the smaller id, whatever the order of the dictionary."""
    if len(worth) > count:
        least = sorted(worth.values(), reverse=True)[count - 1]
        ranked = sorted([(-value, name) for name, value in worth.items() if value >= least])
    else:
        ranked = sorted([(-value, name) for name, value in worth.items()])
    return [name for _, name in ranked[:count]]


def _has_grown(size: int) -> bool:
    """True at 3, 5, 8, 12, 18 … documents: half as many again since the last look."""
    return size > 2 and int(math.log(size, GROWTH)) > int(math.log(size - 1, GROWTH))


def _may_be_one(lone: Event, event: Event) -> bool:
    """A lone document of another place is left alone, however alike its words."""
    return not (lone.towns and event.towns) or bool(lone.towns.keys() & event.towns.keys())


def _why_alone(found: list[tuple[Likeness, Event]]) -> str:
    if not found:
        return "没有说同一件事的活动事件，另立新事件"
    return f"与最接近的事件只有 {found[0][0].probability:.0%} 的把握是同一件事，另立新事件"
