"""Is this document about that event? (同一事件的依据) A sum of readable pieces of evidence, each between bounds.

words: how much of the document's weight of rare words the event explains, and the event's latest documents the other
way round; place; kind of incident; numbers; how long the event has been silent and how busy it is. The weights were
fitted on same-event decisions and are few on purpose: a person can check each one.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from pipeline.events.live import Event, LiveEvents
from pipeline.events.signature import Signature
from pipeline.events.sparse import shipped_rarity

PRIOR = 60.0  # events of imagined past behind the rarity of a word: the static table counts that much
BUSY = timedelta(hours=24)
LATEST = 4  # documents of the event whose own words are looked for in the new one

BIAS = -3.2
WORDS = 6.0
BACK = 2.0
SAME_SPOT, SAME_TOWN, OTHER_TOWN, ABROAD = 1.0, 0.7, -2.5, -3.0
SAME_KIND, OTHER_KIND = 1.8, -1.5
SAME_NUMBER = 0.3
SILENT_DAY = -0.35
BUSY_EVENT = 0.25


@dataclass(frozen=True, slots=True)
class Likeness:
    """The evidence and its sum; `score` is a logit."""

    words: float
    back: float
    place: float
    kind: float
    numbers: int
    days: float
    busy: float

    @property
    def score(self) -> float:
        return (
            BIAS
            + WORDS * self.words
            + BACK * self.back
            + self.place
            + self.kind
            + SAME_NUMBER * self.numbers
            + SILENT_DAY * self.days
            + BUSY_EVENT * self.busy
        )

    @property
    def probability(self) -> float:
        return 1 / (1 + math.exp(-self.score))


def rarities(new: Signature, live: LiveEvents) -> list[float]:
    """Rarity of each of the document's terms: how few events, of the past and live ones, have it."""
    static, events = shipped_rarity(), len(live.events)
    found = []
    for term in new.terms:
        posting = live.postings.get(term)
        share = (PRIOR * math.exp(-static[term]) + (len(posting) if posting else 0)) / (PRIOR + events)
        found.append(-math.log(min(share, 1.0)))
    return found


def likeness(new: Signature, rarity: list[float], event: Event, live: LiveEvents) -> Likeness:
    """Compare a new document with an event."""
    return Likeness(
        _words(new, rarity, event, live),
        _back(new, event),
        _place(new, event),
        _kind(new, event),
        min(2, sum(1 for number in new.numbers if len(number) > 1 and number in event.numbers)),
        max(0.0, (new.at - event.last_at).total_seconds() / 86400),
        math.log1p(event.recent(new.at - BUSY)),
    )


def _words(new: Signature, rarity: list[float], event: Event, live: LiveEvents) -> float:
    """Share of the document's rare words that the event explains (0..1): each word by how usual it is in the event."""
    size, name = len(event.documents), event.id
    explained = total = 0.0
    for term, weight, rare in zip(new.terms, new.weights, rarity, strict=True):
        total += weight * rare
        posting = live.postings.get(term)
        count = posting.get(name) if posting else None
        if count:
            explained += weight * max(0.0, rare + math.log(count / (size + 0.5)))
    return explained / total if total else 0.0


def _back(new: Signature, event: Event) -> float:
    """Best share of the rare words of one of the event's latest documents that stand in the new one."""
    static, mine, best = shipped_rarity(), set(new.terms), 0.0
    for document in event.latest(LATEST):
        total = shared = 0.0
        for term in document.terms:
            total += static[term]
            if term in mine:
                shared += static[term]
        if total:
            best = max(best, shared / total)
    return best


def _place(new: Signature, event: Event) -> float:
    if new.spots and _share(new.spots, event.spots, len(event.documents)) >= 0.15:
        return SAME_SPOT
    if new.abroad and not new.towns:
        if new.abroad & event.abroad.keys():
            return SAME_TOWN
        return ABROAD if event.towns else 0.0
    if not new.towns:
        return 0.0
    if _share(new.towns, event.towns, sum(event.towns.values())) >= 0.2:
        return SAME_TOWN
    if event.towns:
        return OTHER_TOWN
    return ABROAD if event.abroad else 0.0


def _kind(new: Signature, event: Event) -> float:
    if not new.kinds or not event.kinds:
        return 0.0
    size = len(event.documents)
    same = sum(share for kind, share in new.kinds.items() if event.kinds[kind] >= 0.3 * size)
    if same > 0:
        return SAME_KIND * same
    return OTHER_KIND if not new.kinds.keys() & event.kinds.keys() else 0.0


def _share(names: frozenset[str], counted: Counter[str], size: int) -> float:
    return max((counted[name] for name in names), default=0) / size if size else 0.0


def reason_of(new: Signature, alike: Likeness, event: Event) -> str:
    """One line that a person can check."""
    parts = []
    places = sorted((new.spots & event.spots.keys()) or (new.towns & event.towns.keys()))
    if places:
        parts.append(f"同在{'、'.join(places[:2])}")
    kinds = sorted(new.kinds.keys() & event.kinds.keys())
    if kinds:
        parts.append(f"同说{'、'.join(kinds[:2])}")
    theirs = {word for document in event.latest(12) for word in document.words}
    words = [word for word in new.words if word in theirs][:4]
    if words:
        parts.append(f"共有词：{'、'.join(words)}")
    parts.append(f"用词重合 {alike.words:.0%}")
    parts.append(f"距事件上一条 {alike.days * 24:.0f} 小时" if alike.days * 24 >= 1 else "与事件上一条相隔不到 1 小时")
    return "；".join(parts) + f"；把握 {alike.probability:.0%}"
