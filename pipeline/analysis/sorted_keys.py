"""Finding many numbers among many sorted ones at once (散列表): a first guess by the upper bits, then a few halvings.

A plain binary search among 400,000 keys misses the processor's cache a dozen times a number; here the upper bits of the
wanted number say where to begin, and what is left to search is a handful of neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

UPPER = 20  # bits that point at the beginning: a table of 4 MB
_LOWER = np.uint32(32 - UPPER)
_LAST = np.uint32(0xFFFFFFFF)


class SortedKeys:
    """Sorted 32-bit numbers, each once, ready to be looked up in."""

    def __init__(self, keys: Hashes) -> None:
        self._size = len(keys)
        counts = np.bincount(keys >> _LOWER, minlength=1 << UPPER)
        self._first = (np.cumsum(counts) - counts).astype(np.int32)
        steps = int(counts.max(initial=0)).bit_length()
        self._steps = tuple(1 << n for n in reversed(range(steps)))
        self._keys = np.concatenate([keys, np.full(1 << steps, _LAST, dtype=np.uint32)])

    def __len__(self) -> int:
        return self._size

    def find(self, wanted: Hashes) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """(place among the keys, whether it is there) of each wanted number; the place of one that is not there is 0."""
        at = self._first.take(wanted >> _LOWER)
        for step in self._steps:
            np.add(at, step, out=at, where=self._keys[step - 1 :].take(at) < wanted)
        known = self._keys.take(at) == wanted
        known &= at < self._size
        at *= known
        return at, known
