"""RSS as the city's sites and the subscription tool write it (订阅源)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from demo.sites import pages
from demo.stories import Piece
from demo.web import Answer


def rss(title: str, base: str, pieces: Sequence[Piece], now: datetime, words: int) -> Answer:
    """A feed of these pieces; each description is the first `words` characters of the text."""
    items = "".join(_item(piece, base, words) for piece in pieces)
    channel = f"<title>{escape(title)}</title><link>{base}/</link><description>{escape(title)}</description>{items}"
    body = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{channel}</channel></rss>'
    return Answer(body.encode(), "application/rss+xml; charset=utf-8", modified=pages.latest(pieces, now))


def _item(piece: Piece, base: str, words: int) -> str:
    link = f"{base}{piece.path}"
    summary = piece.text.strip().replace("\n", " ")[:words]
    return (
        f'<item><title>{escape(piece.title)}</title><link>{link}</link><guid isPermaLink="false">{piece.native_id}</guid>'
        f"<author>{escape(piece.by)}</author><pubDate>{format_datetime(piece.published_at)}</pubDate>"
        f"<description>{escape(summary)}</description></item>"
    )
