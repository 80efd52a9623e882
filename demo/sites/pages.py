"""What all sites' pages share: escaping, paragraphs, numbered list pages, robots.txt, a photo, 404."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape

from demo.stories import Piece, shown
from demo.web import Answer

PER_PAGE = 12
_PHOTO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><rect width="640" height="400" fill="#cdd6d2"/>'
    '<text x="320" y="210" text-anchor="middle" font-size="28" fill="#557">演示照片</text></svg>'
)


def of_site(site: str, at: datetime) -> list[Piece]:
    """What a site shows at a moment, newest first."""
    return sorted((piece for piece in shown(at) if piece.site == site), key=lambda piece: piece.shown_at, reverse=True)


def text_now(piece: Piece, at: datetime) -> str:
    """The text as it stands: edited pages show the later wording from then on."""
    return (piece.edited_text if piece.edited_at and piece.edited_at <= at else piece.text).strip()


def paragraphs(text: str, tag: str = "p") -> str:
    return "\n".join(f"<{tag}>{escape(line)}</{tag}>" for line in text.split("\n") if line.strip())


def photos(piece: Piece) -> str:
    return "".join(
        f'<p><img src="/img/{piece.native_id}-{number}.svg" alt=""></p>' for number in range(1, piece.images + 1)
    )


def photo(path: str) -> Answer | None:
    return Answer(_PHOTO.encode(), "image/svg+xml") if path.startswith("/img/") else None


def page_number(path: str, pattern: str) -> int | None:
    """`pattern` with the one group of the number: 1 when the group is empty, None when the path is another page."""
    match = re.fullmatch(pattern, path)
    return None if match is None else int(match.group(1) or 1)


def sliced(pieces: Sequence[Piece], number: int) -> tuple[Sequence[Piece], int]:
    """The pieces of a list page and how many pages there are."""
    pages = max(1, -(-len(pieces) // PER_PAGE))
    return pieces[(number - 1) * PER_PAGE : number * PER_PAGE], pages


def pager(number: int, pages: int, first: str, later: str) -> str:
    """Links to the neighbouring pages; `later` holds {n}."""

    def address(target: int) -> str:
        return first if target == 1 else later.format(n=target)

    before = f'<a href="{address(number - 1)}">上一页</a>' if number > 1 else ""
    after = f'<a href="{address(number + 1)}">下一页</a>' if number < pages else ""
    return f'<div class="page">{before} 第 {number} 页 / 共 {pages} 页 {after}</div>'


def latest(pieces: Sequence[Piece], at: datetime) -> datetime | None:
    """When a page with these pieces last changed."""
    moments = [piece.shown_at for piece in pieces]
    moments += [piece.edited_at for piece in pieces if piece.edited_at and piece.edited_at <= at]
    return max(moments, default=None)


def robots(*disallowed: str) -> Answer:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in disallowed)]
    return Answer(("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8")


def not_found() -> Answer:
    return Answer("<html><title>404</title><body><h1>页面不存在</h1></body></html>".encode(), status=404)
