"""Comparing what pages write (文字比对): spaces made equal, or everything but letters and digits left out."""

from __future__ import annotations

import re


def flat(text: str) -> str:
    """One line, single spaces."""
    return " ".join(text.replace("\u00a0", " ").replace("\u3000", " ").replace("\u200b", "").split())


def bare(text: str) -> str:
    """Letters and digits only: two spellings of one headline become equal."""
    return re.sub(r"[\W_]+", "", text)
