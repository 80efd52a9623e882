"""Sparse words of a text (稀疏特征): hashed words and character pairs with a static rarity, the same on every machine.

The rarity table (`models/rarity.npz`, 2^18 hashed cells, no text in it) was built once from document frequencies of public
headlines, posts and letters, and never learns while running: so a replay weighs every word as living through it did.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
import rjieba

CELLS = 1 << 18
MODEL = Path(__file__).parent / "models" / "rarity.npz"
_RUN = re.compile(r"[一-鿿㐀-䶿]+|[a-z0-9]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?|[零一二三四五六七八九十百千万两]{2,}")
_NOISE = re.compile(r"https?://\S+|@[\w\-·]{1,30}|\[[一-鿿\w]{1,8}\]")
_FILLER = frozenset(
    "的了在是我有和就不人都一个上也很到说要去你会着没看好自己这那他她它们吗吧啊呢呀么与及其被把让从对为以于而但或还又再"
)


@cache
def shipped_rarity() -> list[float]:
    """The rarity of every cell: log(documents / documents with it), read once."""
    with np.load(MODEL) as stored:
        codes: npt.NDArray[np.uint8] = stored["rarity"]
        steps = [float(stored["highest"]) * code / 255 for code in range(256)]
    return [steps[code] for code in codes.tolist()]


def clean(text: str) -> str:
    """Fold width and case; drop broken characters, links, names called with @ and bracketed emoticons."""
    whole = text.encode("utf-8", "ignore").decode("utf-8")
    return _NOISE.sub(" ", unicodedata.normalize("NFKC", whole).lower())


@lru_cache(maxsize=1 << 17)
def cell(term: str) -> int:
    """Stable hash of a term."""
    return crc32(term.encode("utf-8", "surrogatepass")) & (CELLS - 1)


@lru_cache(maxsize=1 << 17)
def rarity_of(term: str) -> float:
    """The rarity of one term."""
    return shipped_rarity()[cell(term)]


@cache
def _segmenter() -> rjieba.Jieba:
    """A segmenter of its own: words that another room adds to the common one must not move an event."""
    return rjieba.Jieba()


def words(cleaned: str) -> list[str]:
    """Words of two letters or more, and single characters that carry meaning."""
    cut = _segmenter().cut
    return [w for run in _RUN.findall(cleaned) for w in cut(run) if len(w) > 1 or w not in _FILLER]


def pairs(cleaned: str) -> list[str]:
    """Overlapping character pairs within runs."""
    return [run[i : i + 2] for run in _RUN.findall(cleaned) for i in range(len(run) - 1)]


def triples(cleaned: str) -> list[str]:
    """Overlapping character triples within runs."""
    return [run[i : i + 3] for run in _RUN.findall(cleaned) for i in range(len(run) - 2)]


def numbers(cleaned: str) -> frozenset[str]:
    """Numbers as written, leading zeros dropped."""
    return frozenset(found.lstrip("0") or "0" for found in _NUMBER.findall(cleaned))
