"""Text → tokens (检索单元): the one tokenizer, for documents and queries, on every index.

A Han character is a token, a run of ASCII letters and digits is a token, any other letter or digit is a token;
the rest (punctuation, space, emoji, marks) is dropped. Both indexes split only on spaces, so what is found is the
same on both: exact substrings, whatever a word cutter would have thought the words are.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 200  # characters of one token; longer runs are cut (Elasticsearch refuses more than 255)

# Han characters that Python's tables may not know yet as letters: radicals, and the planes kept for Han.
_NEW_HAN = "\u2e80-\u2fdf\U00020000-\U0003fffd"
_TOKEN = re.compile(rf"[a-z0-9]{{1,{LONGEST}}}|[^\W_]|[{_NEW_HAN}]")
BETWEEN = rf"(?:[^\w{_NEW_HAN}]|_)"  # a regular expression: a character that is no part of any token
# Characters that may combine with the one before them: marks, half-width kana marks, Hangul vowels and finals.
_COMBINING = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u07fd\u0816-\u0dff\u1160-\u11ff\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\u3099\u309a\u3131-\u318e\uff9e\uff9f\uffa0-\uffdc\ufe20-\ufe2f]"
)
_TOO_LONG = re.compile(rf"[a-z0-9]{{{LONGEST + 1}}}")
_HAS_CLUSTERS = re.compile(_COMBINING)
_CLUSTER = re.compile(f".{_COMBINING}*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Normal:
    """A text as it is searched. Character i of `text` came from original[starts[i]:ends[i]]; None = from i alone."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original text of text[start:end], which must not be empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _Folded(dict[int, str]):
    """Code point → how it is searched, worked out once per character."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


class _Spaced(dict[int, str]):
    """Code point → its tokens with spaces around, so that cutting at spaces is cutting into tokens."""

    def __missing__(self, code: int) -> str:
        parts = [c if c.isascii() and c.isalnum() else f" {c} " if _TOKEN.match(c) else " " for c in _fold(chr(code))]
        self[code] = spaced = "".join(parts)
        return spaced


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return _TOKEN.findall(normalise(text))


def joined(text: str) -> str:
    """The tokens with a space between: what the indexes are given. (Character by character: a third faster than `tokens`.)"""
    if _HAS_CLUSTERS.search(text):
        return " ".join(tokens(text))
    made = " ".join(text.translate(_SPACED).split())
    return " ".join(tokens(text)) if len(made) > LONGEST and _TOO_LONG.search(made) else made


def normalise(text: str) -> str:
    """NFKC and lower case."""
    if text.isascii():
        return text.lower()
    return _fold(text) if _HAS_CLUSTERS.search(text) else text.translate(_FOLDED)


def normal(text: str) -> Normal:
    """The same with the way back to the original, for marking what was found."""
    folded = normalise(text)
    if len(folded) == len(text) and not _HAS_CLUSTERS.search(text):
        return Normal(folded)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        part = _fold(cluster.group())
        parts.append(part)
        starts.extend([cluster.start()] * len(part))
        ends.extend([cluster.end()] * len(part))
    return Normal("".join(parts), starts, ends)


def _fold(text: str) -> str:
    """Lower case may undo NFKC, so NFKC comes again; sigma is lowered alike wherever it stands."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).replace("\u03a3", "\u03c3").lower())


_FOLDED = _Folded()
_SPACED = _Spaced()
