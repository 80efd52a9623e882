"""Comparing what pages write (文字比对): spaces made equal, or everything but letters and digits left out."""

from __future__ import annotations

import re
from typing import Any


def text_of(element: Any) -> str:
    """All words of an element, as they stand. Of one without children, most are, they are at hand: lxml's own way
    lets go of the interpreter and waits to have it back, each time."""
    return (element.text or "") if len(element) == 0 else element.text_content()


def flat(text: str) -> str:
    """One line, single spaces."""
    return " ".join(text.replace("\u200b", "").split())


def bare(text: str) -> str:
    """Letters and digits only: two spellings of one headline become equal."""
    return re.sub(r"[\W_]+", "", text)
