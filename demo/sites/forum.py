"""A Discuz-like forum (云港论坛): one board, threads with floors, replies and views that grow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from demo.growth import grown
from demo.sites import pages
from demo.stories import Piece, wall
from demo.web import Answer, Request

_BOARD = r"/forum-2-(\d+)\.html"


def forum(request: Request, now: datetime) -> Answer:
    """The board's list pages and the threads."""
    if request.path == "/robots.txt":
        return pages.robots("/member.php", "/search.php")
    pieces = pages.of_site("forum", now)
    number = pages.page_number(request.path, _BOARD)
    if number is not None or request.path == "/":
        return Answer(_board(pieces, number or 1, now).encode())
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_thread(found, now).encode()) if found else pages.not_found()


def _board(pieces: Sequence[Piece], number: int, now: datetime) -> str:
    part, count = pages.sliced(pieces, number)
    rows = "\n".join(
        f'<tbody id="normalthread_{piece.native_id}"><tr><th class="common"><a href="{piece.path}" class="s xst">{escape(piece.title)}</a></th>'
        f'<td class="by"><cite>{escape(piece.by)}</cite><em>{wall(piece.published_at)}</em></td>'
        f'<td class="num"><a href="{piece.path}">{grown(piece.growth, piece.published_at, now).comments}</a></td></tr></tbody>'
        for piece in part
    )
    pager = pages.pager(number, count, "/forum-2-1.html", "/forum-2-{n}.html")
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>云港杂谈 - 云港论坛</title></head><body>
<table id="threadlisttableid">{rows}</table>{pager}<p>Powered by Discuz!</p></body></html>"""


def _thread(piece: Piece, now: datetime) -> str:
    counts = grown(piece.growth, piece.published_at, now)
    floors = [(piece.by, pages.text_now(piece, now), piece.published_at)]
    for step, floor in enumerate(piece.floors, start=1):
        by, _, text = floor.partition("|")
        at = piece.published_at + timedelta(minutes=17 * step * step)
        if at <= now:
            floors.append((by, text, at))
    posts = "\n".join(_floor(f"{piece.native_id}{step:02d}", *floor) for step, floor in enumerate(floors))
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(piece.title)} - 云港杂谈 - 云港论坛</title></head><body>
<h1><span id="thread_subject">{escape(piece.title)}</span></h1>
<div class="hm">查看: <span class="views">{counts.reads or 0}</span> 回复: <span class="replies">{counts.comments or 0}</span></div>
<div id="postlist">{posts}</div><p>Powered by Discuz!</p></body></html>"""


def _floor(number: str, by: str, text: str, at: datetime) -> str:
    author = f'<td class="pls"><div class="authi"><a href="space.html" class="xw1">{escape(by)}</a></div></td>'
    words = f'<table><tr><td class="t_f" id="postmessage_{number}">{pages.paragraphs(text)}</td></tr></table>'
    return (
        f'<div id="post_{number}"><table class="plhin"><tr>{author}<td class="plc">'
        f'<em id="authorposton{number}">发表于 {wall(at)}</em>{words}</td></tr></table></div>'
    )
