"""How two headlines compare (标题对特征): cosines and overlaps of words and characters, names, numbers, substrings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import rjieba

from pipeline.events import sparse

Floats = npt.NDArray[np.float64]
Weighted = dict[int, float]

# part of speech → who, where, which body, what is done, what it is about
GROUPS = {
    "nr": 0,
    "nrt": 0,
    "nrfg": 0,
    "ns": 1,
    "nt": 2,
    "nz": 2,
    "eng": 2,
    "v": 3,
    "vn": 3,
    "vd": 3,
    "n": 4,
    "nl": 4,
    "an": 4,
    "a": 4,
}
READ = 120  # characters of a text in which names and the longest common run are looked for
SHARED, UNSHARED = 3, 2  # rarest words looked at


@dataclass(frozen=True, slots=True)
class Parts:
    """One text, taken apart once."""

    cleaned: str
    characters: Weighted
    pairs: Weighted
    triples: Weighted
    words: Weighted
    spelled: tuple[str, ...]
    numbers: frozenset[str]
    groups: tuple[dict[str, float], ...]  # by GROUPS: word → rarity


def pair_features(source: str, target: str) -> Floats:
    """The features of a pair, the same whichever comes first."""
    left, right = sorted((parts(source), parts(target)), key=lambda one: (len(one.cleaned), one.cleaned))
    found = [
        _cosine(left.words, right.words),
        _cosine(left.pairs, right.pairs),
        _cosine(left.triples, right.triples),
        _cosine(left.characters, right.characters),
    ]
    for mine, theirs in ((left.words, right.words), (left.pairs, right.pairs)):
        found += _overlap(mine, theirs)
    found += _rarest(set(left.spelled) & set(right.spelled), SHARED)
    found += _rarest(set(left.spelled) - set(right.spelled), UNSHARED)
    both = left.numbers & right.numbers
    found += [
        len(both),
        len(left.numbers - both) if right.numbers else 0,
        len(right.numbers - both) if left.numbers else 0,
        len(both) / max(1, min(len(left.numbers), len(right.numbers))),
    ]
    common = _longest_common(left.cleaned[:READ], right.cleaned[:READ])
    sizes = len(left.cleaned), len(right.cleaned)
    found += [common, common / max(1, sizes[0]), *sizes, sizes[0] / max(1, sizes[1])]
    for ours, others in zip(left.groups, right.groups, strict=True):
        found += _group_overlap(ours, others)
    return np.array(found, dtype=np.float64)


@lru_cache(maxsize=8192)
def parts(text: str) -> Parts:
    """Take a text apart."""
    cleaned = sparse.clean(text)
    words = sparse.words(cleaned)
    return Parts(
        cleaned,
        _weigh(cleaned.replace(" ", "")),
        _weigh(sparse.pairs(cleaned)),
        _weigh(sparse.triples(cleaned)),
        _weigh(words),
        tuple(words),
        sparse.numbers(cleaned),
        _grouped(cleaned[:READ]),
    )


def _grouped(cleaned: str) -> tuple[dict[str, float], ...]:
    """Words of two letters or more by what they name, with their rarity."""
    rarity = sparse.shipped_rarity()
    groups: tuple[dict[str, float], ...] = tuple({} for _ in range(5))
    for word, tag in _tagger().tag(cleaned):
        group = GROUPS.get(tag)
        if group is not None and len(word) > 1:
            groups[group][word] = rarity[sparse.cell(word)]
    return groups


@cache
def _tagger() -> rjieba.Jieba:
    return rjieba.Jieba()


def _group_overlap(left: dict[str, float], right: dict[str, float]) -> list[float]:
    """Share of each side's names that the other has (-1 when it names none), and the shared weight."""
    shared = math.fsum(weight for word, weight in left.items() if word in right)
    mine, theirs = math.fsum(left.values()), math.fsum(right.values())
    return [shared / mine if mine else -1.0, shared / theirs if theirs else -1.0, min(shared, 30.0)]


def _weigh(terms: Iterable[str]) -> Weighted:
    rarity = sparse.shipped_rarity()
    counts = Counter(sparse.cell(term) for term in terms)
    return {term: (1 + math.log(count)) * rarity[term] for term, count in counts.items()}


def _cosine(left: Weighted, right: Weighted) -> float:
    dot = math.fsum(weight * right[term] for term, weight in left.items() if term in right)
    norms = math.fsum(w * w for w in left.values()) * math.fsum(w * w for w in right.values())
    return dot / math.sqrt(norms) if norms else 0.0


def _overlap(left: Weighted, right: Weighted) -> list[float]:
    """Rarity-weighted share of each side that stands in the other, and the shared weight itself."""
    shared = math.fsum(weight for term, weight in left.items() if term in right)
    back = math.fsum(weight for term, weight in right.items() if term in left)
    mine, theirs = math.fsum(left.values()), math.fsum(right.values())
    return [shared / mine if mine else 0.0, back / theirs if theirs else 0.0, min(shared, 60.0)]


def _rarest(words: set[str], count: int) -> list[float]:
    rarity = sparse.shipped_rarity()
    found = sorted((rarity[sparse.cell(word)] * len(word) for word in words), reverse=True)[:count]
    return found + [0.0] * (count - len(found))


def _longest_common(left: str, right: str) -> int:
    """Length of the longest run of characters that both have."""
    best, row = 0, [0] * (len(right) + 1)
    for character in left:
        row = [0] + [row[j] + 1 if character == other else 0 for j, other in enumerate(right)]
        best = max(best, *row)
    return best
