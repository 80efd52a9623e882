"""What grouping reads of one document (文档特征): its weightiest terms, places, kinds of incident and numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache

from pipeline.analysis.gist import Gist, read_gist
from pipeline.document import Judged, Scope
from pipeline.events import sparse
from pipeline.events.bare_text import bare, names_of
from pipeline.events.incidents import Incidents
from pipeline.events.names import names

TERMS = 40  # terms kept of one document
RARE = 12  # rare words kept of one document
COMMON = 6.0  # rarity up to which a word is not rare
READ = 600  # characters of the text that are read: what a report is about stands at its head
_HASHTAG = re.compile(r"#([^#\s]{2,30})#")
_TAG = re.compile(r"#[^#\s]{3,30}#|《[^》\s]{4,40}》")


@dataclass(frozen=True, slots=True)
class Signature:
    """One document as grouping sees it; terms are hashed cells in descending weight."""

    document_id: str
    at: datetime
    moment: int  # the same in whole seconds
    terms: tuple[int, ...]
    weights: tuple[float, ...]  # term frequency factor, without rarity
    words: tuple[str, ...]  # the readable ones among the terms, for the reason
    kinds: dict[str, int]  # kind of incident → share in percent
    tags: frozenset[int]  # hashtags and 《titles》, hashed
    names: frozenset[str]  # estates, companies, schools, landmarks
    towns: frozenset[str]
    spots: frozenset[str]  # landmarks, villages, roads
    abroad: frozenset[str]  # places outside the district
    numbers: frozenset[str]
    repost_of: str
    rare: dict[int, float]  # rare words of the text that are no place's: how much rarer than COMMON
    placed: frozenset[int]  # terms that are letters of the places named
    gist: Gist = field(compare=False)  # what it is about
    pairs: frozenset[int]  # the rare ones among its terms that are pairs of letters
    heads: frozenset[int]  # of its names, how each begins (恒泰 of 恒泰新材料), when that is rare
    anchored: bool  # names a place, a kind of incident, a name or a tag: it says by itself what it is about


def signature(judged: Judged, incidents: Incidents) -> Signature:
    """Read a judged document; a pure function, so that a restored grouping sees what the first one saw."""
    document, analysis = judged.document, judged.analysis
    title = sparse.clean(analysis.masked_title or document.title)
    body = sparse.clean((analysis.masked_text or document.text)[:READ])
    counts: Counter[str] = Counter()
    whole: set[str] = set()
    called = names_of(judged.analysis.places)
    for text, times in ((title, 2), (body, 1)):
        said = bare(text, called)
        words = [*sparse.words(said), *("#" + tag for tag in _HASHTAG.findall(text))]
        whole.update(word for word in words if len(word) > 1)
        for _ in range(times):
            counts.update(words)
            counts.update(sparse.pairs(said))
    for name in called:
        if name in title or name in body:
            counts.update(_letters(name))
    cell, rarity_of = sparse.cell, sparse.rarity_of
    best = sorted([(-rarity_of(term) * _factor(n), term) for term, n in counts.items()])[:TERMS]
    placed = _placed(judged)
    rare = _rare_words(whole, placed)
    kept: dict[int, float] = {}
    for term in (*(term for _, term in best), *rare):
        kept.setdefault(cell(term), _factor(counts[term]))
    towns, spots, abroad = _places(judged)
    whole_text = title + " " + body
    kinds, _ = incidents.kinds(whole_text)
    tags = frozenset(sparse.cell(tag) for tag in _TAG.findall(title + body))
    named = spots | names(whole_text)
    return Signature(
        document.id,
        document.known_at,
        int(document.known_at.timestamp()),
        tuple(kept),
        tuple(kept.values()),
        tuple(term for _, term in best if term in whole)[:12],
        kinds,
        tags,
        named,
        towns,
        spots,
        abroad,
        sparse.numbers(whole_text),
        document.repost_of,
        {cell(term): worth for term, worth in rare.items()},
        frozenset(map(cell, placed)),
        read_gist(analysis.gist),
        frozenset([cell(term) for _, term in best if len(term) == 2 and rarity_of(term) >= COMMON]),
        frozenset([cell(name[:2]) for name in named if len(name) > 2 and rarity_of(name[:2]) >= COMMON]),
        bool(kinds or tags or named or towns or abroad),
    )


@lru_cache(maxsize=1 << 12)
def _letters(name: str) -> frozenset[str]:
    """A place's name, its words and its pairs."""
    return frozenset((name, *sparse.words(name), *sparse.pairs(name)))


def _placed(judged: Judged) -> set[str]:
    """The words and letters of the places named: a shared place is evidence by itself, and its letters are no second one."""
    placed: set[str] = set()
    for place in judged.analysis.places:
        placed |= _letters(place.name) | _letters(place.town) | _letters(place.district)
    return placed


def _rare_words(whole: set[str], placed: set[str]) -> dict[str, float]:
    """The rarest whole words but those of places, with how much rarer than COMMON they are."""
    worth = {word: sparse.rarity_of(word) - COMMON for word in whole if word not in placed and not word.isdigit()}
    ranked = sorted((-value, word) for word, value in worth.items() if value > 0)[:RARE]
    return {word: -value for value, word in ranked}


@cache
def _factor(times: int) -> float:
    """What a term of a document counts that has it so many times."""
    return 1 + math.log(times)


def _places(judged: Judged) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """(towns, finer places, places of other districts)."""
    towns: set[str] = set()
    spots: set[str] = set()
    abroad: set[str] = set()
    for place in judged.analysis.places:
        if place.town:
            towns.add(place.town)
            if place.name != place.town:
                spots.add(place.name)
        elif place.district == place.name and judged.analysis.scope is Scope.LOCAL:
            continue
        elif judged.analysis.scope is Scope.LOCAL:
            spots.add(place.name)
        else:
            abroad.add(place.name)
    return frozenset(towns), frozenset(spots), frozenset(abroad)
