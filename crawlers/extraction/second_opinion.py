"""Second opinions on an uncertain body (旁证): readability and trafilatura fail on other pages than we do.

Asked only where our own body is unsure, since each costs tens of milliseconds. Two that agree outvote the third.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from crawlers.extraction.body import body_text, parse

_AGREE = 0.8


def outvoted(source: str, words: str, title: str) -> str:
    """The body that the two others agree on when it is not ours, else ''."""
    theirs = _readability(source, title)
    if not theirs or _alike(theirs, words) >= _AGREE:
        return ""
    third = _trafilatura(source)
    return theirs if third and _alike(theirs, third) >= _AGREE and _alike(words, third) < _AGREE else ""


def _readability(source: str, title: str) -> str:
    from readability import Document as Readable

    try:
        return body_text(parse(Readable(source).summary(html_partial=True)), title)
    except (ValueError, TypeError, AttributeError, AssertionError, RecursionError, etree.LxmlError):
        return ""
    except Exception as error:  # readability's own error class is private to its module
        if type(error).__name__ == "Unparseable":
            return ""
        raise


def _trafilatura(source: str) -> str:
    import trafilatura

    found: Any = trafilatura.extract(source, include_comments=False, fast=True)
    return str(found or "")


def _alike(one: str, other: str) -> float:
    mine, theirs = _grams(one), _grams(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 1.0


def _grams(text: str) -> set[str]:
    bare = re.sub(r"\s+", "", text)
    return {bare[start : start + 5] for start in range(len(bare) - 4)}
