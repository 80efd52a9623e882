"""A found document with its marks, made the same way for every index."""

from __future__ import annotations

from pipeline.search.highlight import mark, snippet
from pipeline.search.port import Hit, IndexedDocument


def to_hit(document: IndexedDocument, wanted: list[tuple[str, ...]], relevance: float) -> Hit:
    return Hit(document, mark(document.title, wanted), snippet(document.text, wanted), relevance)
