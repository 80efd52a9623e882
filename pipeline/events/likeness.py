"""Is this document about that event? (同一事件的依据) A dozen kinds of readable evidence, weighed by boosted trees.

words: how much of the document's weight of rare words the event explains; marks: its three most telling shared words, without
those of a place; own_words: words rare in the world that of all live events this one has, and few others; gist: how near
what it is about; place, name, kind of incident and numbers, for and against, each beside what is usual here; pace: how busy the event is
just now, by itself and among all that comes in. The trees (models/grouping.npz, `huiying train grouping`) learned from
written stories, in the talk of real days.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from pipeline.events.gist import nearness
from pipeline.events.live import DAY, JUST_NOW, Event, LiveEvents
from pipeline.events.shallow import Shallow
from pipeline.events.signature import Signature
from pipeline.events.sparse import shipped_rarity

MODEL = Path(__file__).parent / "models" / "grouping.npz"
PRIOR = 60.0  # events of imagined past behind the rarity of a word: the static table counts that much
KNOWN_TOWN = 0.1  # share of an event's located documents below which a town is more and more another place than its own
CHANCE = 3.0  # rarity of own words that two unrelated texts may share
MOST_OWN = 12.0  # rarity of own words beyond which they say no more
COMMON_NAME = 0.15  # share of an event's naming documents from which a name is the event's
UNSEEN = 2  # documents of the kind that were not collected
BURST = 12  # documents of the last hours beyond which an event is not busier still
LARGE = 40  # documents beyond which an event is no likelier for being larger
LEAST_SHARE = -9.0  # log of the least share of a day's documents that an event is held to have
FOREIGN_DAY = 20  # imagined documents of the last day that belong to no event
FOREIGN_NOW = 3  # and of the last hours
TOWNS, KINDS = 8, 20  # imagined documents behind how usual a town or a kind is here
TOLD, NEAR_GIST = 6.0, 0.65  # marks and gist from which a document says what it is about
BUSY = 10  # documents from which an event draws strangers
STRANGER = -20.0  # the logit of a document that shares a town and the hour alone
LEAST_WORDS, LEAST_GIST = 0.06, 0.2  # below both no document of any story set joined an event
ODDS = 3.0  # a town says no more than that, for or against

Key = TypeVar("Key", str, int)

NAMES = (
    "words", "marks", "same_place", "other_place", "abroad", "town_odds", "unlocated", "same_name", "other_name", "kind_here", "kind",
    "kind_odds", "no_kind", "kind_unknown", "same_tag", "numbers", "silent_days", "share", "pace", "size", "owned", "loose",
    "loose_share", "own_words", "gist",
)  # fmt: skip
_KIND, _TAG, _MARKS, _GIST = (NAMES.index(name) for name in ("kind", "same_tag", "marks", "gist"))


@dataclass(frozen=True, slots=True)
class Likeness:
    """The evidence, in the order of `NAMES` (none of a stranger unasked), and what the trees make of it, a logit."""

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
class Incident:
    """A kind of incident that the document speaks of, beside all that is live."""

    name: str
    share: int  # of what the document speaks of, in percent
    usual: float  # share of it among the kinds of all live documents
    scenes: tuple[tuple[dict[str, int], int], ...]  # in each town: event id → documents of it, all documents of it


@dataclass(frozen=True, slots=True)
class Reading:
    """A document read against what is live: all that does not depend on the event it is compared with."""

    document: Signature
    terms: tuple[tuple[dict[str, int], float, float, bool], ...]  # (event id → documents, weight, rarity, of a place)
    total: float  # weight × rarity of all its terms
    rare: tuple[tuple[dict[str, int], float], ...]  # of its rare words: event id → documents, how rare
    kinds: tuple[Incident, ...]
    kinds_squared: int  # sum of the squares of their shares
    towns: tuple[tuple[str, float], ...]  # each with how usual it is among all live documents
    all_day: int  # documents of the last day, and
    all_now: int  # of the last hours, with those imagined


@cache
def _past() -> list[float]:
    """Of every cell, the events of the imagined past that have it."""
    return [PRIOR * math.exp(-rarity) for rarity in shipped_rarity()]


def read(document: Signature, live: LiveEvents) -> Reading:
    """The document's terms with their rarity (how few events, of the past and live ones, have each), its kinds and towns."""
    past, static, postings, events = _past(), shipped_rarity(), live.postings, PRIOR + len(live.events)
    total, terms, placed, grown = 0.0, [], document.placed, math.log(events / PRIOR)
    for term, weight in zip(document.terms, document.weights, strict=True):
        posting = postings.get(term)
        if posting is None:
            total += weight * (static[term] + grown)
        else:
            held = past[term] + len(posting)
            rarity = math.log(events / held) if held < events else 0.0
            total += weight * rarity
            terms.append((posting, weight, rarity, term in placed))
    return Reading(
        document,
        tuple(terms),
        total,
        tuple([(postings[term], worth) for term, worth in document.rare.items() if term in postings]),
        tuple([_kind_of(name, share, document, live) for name, share in document.kinds.items()]),
        sum([share * share for share in document.kinds.values()]),
        tuple([(town, (live.towns[town] + 1) / (live.located + TOWNS)) for town in sorted(document.towns)]),
        live.of_last_day() + FOREIGN_DAY,
        live.just_now() + FOREIGN_NOW,
    )


def _kind_of(name: str, share: int, document: Signature, live: LiveEvents) -> Incident:
    scenes = [(town, name) for town in document.towns or ("",)]
    owners = tuple([(live.scenes[scene], live.scene_sizes[scene]) for scene in scenes if scene in live.scenes])
    return Incident(name, share, (live.scene_sizes["", name] + 1) / (live.judged + KINDS), owners)


@cache
def shipped_trees() -> Shallow:
    """The model that comes with the product, read once."""
    with np.load(MODEL) as stored:
        return Shallow.read(stored)


def likenesses(reading: Reading, events: Sequence[Event], trees: Shallow) -> list[Likeness]:
    """Compare a document with events, all at once; one that shares next to nothing, in words or gist, is a stranger unasked."""
    found = [Likeness((), STRANGER)] * len(events)
    if not events:
        return found
    gists, words = _gists(reading, events), _words(reading, events)
    near = [n for n, gist in enumerate(gists) if gist >= LEAST_GIST or words[n][0] >= LEAST_WORDS]
    if not near:
        return found
    some = [events[n] for n in near]
    rows = _rows(reading, some, [words[n] for n in near], [gists[n] for n in near])
    for n, event, row, score in zip(near, some, rows, trees.logits(np.array(rows)), strict=True):
        found[n] = Likeness(row, STRANGER if _is_strange(reading.document, event, row) else score)
    return found


def _is_strange(new: Signature, event: Event, evidence: tuple[float, ...]) -> bool:
    """A town and the hour alone bring nothing into a busy event of that town, whatever the trees say."""
    said = evidence[_KIND] or evidence[_TAG] or evidence[_MARKS] >= TOLD or evidence[_GIST] >= NEAR_GIST
    return not said and len(event.documents) >= BUSY and not new.spots & event.spots.keys()


def evidences(reading: Reading, events: Sequence[Event]) -> list[tuple[float, ...]]:
    """What speaks for and against each, in the order of `NAMES`."""
    return _rows(reading, events, _words(reading, events), _gists(reading, events)) if events else []


def _gists(reading: Reading, events: Sequence[Event]) -> list[float]:
    return nearness(reading.document.gist, [event.gist for event in events])


def _rows(
    reading: Reading, events: Sequence[Event], words: Sequence[tuple[float, float]], gists: Sequence[float]
) -> list[tuple[float, ...]]:
    own = _own_words(reading, events)
    return [_evidence(reading, *one) for one in zip(events, words, own, gists, strict=True)]


def _evidence(reading: Reading, event: Event, words: tuple[float, float], own: float, gist: float) -> tuple[float, ...]:
    new = reading.document
    kind, kind_odds = _kind(reading, event)
    same_name, other_name = _name(new, event)
    place = _place(new, event)
    day, just_now = event.around(new.moment, DAY), event.around(new.moment, JUST_NOW)
    agreed = 0.0 if place[1] else kind if new.kinds and event.kinds else 1.0
    return (
        *words,
        *place,
        *_town_odds(reading, event),
        same_name,
        other_name,
        kind * same_name,
        kind,
        kind_odds,
        0.0 if new.kinds else 1.0,
        float(bool(new.kinds) and not event.kinds),
        float(not new.tags.isdisjoint(event.tags)),
        _numbers(new, event),
        min(3.0, max(0.0, (new.moment - event.documents[event.last].moment) / DAY)),
        max(LEAST_SHARE, math.log((day + 1) / reading.all_day)),
        math.log1p(min(just_now, BURST)),
        math.log(min(max(1, len(event.moments)), LARGE)),
        _owned(reading, event),
        0.0 if new.anchored else 1.0,
        0.0 if new.anchored else math.log((just_now + 1) / reading.all_now),
        agreed * own,
        gist,
    )


def at_home(reading: Reading, own: Event, other: Event) -> bool:
    """Whether the other event explains the words of a document of `own` half as well as the rest of `own` does."""
    return 2 * _words(reading, [other])[0][0] >= _words(reading, [own], but=1)[0][0]


def _words(reading: Reading, events: Sequence[Event], but: int = 0) -> list[tuple[float, float]]:
    """Of each event: (share of the document's rare words that it explains, each by how usual it is there; the best three
    that are no letters of a place).

    `but`: 1 when the document is one of the event's, and is not to explain itself.
    """
    usual = {event.id: math.log(max(1, len(event.documents) - but) + 0.5) for event in events}
    explained = dict.fromkeys(usual, 0.0)
    telling: dict[str, list[float]] = {name: [] for name in usual}
    asked = usual.keys()
    for posting, weight, rarity, placed in reading.terms:
        for name in posting.keys() & asked:
            if count := posting[name] - but:
                gain = rarity - usual[name] + (math.log(count) if count > 1 else 0.0)
                if gain > 0:
                    explained[name] += weight * gain
                    if not placed:
                        telling[name].append(gain)
    total = reading.total or 1.0
    return [(explained[name] / total, min(15.0, sum(sorted(telling[name], reverse=True)[:3]))) for name in usual]


def _own_words(reading: Reading, events: Sequence[Event]) -> list[float]:
    """Of each event: how rare are the document's rare words that it has, each shared with all the live events that have it too."""
    found = {event.id: -CHANCE for event in events}
    asked = found.keys()
    for posting, worth in reading.rare:
        for name in posting.keys() & asked:
            found[name] += worth / len(posting)
    return [min(MOST_OWN, max(0.0, worth)) for worth in found.values()]


def _place(new: Signature, event: Event) -> tuple[float, float, float]:
    """(same place, another place of the district, another district)."""
    if new.spots and _share(new.spots, event.spots, len(event.documents)) >= 0.15:
        return 1.0, 0.0, 0.0
    if not new.towns:
        if not new.abroad:
            return 0.0, 0.0, 0.0
        same = not new.abroad.isdisjoint(event.abroad)
        return float(same), 0.0, float(not same and bool(event.towns))
    share = _share(new.towns, event.towns, event.located)
    if share >= 0.2:
        return 1.0, 0.0, 0.0
    other = max(0.0, 1 - share / KNOWN_TOWN) if event.located else 0.0
    return 0.0, other, float(not event.located and bool(event.abroad))


def _town_odds(reading: Reading, event: Event) -> tuple[float, float]:
    """(log of how much more usual the document's town is in the event than among all live documents; whether that is unknown).

    An event of all towns is no place: it draws nobody by naming his town too.
    """
    if not reading.towns or not event.located:
        return 0.0, float(bool(reading.towns))
    best = max([(event.towns[town] + usual) / usual for town, usual in reading.towns])
    return min(ODDS, max(-ODDS, math.log(best / (event.located + 1)))), 0.0


def _name(new: Signature, event: Event) -> tuple[float, float]:
    """(a name that the event has too, whole or by how it begins; only other names than the event's)."""
    if not event.named:
        return 0.0, 0.0
    if _share(new.names, event.names, event.named) >= COMMON_NAME:
        return 1.0, 0.0
    if _share(new.pairs & event.heads.keys(), event.heads, event.named) >= COMMON_NAME:
        return 1.0, 0.0
    return 0.0, float(bool(new.names) and new.names.isdisjoint(event.names))


def _kind(reading: Reading, event: Event) -> tuple[float, float]:
    """(cosine of the kinds of incident that the two speak of; log of how much more usual the document's are in the event than
    among all live documents)."""
    if not reading.kinds or not event.kinds:
        return 0.0, 0.0
    both, mine, usual = 0, 0.0, 0.0
    for kind in reading.kinds:
        held = event.kinds.get(kind.name, 0)
        both += kind.share * held
        mine += kind.share * (held + 100 * kind.usual)
        usual += kind.share * kind.usual
    cosine = both / math.sqrt(reading.kinds_squared * event.kinds_squared) if both else 0.0
    return cosine, math.log(mine / (event.held + 100) / usual)


def _numbers(new: Signature, event: Event) -> float:
    """Numbers of two figures or more that both have, two at most."""
    if new.numbers.isdisjoint(event.numbers):
        return 0.0
    return float(min(2, sum([1 for number in new.numbers if len(number) > 1 and number in event.numbers])))


def _owned(reading: Reading, event: Event) -> float:
    """Which share of all live documents of the same kind, in the same town, are this event's."""
    owned = 0.0
    for kind in reading.kinds:
        if kind.name in event.kinds:
            owned += kind.share * max(
                [own.get(event.id, 0) / (size + UNSEEN) for own, size in kind.scenes], default=0.0
            )
    return owned / 100


def _share(names: Set[Key], counted: Counter[Key], size: int) -> float:
    return max([counted[name] for name in names], default=0) / size if size else 0.0


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
