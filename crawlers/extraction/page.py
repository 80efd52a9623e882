"""What a page is and says (页面): the result of extraction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page: absolute address and its words."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as understood. `published_at` is aware; `precision` says how exact it is; `reasons` say where each part
    was found. Parts that were not found are empty."""

    page: Literal["article", "list", "other"]
    title: str = ""
    published_at: datetime | None = None
    precision: Literal["", "second", "minute", "hour", "day"] = ""
    author: str = ""
    source: str = ""
    text: str = ""
    images: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
