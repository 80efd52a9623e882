"""The portal's mailbox (区长信箱) and the disclosure requests (依申请公开): lists, details, replies when they have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from demo.growth import grown
from demo.sites import pages
from demo.stories import Piece, wall
from demo.web import Answer, Request

_MAIL_LIST = r"/mailbox/list(?:_(\d+))?\.html"
_DISCLOSURE_LIST = r"/ysqgk/list(?:_(\d+))?\.html"
_REPLY_DUE = timedelta(days=15)


def mailbox(request: Request, now: datetime) -> Answer:
    """List and detail pages of letters; the writer is never named."""
    if request.path == "/robots.txt":
        return pages.robots("/mailbox/query")
    pieces = pages.of_site("mailbox", now)
    number = pages.page_number(request.path, _MAIL_LIST)
    if number is not None or request.path == "/":
        return Answer(_list("云港区区长信箱", pieces, number or 1, "/mailbox/list", now).encode())
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_letter(found, now).encode()) if found else pages.not_found()


def disclosure(request: Request, now: datetime) -> Answer:
    """Requests as received: number, subject, unit, state."""
    if request.path == "/robots.txt":
        return pages.robots("/ysqgk/admin")
    pieces = pages.of_site("disclosure", now)
    number = pages.page_number(request.path, _DISCLOSURE_LIST)
    if number is not None or request.path == "/":
        return Answer(_list("云港区依申请公开办理公示", pieces, number or 1, "/ysqgk/list", now).encode())
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_request(found).encode()) if found else pages.not_found()


def state(piece: Piece, now: datetime) -> str:
    """办理状态 as the portal shows it."""
    if piece.reply and piece.reply.at and piece.reply.at <= now:
        return "已办结"
    return "已逾期" if now - piece.published_at > _REPLY_DUE else "办理中"


def _list(name: str, pieces: Sequence[Piece], number: int, stem: str, now: datetime) -> str:
    part, count = pages.sliced(pieces, number)
    rows = "\n".join(
        f'<tr><td>{piece.native_id}</td><td><a href="{piece.path}">{escape(piece.title)}</a></td><td>{escape(piece.by)}</td>'
        f"<td>{wall(piece.published_at, '%Y-%m-%d')}</td><td>{state(piece, now)}</td></tr>"
        for piece in part
    )
    pager = pages.pager(number, count, f"{stem}.html", stem + "_{n}.html")
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{name}</title></head><body><h1>{name}</h1>
<table class="list"><tr><th>编号</th><th>标题</th><th>受理单位</th><th>日期</th><th>状态</th></tr>
{rows}
</table>{pager}</body></html>"""


def _letter(piece: Piece, now: datetime) -> str:
    likes = grown(piece.growth, piece.published_at, now).likes or 0
    reply = ""
    if piece.reply and piece.reply.at and piece.reply.at <= now:
        reply = (
            f'<table class="reply">{_row("答复单位", piece.reply.department)}{_row("答复时间", wall(piece.reply.at))}'
            f"<tr><th>答复内容</th><td>{pages.paragraphs(piece.reply.text)}</td></tr></table>"
        )
    rows = [
        _row("信件编号", piece.native_id),
        _row("信件标题", piece.title),
        _row("来信时间", wall(piece.published_at, "%Y-%m-%d %H:%M:%S")),
        _row("所属区域", piece.place),
        _row("受理单位", piece.by),
        _row("办理状态", state(piece, now)),
        _row("点赞数", str(likes)),
        f"<tr><th>信件内容</th><td>{pages.paragraphs(piece.text)}</td></tr>",
    ]
    return _page(f"{piece.title}-云港区区长信箱", f'<table class="letter">{"".join(rows)}</table>{reply}')


def _request(piece: Piece) -> str:
    rows = [
        _row("申请编号", piece.native_id),
        _row("标题", piece.title),
        _row("申请时间", wall(piece.published_at)),
        _row("受理机构", piece.by),
        f"<tr><th>申请内容</th><td>{pages.paragraphs(piece.text)}</td></tr>",
        _row("办理状态", "办理中"),
    ]
    return _page(f"{piece.title}-依申请公开", f'<table class="letter">{"".join(rows)}</table>')


def _row(label: str, value: str) -> str:
    return f"<tr><th>{label}</th><td>{escape(value)}</td></tr>"


def _page(title: str, body: str) -> str:
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(title)}</title></head><body>
<div class="nav"><a href="/">返回列表</a></div>
{body}
</body></html>"""
