"""What a text is about (要旨), as one short vector: its words' meanings, summed by how rare they are.

The table (`models/gist.npz`, no text in it) holds, for some 50,000 common words, where a Chinese language model puts each by
itself, its six strongest directions (which tell word from word least) left out: `huiying train gist`. A post that says
煤气 comes near one that says 燃气, though they share no word. All sums are of whole numbers, exact in any order: every machine
and every batch finds the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pipeline.events import sparse

Gist = npt.NDArray[np.int16]  # of a text, of LENGTH
Gists = npt.NDArray[np.int32]  # the sum of several

MODEL = Path(__file__).parent / "models" / "gist.npz"
WIDTH = 128
LENGTH = 127  # of a text's gist, whatever its number of words
EVERYDAY = 2.0  # rarity from which a word says what a text is about
LEAST = 0.3  # what an everyday word says all the same
STEPS = 8  # a word's weight is counted in eighths


def key(word: str) -> int:
    """Stable hash of a word, by which the table knows it."""
    return crc32(word.encode("utf-8", "surrogatepass"))


@cache
def _table() -> tuple[dict[int, int], npt.NDArray[np.int8]]:
    """(row by key, rows)."""
    with np.load(MODEL) as stored:
        return {number: row for row, number in enumerate(stored["keys"].tolist())}, stored["rows"]


@lru_cache(maxsize=1 << 17)
def _weighed(word: str) -> tuple[int, float] | None:
    """(row, weight of one occurrence); None when the table does not know the word."""
    row = _table()[0].get(key(word))
    return None if row is None else (row, STEPS * max(LEAST, sparse.rarity_of(word) - EVERYDAY))


def gist(counts: Mapping[str, int]) -> Gist:
    """The gist of a text with these words; all zero when the table knows none of them."""
    rows, weights = [], []
    for word, times in counts.items():
        found = _weighed(word)
        if found:
            rows.append(found[0])
            weights.append(round(found[1] * (1 + math.log(times))))
    if not rows:
        return np.zeros(WIDTH, dtype=np.int16)
    summed = np.array(weights, dtype=np.float64) @ _table()[1][rows].astype(np.float64)
    length = math.sqrt(float(summed @ summed)) or 1.0
    return np.rint(summed * (LENGTH / length)).astype(np.int16)


def nearness(one: Gist | Gists, others: Sequence[Gists]) -> list[float]:
    """Cosine of a gist, or of the sum of several, with each of the others; 0 where one says nothing."""
    table, mine = np.array(others, dtype=np.float64), one.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", table, table) * float(mine @ mine))
    cosines: list[float] = (table @ mine / np.maximum(lengths, 1.0)).tolist()
    return cosines
