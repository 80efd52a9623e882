"""Words → hashed features of the topic model (特征): the same in training and in use.

Features: words, pairs of neighbouring words, the first LEAD words once more (a message says in its title what it is
about), and 2- and 3-grams of characters over the kept words. Each is a 32-bit number computed by integer arithmetic
that is the same everywhere; no word is stored, so no training text can be read out of a model file.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

LEAD = 12
MOST_WORDS = 800  # words of a text that are read
_MULTIPLIER = np.uint32(0x9E3779B1)  # 2^32 / golden ratio
_MIX = np.uint32(0x85EBCA6B)  # murmur3's finaliser
_PAIR, _LEAD, _CHARACTERS = np.uint32(0x1B873593), np.uint32(0xCC9E2D51), np.uint32(0xE6546B64)


def word_hash(word: str) -> int:
    """The 32-bit number of a word."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def features(words: Sequence[str], hashes: Hashes) -> Hashes:
    """All features of the kept words (with repeats); `hashes` are the words' own numbers."""
    parts = [hashes, hashes[:LEAD] ^ _LEAD]
    if len(hashes) > 1:
        parts.append((hashes[:-1] * _MULTIPLIER + hashes[1:]) ^ _PAIR)
    codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rolling = codes
    for size in (2, 3):
        if len(codes) >= size:
            rolling = rolling[:-1] * _MULTIPLIER + codes[size - 1 :]
            parts.append(rolling ^ (_CHARACTERS ^ np.uint32(size)))
    found = np.concatenate(parts)
    _mix(found[len(hashes) :])
    return found


def _mix(values: Hashes) -> None:
    """Scatter the bits of the numbers, in place: all of a text's at once."""
    values *= _MIX
    values ^= values >> np.uint32(15)
    values *= _MULTIPLIER
    values ^= values >> np.uint32(13)
