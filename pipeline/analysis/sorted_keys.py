"""Finding many numbers among many sorted ones at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]


class SortedKeys:
    """Sorted 32-bit numbers, each once, ready to be looked up in (fastest for wanted numbers that are sorted too)."""

    def __init__(self, keys: Hashes) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """(place among the keys, whether it is there) of each wanted number; the place of one that is not there is 0."""
        at = self._keys.searchsorted(wanted)
        at[at == len(self._keys)] = 0
        known = self._keys.take(at) == wanted
        at *= known
        return at, known
