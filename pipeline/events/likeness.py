"""Is this document about that event? (同一事件的依据) A sum of readable pieces of evidence, few enough to check each.

words: how much of the document's weight of rare words the event explains; marks: its three most telling shared words;
place, kind of incident and numbers, for and against; pace: how busy the event is just now, by itself and among all that
comes in. The weights are a logistic regression on same-event decisions, rounded.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta

from pipeline.events.live import Event, LiveEvents
from pipeline.events.signature import Signature
from pipeline.events.sparse import shipped_rarity

PRIOR = 60.0  # events of imagined past behind the rarity of a word: the static table counts that much
DAY, JUST_NOW = timedelta(hours=24), timedelta(hours=3)
COMMON_NAME = 0.15  # share of an event's naming documents from which a name is the event's
BURST = 12  # documents of the last hours beyond which an event is not busier still
LEAST_SHARE = -5  # (5 %) an event that rests is not held against a document; its days of silence are
FOREIGN_DAY = 20  # imagined documents of the last day that belong to no event


@dataclass(frozen=True, slots=True)
class Weights:
    """What each piece of evidence adds to the logit."""

    bias: float = -3.9
    words: float = 3.25
    marks: float = 0.25
    same_place: float = 1.3
    other_place: float = -1.0
    abroad: float = -2.8
    same_name: float = 0.6
    other_name: float = -1.2
    kind_here: float = 5.0
    kind: float = 4.8
    other_kind: float = 0.0
    no_kind: float = 1.4
    same_tag: float = 1.2
    numbers: float = 0.45
    silent_days: float = -0.8
    share: float = 1.2
    pace: float = 0.88


@dataclass(frozen=True, slots=True)
class Likeness:
    """The evidence and its sum; `score` is a logit."""

    words: float
    marks: float
    same_place: float
    other_place: float
    abroad: float
    same_name: float
    other_name: float
    kind_here: float
    kind: float
    other_kind: float
    no_kind: float
    same_tag: float
    numbers: float
    silent_days: float
    share: float
    pace: float
    score: float = 0.0

    @property
    def probability(self) -> float:
        return 1 / (1 + math.exp(-self.score))


NAMES = tuple(field.name for field in fields(Weights))[1:]
WEIGHTS = Weights()


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
    words, marks = _words(new, rarity, event, live)
    kind, other_kind = _kind(new, event)
    same_place, other_place, abroad = _place(new, event)
    same_name, other_name = _name(new, event)
    here = max(same_place, same_name)
    day, just_now = event.around(new.at, DAY), event.around(new.at, JUST_NOW)
    evidence = (
        words,
        marks,
        same_place,
        other_place,
        abroad,
        same_name,
        other_name,
        kind * here,
        kind * (1.0 - here),
        other_kind,
        0.0 if new.kinds else 1.0,
        float(bool(new.tags & event.tags.keys())),
        float(min(2, sum(1 for number in new.numbers if len(number) > 1 and number in event.numbers))),
        min(3.0, max(0.0, (new.at - event.last_at).total_seconds() / 86400)),
        max(LEAST_SHARE, math.log((day + 1) / (live.of_last_day() + FOREIGN_DAY))),
        math.log1p(min(just_now, BURST)),
    )
    score = WEIGHTS.bias
    for name, value in zip(NAMES, evidence, strict=True):
        score += getattr(WEIGHTS, name) * value
    return Likeness(*evidence, score=score)


def _words(new: Signature, rarity: list[float], event: Event, live: LiveEvents) -> tuple[float, float]:
    """(share of the document's rare words that the event explains, each by how usual it is there; the best three)."""
    size, name = len(event.documents), event.id
    explained = total = 0.0
    telling = []
    for term, weight, rare in zip(new.terms, new.weights, rarity, strict=True):
        total += weight * rare
        posting = live.postings.get(term)
        count = posting.get(name) if posting else None
        if count:
            gain = rare + math.log(count / (size + 0.5))
            if gain > 0:
                explained += weight * gain
                telling.append(gain)
    telling.sort(reverse=True)
    return explained / total if total else 0.0, min(15.0, sum(telling[:3]))


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
    if _share(new.towns, event.towns, located) >= 0.2:
        return 1.0, 0.0, 0.0
    known = bool(event.towns.keys() & new.towns)
    return 0.0, float(located > 0 and not known), float(not located and bool(event.abroad))


def _name(new: Signature, event: Event) -> tuple[float, float]:
    """(a name that the event has too, only other names than the event's)."""
    if not new.names or not event.named:
        return 0.0, 0.0
    if _share(new.names, event.names, event.named) >= COMMON_NAME:
        return 1.0, 0.0
    return 0.0, float(not new.names & event.names.keys())


def _kind(new: Signature, event: Event) -> tuple[float, float]:
    """(cosine of the kinds of incident that the two speak of, whether they plainly speak of different ones)."""
    both = sum(share * event.kinds[kind] for kind, share in new.kinds.items())
    if both:
        mine = sum(share * share for share in new.kinds.values())
        return both / math.sqrt(mine * sum(share * share for share in event.kinds.values())), 0.0
    return 0.0, float(bool(new.plain_kinds) and bool(event.kinds))


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
