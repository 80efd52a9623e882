"""The 12345 hotline's tickets (热线工单): a JSON interface, and the export files (XLSX, GB18030 CSV) that an office receives.

Callers' names and numbers stand in the export, all fictional, so that dropping them on import can be seen.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from html import escape

from demo.sites import pages
from demo.stories import Piece, digest_number, wall
from demo.web import Answer, Request

COLUMNS = ("工单编号", "来电时间", "来电人", "联系电话", "诉求标题", "诉求内容", "所属镇街")
_SURNAMES = "顾陆秦何许潘倪廖"


def hotline(request: Request, now: datetime) -> Answer:
    """/api/tickets?page=N without callers; /export/tickets.csv and .xlsx with them, as the hotline sends its office."""
    if request.path == "/robots.txt":
        return pages.robots("/admin/")
    pieces = pages.of_site("hotline", now)
    if request.path == "/api/tickets":
        part, count = pages.sliced(pieces, int(request.query.get("page", "1") or 1))
        answer = {"code": 200, "data": {"list": [_ticket(piece) for piece in part], "pages": count}}
        return Answer(json.dumps(answer, ensure_ascii=False).encode(), "application/json; charset=utf-8")
    if request.path == "/export/tickets.csv":
        return Answer(csv_export(pieces), "text/csv")
    if request.path == "/export/tickets.xlsx":
        return Answer(xlsx_export(pieces), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_public(found).encode()) if found else pages.not_found()


def _ticket(piece: Piece) -> dict[str, str]:
    return {
        "orderNo": piece.native_id,
        "callTime": wall(piece.published_at, "%Y-%m-%d %H:%M:%S"),
        "title": piece.title,
        "content": piece.text,
        "area": piece.place,
    }


def _public(piece: Piece) -> str:
    """The ticket as anyone may see it: no caller."""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(piece.title)}</title></head><body>
<table><tr><th>工单编号</th><td>{piece.native_id}</td></tr><tr><th>诉求标题</th><td>{escape(piece.title)}</td></tr>
<tr><th>受理时间</th><td>{wall(piece.published_at)}</td></tr><tr><th>诉求内容</th><td>{pages.paragraphs(piece.text)}</td></tr></table></body></html>"""


def rows(pieces: Sequence[Piece]) -> list[tuple[str, ...]]:
    """One row a ticket, in the order of COLUMNS; callers are made up from the ticket's number."""
    found: list[tuple[str, ...]] = []
    for piece in pieces:
        draw = digest_number("caller", piece.native_id)
        caller = f"{_SURNAMES[draw % len(_SURNAMES)]}{'先生' if draw % 2 else '女士'}"
        phone = f"1380000{draw % 10_000:04d}"
        at = wall(piece.published_at, "%Y-%m-%d %H:%M:%S")
        found.append((piece.native_id, at, caller, phone, piece.title, piece.text, piece.place))
    return found


def csv_export(pieces: Sequence[Piece]) -> bytes:
    """GB18030 with a header line: what the hotline's own system writes."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    writer.writerows(rows(pieces))
    return buffer.getvalue().encode("gb18030")


def xlsx_export(pieces: Sequence[Piece]) -> bytes:
    """The same rows as a workbook."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "工单"
    sheet.append(list(COLUMNS))
    for row in rows(pieces):
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
