"""How two headlines compare, without meaning (标题对特征): cosines and overlaps of words and characters, numbers, substrings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pipeline.events import sparse

Floats = npt.NDArray[np.float64]
Weighted = dict[int, float]

READ = 120  # characters of a text that are compared
RAREST = 3  # rarest shared and unshared words looked at


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


def pair_features(source: str, target: str) -> Floats:
    """The features of a pair, the same whichever comes first."""
    left, right = sorted((parts(source), parts(target)), key=lambda one: (len(one.cleaned), one.cleaned))
    found = [
        _cosine(left.characters, right.characters),
        _cosine(left.pairs, right.pairs),
        _cosine(left.triples, right.triples),
        _cosine(left.words, right.words),
    ]
    for mine, theirs in ((left.words, right.words), (left.pairs, right.pairs)):
        found += _overlap(mine, theirs)
    found += _rarest(set(left.spelled) & set(right.spelled))
    found += _rarest(set(left.spelled) - set(right.spelled))
    both = left.numbers & right.numbers
    found += [
        len(both),
        len(left.numbers - both) if right.numbers else 0,
        len(right.numbers - both) if left.numbers else 0,
        len(both) / max(1, min(len(left.numbers), len(right.numbers))),
    ]
    common = _longest_common(left.cleaned, right.cleaned)
    sizes = len(left.cleaned), len(right.cleaned)
    found += [common, common / max(1, sizes[0]), *sizes, sizes[0] / max(1, sizes[1])]
    return np.array(found, dtype=np.float64)


@lru_cache(maxsize=8192)
def parts(text: str) -> Parts:
    """Take a text apart."""
    cleaned = sparse.clean(text)[:READ]
    words = sparse.words(cleaned)
    return Parts(
        cleaned,
        _weigh(character for character in cleaned if not character.isspace()),
        _weigh(sparse.pairs(cleaned)),
        _weigh(cleaned[i : i + 3] for i in range(len(cleaned) - 2)),
        _weigh(words),
        tuple(words),
        sparse.numbers(cleaned),
    )


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


def _rarest(words: set[str]) -> list[float]:
    rarity = sparse.shipped_rarity()
    found = sorted((rarity[sparse.cell(word)] * len(word) for word in words), reverse=True)[:RAREST]
    return found + [0.0] * (RAREST - len(found))


def _longest_common(left: str, right: str) -> int:
    """Length of the longest run of characters that both have."""
    best, row = 0, [0] * (len(right) + 1)
    for character in left:
        row = [0] + [row[j] + 1 if character == other else 0 for j, other in enumerate(right)]
        best = max(best, *row)
    return best
