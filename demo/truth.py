"""What is true of each document (基准答案), and how a stored document is matched to it: the tests measure against this."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from demo.stories import Truth, load_pieces, load_stories
from pipeline.document import Document

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@cache
def load_truth() -> dict[str, Truth]:
    """Truth by native id and by address path (with query): both lead to the same record."""
    found: dict[str, Truth] = {}
    for piece in load_pieces():
        found[piece.native_id] = piece.truth
        if piece.path:
            found[piece.path] = piece.truth
    return found


def truth_of(document: Document) -> Truth | None:
    """The truth of a stored document, whoever gave it its id; None when the document is not of this city.

    Looked up by address (path and query, whatever host served it), then by the last native id inside the document's
    id, then by the last one inside its address.
    """
    known = load_truth()
    if document.url:
        parts = urlsplit(document.url)
        address = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if address in known:
            return known[address]
    for text in (document.id, document.url):
        for token in reversed(_candidates(text)):
            if token in known:
                return known[token]
    return None


def _candidates(text: str) -> list[str]:
    """Whole tokens and their parts between dashes, so that 'weibo-52…' and 'ysq2026-017' are both found."""
    out: list[str] = []
    for token in _TOKEN.findall(text):
        out.extend(part for part in token.split("-") if part)
        tails = token.split("-")
        out.extend("-".join(tails[start:]) for start in range(len(tails)))
    return out


def alerting_storylines() -> dict[str, str]:
    """Storyline → must, may or never: whether an office is to be alerted to it (never = loud but harmless)."""
    return {story.storyline: story.alert for story in load_stories() if not story.alone}


def families() -> dict[str, str]:
    """Storyline → the one it grew from, else itself: a secondary opinion may rightly share its parent's event."""
    return {story.storyline: story.grew_from or story.storyline for story in load_stories() if not story.alone}
