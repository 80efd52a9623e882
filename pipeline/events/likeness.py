"""Is this document about that event? (同一事件的依据) A sum of readable pieces of evidence, few enough to check each.

words: how much of the document's weight of rare words the event explains; marks: its three most telling shared words;
own_words: words rare in the world that of all live events this one has, and few others; unsaid: nothing of all this is
shared but a town and the hour; place, name, kind of incident and
numbers, for and against; pace: how busy the event is just now, by itself and among all that comes in.
The weights are a logistic regression on same-event decisions, rounded.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from functools import cache

from pipeline.events.live import DAY, JUST_NOW, Event, LiveEvents
from pipeline.events.signature import Signature
from pipeline.events.sparse import shipped_rarity

PRIOR = 60.0  # events of imagined past behind the rarity of a word: the static table counts that much
KNOWN_TOWN = 0.1  # share of an event's located documents below which a town is more and more another place than its own
CHANCE = 3.0  # rarity of own words that two unrelated texts may share
TOLD = (
    8.0  # rarity of its three most telling words, a place's letters apart, from which a document says what it is about
)
MOST_OWN = 12.0  # rarity of own words beyond which they say no more
COMMON_NAME = 0.15  # share of an event's naming documents from which a name is the event's
UNSEEN = 2  # documents of the kind that were not collected
BURST = 12  # documents of the last hours beyond which an event is not busier still
LARGE = 40  # documents beyond which an event is no likelier for being larger
LEAST_SHARE = -9.0  # log of the least share of a day's documents that an event is held to have
FOREIGN_DAY = 20  # imagined documents of the last day that belong to no event
FOREIGN_NOW = 3  # and of the last hours


@dataclass(frozen=True, slots=True)
class Weights:
    """What each piece of evidence adds to the logit."""

    bias: float = -6.9
    words: float = 5.8
    marks: float = 0.23
    same_place: float = 0.95
    other_place: float = -1.05
    abroad: float = -4.4
    other_name: float = -1.05
    kind_here: float = 0.7
    kind: float = 4.3
    no_kind: float = 2.3
    same_tag: float = 3.4
    numbers: float = 0.25
    silent_days: float = -0.3
    share: float = 0.75
    pace: float = 1.0
    size: float = 0.55
    owned: float = 4.0
    loose: float = -1.25
    loose_share: float = 0.15
    kind_unknown: float = 1.2
    own_words: float = 0.8
    unsaid: float = -20.0


NAMES = tuple(field.name for field in fields(Weights))[1:]
WEIGHTS = Weights()
IN_ORDER: tuple[float, ...] = tuple(getattr(WEIGHTS, name) for name in NAMES)


@dataclass(frozen=True, slots=True)
class Likeness:
    """The evidence, in the order of `NAMES`, and its weighed sum, a logit."""

    evidence: tuple[float, ...]
    score: float

    @property
    def probability(self) -> float:
        return 1 / (1 + math.exp(-self.score))

    @property
    def silent_days(self) -> float:
        """Days since the event's latest document, three at most."""
        return self.evidence[NAMES.index("silent_days")]


@dataclass(frozen=True, slots=True)
class Reading:
    """A document read against what is live: its terms that live events have, each with its weight and rarity."""

    document: Signature
    terms: tuple[tuple[dict[str, int], float, float, bool], ...]  # (event id → documents, weight, rarity, of a place)
    total: float  # weight × rarity of all its terms
    rare: tuple[tuple[dict[str, int], float], ...]  # of its rare words: event id → documents, how rare


@cache
def _past() -> list[float]:
    """Of every cell, the events of the imagined past that have it."""
    return [PRIOR * math.exp(-rarity) for rarity in shipped_rarity()]


def read(document: Signature, live: LiveEvents) -> Reading:
    """Rarity of each of the document's terms: how few events, of the past and live ones, have it."""
    past, postings, events = _past(), live.postings, PRIOR + len(live.events)
    total, terms = 0.0, []
    for term, weight in zip(document.terms, document.weights, strict=True):
        posting = postings.get(term)
        if posting is None:
            total += weight * math.log(events / past[term])
        else:
            rarity = max(0.0, math.log(events / (past[term] + len(posting))))
            total += weight * rarity
            terms.append((posting, weight, rarity, term in document.placed))
    rare = [(postings[term], worth) for term, worth in document.rare.items() if term in postings]
    return Reading(document, tuple(terms), total, tuple(rare))


def likeness(reading: Reading, event: Event, live: LiveEvents) -> Likeness:
    """Compare a document with an event."""
    new = reading.document
    words, marks, told = _words(reading, event)
    kind = _kind(new, event)
    same_name, other_name = _name(new, event)
    place = _place(new, event)
    same_tag = bool(new.tags & event.tags.keys())
    day, just_now = event.around(new.moment, DAY), event.around(new.moment, JUST_NOW)
    agreed = 0.0 if place[1] else kind if new.kinds and event.kinds else 1.0
    evidence = (
        words,
        marks,
        *place,
        other_name,
        kind * same_name,
        kind,
        0.0 if new.kinds else 1.0,
        float(same_tag),
        float(min(2, sum(1 for number in new.numbers if len(number) > 1 and number in event.numbers))),
        min(3.0, max(0.0, (new.moment - event.documents[event.last].moment) / DAY)),
        max(LEAST_SHARE, math.log((day + 1) / (live.of_last_day() + FOREIGN_DAY))),
        math.log1p(min(just_now, BURST)),
        math.log(min(max(1, len(event.moments)), LARGE)),
        _owned(new, event, live),
        0.0 if new.anchored else 1.0,
        0.0 if new.anchored else math.log((just_now + 1) / (live.just_now() + FOREIGN_NOW)),
        float(bool(new.kinds) and not event.kinds),
        agreed * _own_words(reading, event) if agreed else 0.0,
        float(not (kind or same_tag or told >= TOLD or new.spots & event.spots.keys())),
    )
    score = WEIGHTS.bias
    for weight, value in zip(IN_ORDER, evidence, strict=True):
        score += weight * value
    return Likeness(evidence, score)


def at_home(reading: Reading, own: Event, other: Event) -> bool:
    """Whether the other event explains the words of a document of `own` half as well as the rest of `own` does."""
    return 2 * _words(reading, other)[0] >= _words(reading, own, but=1)[0]


def _words(reading: Reading, event: Event, but: int = 0) -> tuple[float, float, float]:
    """(share of the document's rare words that the event explains, each by how usual it is there; the best three; the best
    three that are not of a place).

    `but`: 1 when the document is one of the event's, and is not to explain itself.
    """
    name, usual = event.id, math.log(max(1, len(event.documents) - but) + 0.5)
    explained = 0.0
    telling, told = [], []
    for posting, weight, rarity, placed in reading.terms:
        count = posting.get(name, 0) - but
        if count > 0:
            gain = rarity + math.log(count) - usual
            if gain > 0:
                explained += weight * gain
                telling.append(gain)
                if not placed:
                    told.append(gain)
    telling.sort(reverse=True)
    told.sort(reverse=True)
    return explained / reading.total if reading.total else 0.0, min(15.0, sum(telling[:3])), sum(told[:3])


def _own_words(reading: Reading, event: Event) -> float:
    """How rare are the document's rare words that the event has, each shared with all the live events that have it too."""
    name = event.id
    found = sum(worth / len(posting) for posting, worth in reading.rare if name in posting)
    return min(MOST_OWN, max(0.0, found - CHANCE))


def _place(new: Signature, event: Event) -> tuple[float, float, float]:
    """(same place, another place of the district, another district)."""
    if _share(new.spots, event.spots, len(event.documents)) >= 0.15:
        return 1.0, 0.0, 0.0
    if not new.towns:
        if not new.abroad:
            return 0.0, 0.0, 0.0
        same = bool(new.abroad & event.abroad.keys())
        return float(same), 0.0, float(not same and bool(event.towns))
    located = sum(event.towns.values())
    share = _share(new.towns, event.towns, located)
    if share >= 0.2:
        return 1.0, 0.0, 0.0
    other = max(0.0, 1 - share / KNOWN_TOWN) if located else 0.0
    return 0.0, other, float(not located and bool(event.abroad))


def _name(new: Signature, event: Event) -> tuple[float, float]:
    """(a name that the event has too, only other names than the event's)."""
    if not new.names or not event.named:
        return 0.0, 0.0
    if _share(new.names, event.names, event.named) >= COMMON_NAME:
        return 1.0, 0.0
    return 0.0, float(not new.names & event.names.keys())


def _kind(new: Signature, event: Event) -> float:
    """Cosine of the kinds of incident that the two speak of."""
    both = sum(share * event.kinds[kind] for kind, share in new.kinds.items())
    mine = sum(share * share for share in new.kinds.values())
    return both / math.sqrt(mine * event.kinds_squared) if both else 0.0


def _owned(new: Signature, event: Event, live: LiveEvents) -> float:
    """Which share of all live documents of the same kind, in the same town, are this event's."""
    owned = 0.0
    for kind, share in new.kinds.items():
        best = 0.0
        for town in new.towns or ("",):
            size = live.scene_sizes[town, kind]
            if size:
                best = max(best, live.scenes[town, kind].get(event.id, 0) / (size + UNSEEN))
        owned += share * best
    return owned / 100


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
    hours = alike.silent_days * 24
    parts.append(f"距事件上一条 {hours:.0f} 小时" if hours >= 1 else "与事件上一条相隔不到 1 小时")
    return "；".join(parts) + f"；把握 {alike.probability:.0%}"
