"""Character 4-gram fingerprints (四字片段指纹): one text → its sorted, distinct 32-bit hashes.

Stable across processes and machines: plain integer arithmetic on code points, no seed, no `hash()`.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint32]

WIDTH = 4
_NOT_WORD = re.compile(r"[\W_]+")
_MULTIPLIERS = tuple(np.uint32(m) for m in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F))


def normalise(text: str) -> str:
    """Fold width and case and drop all that is neither letter nor digit, so that layout never hides a copy."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).lower())


def shingles(normalised: str) -> Hashes:
    """Distinct hashes of all 4-grams, ascending; a text shorter than 4 characters counts as one gram."""
    padded = normalised.ljust(WIDTH)
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    size = len(codes) - WIDTH + 1
    mixed = codes[:size] * _MULTIPLIERS[0]
    for offset in range(1, WIDTH):
        mixed ^= mixed >> np.uint32(15)
        mixed += codes[offset : offset + size] * _MULTIPLIERS[offset]
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x7FEB352D)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x846CA68B)
    mixed ^= mixed >> np.uint32(16)
    mixed.sort()
    if size > 1:
        keep = np.empty(size, dtype=bool)
        keep[0] = True
        np.not_equal(mixed[1:], mixed[:-1], out=keep[1:])
        mixed = mixed[keep]
    return mixed


def shared(left: Hashes, right: Hashes) -> int:
    """How many hashes two ascending arrays have in common."""
    if len(left) > len(right):
        left, right = right, left
    if not len(left):
        return 0
    spots = np.searchsorted(right, left)
    spots[spots == len(right)] = 0
    return int(np.count_nonzero(right[spots] == left))
