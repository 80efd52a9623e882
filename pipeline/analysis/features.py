"""Text → hashed n-gram features (特征): the vectorised front of every sentiment model.

A feature is an n-gram of 1-3 characters of the normalised text, hashed by integer arithmetic that is the same on
every machine and in every process (never `hash()`, which Python salts). No n-gram is stored anywhere: a model file
holds weights by bucket only, so no training text can be read out of it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.clean import as_they_are

READ_AT_MOST = 4_000  # characters of a text that are read: an article's sense lies at its ends (see `normalise`)
BUCKETS = 1 << 20  # a power of two

Integers = NDArray[np.uint32]

_URL = re.compile(r"(?:https?://|www\.)[\w./?=&%#:;~+-]*", re.ASCII)
_TAG = re.compile(r"<[!/a-zA-Z][^<>]{0,300}>")
_MENTION = re.compile(r"@[\w·\-]{1,30}")
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_SPACE = re.compile(r"[\s\u200b-\u200f\u2028-\u202f\u2060-\u2069\ufeff\ufffd\ufe0f\x00-\x08\ud800-\udfff]+")
_WEIBO_LINK = re.compile(r"\{%|%\}")
_WIDE: dict[int, int] = str.maketrans("。“”‘’", ".\"\"''")  # what NFKC leaves wide


@cache
def _folds() -> dict[int, int]:
    """Traditional → simplified, character by character (OpenCC's table, asked once), and the few wide signs."""
    import opencc

    characters = [chr(c) for c in range(0x4E00, 0xA000)]
    folded = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    changed = {ord(a): ord(b) for a, b in zip(characters, folded, strict=True) if a != b and len(b) == 1}
    return as_they_are() | _WIDE | changed


def normalise(text: str) -> str:
    """One form for one meaning: NFKC, lower case, simplified, no addresses or names of users, runs of a character cut to three.

    Of a text longer than READ_AT_MOST the first three quarters and the last quarter of that are read.
    """
    if len(text) > READ_AT_MOST:
        text = text[: READ_AT_MOST * 3 // 4] + "\n" + text[-READ_AT_MOST // 4 :]
    text = unicodedata.normalize("NFKC", text)
    text = _URL.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = _MENTION.sub("@", _WEIBO_LINK.sub(" ", text))
    text = text.lower().translate(_folds())
    return _SPACE.sub(" ", _REPEATED.sub(r"\1\1\1", text)).strip()


def without_emoticons(text: str) -> str:
    """The text without [表情] emoticons: every figure is reported this way too."""
    return re.sub(r"\[[^\[\]\s]{1,8}\]", "", text)


@dataclass(frozen=True, slots=True)
class Grams:
    """The n-grams of one text: bucket, start and length of each (in order of length, then place)."""

    bucket: Integers
    start: NDArray[np.int32]
    length: NDArray[np.int8]


_MULTIPLIER = np.uint32(0x9E3779B1)  # 2^32 / golden ratio: Knuth's multiplicative hash
_MIX = np.uint32(0x85EBCA6B)  # murmur3's finaliser


def grams(text: str, longest: int = 3) -> Grams:
    """Hash every n-gram of 1..`longest` characters of a normalised text; the text's ends count as characters."""
    codes = np.frombuffer(f"\x02{text}\x03".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    sizes = [len(codes) - n + 1 for n in range(1, min(longest, len(codes)) + 1)]
    mixed = np.empty(sum(sizes), dtype=np.uint32)
    start, length = np.empty(len(mixed), dtype=np.int32), np.empty(len(mixed), dtype=np.int8)
    places = np.arange(-1, len(codes) - 1, dtype=np.int32)
    rolling, at = np.zeros(len(codes), dtype=np.uint32), 0
    for n, size in enumerate(sizes, 1):
        rolling = rolling[:size] ^ codes[n - 1 :]
        rolling *= _MULTIPLIER
        rolling ^= rolling >> np.uint32(15)
        np.add(rolling, np.uint32(n), out=mixed[at : at + size])
        start[at : at + size], length[at : at + size] = places[:size], n
        at += size
    mixed *= _MIX
    mixed ^= mixed >> np.uint32(13)
    mixed &= np.uint32(BUCKETS - 1)
    return Grams(mixed, start, length)
