"""The 12345 hotline's tickets (热线工单): a JSON interface, and the export files (XLSX, GB18030 CSV) that an office receives.

Callers' names and numbers stand in the export, all fictional, so that dropping them on import can be seen.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from demo.sites import pages
from demo.stories import Piece, digest_number, wall
from demo.web import Answer, Request

COLUMNS = ("工单编号", "来电时间", "来电人", "联系电话", "诉求标题", "诉求内容", "所属镇街", "诉求类型", "承办单位", "办理时限",
           "办结时间", "满意度")  # fmt: skip
_UNITS = {"城乡建设": "区住建局", "交通运输": "区交通运输局", "环境保护": "云港生态环境分局", "公共安全": "公安云港分局", "教育文体": "区教育局",
          "卫生计生": "区卫健委", "劳动和社会保障": "区人社局", "商贸旅游": "区市场监管局", "民政救助": "区民政局"}  # fmt: skip
_CATEGORIES = {"咨询": "咨询", "投诉": "投诉", "表扬": "表扬", "感谢": "表扬"}
_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Handling:
    """How a ticket stands at one moment: consultations have a day, all else three; who was satisfied is drawn by number."""

    category: str
    unit: str
    due_at: datetime
    done_at: datetime | None
    satisfaction: str


def handling(piece: Piece, now: datetime) -> Handling:
    draw = digest_number("handling", piece.native_id)
    category = _CATEGORIES.get(piece.title[:2], "求助")
    due_at = piece.published_at + timedelta(hours=24 if category == "咨询" else 72)
    done_at = piece.published_at + timedelta(hours=2 + draw % (30 if category == "咨询" else 86))
    asked = done_at + timedelta(hours=6) <= now
    answer = ("满意", "满意", "满意", "基本满意", "不满意", "")[draw // 100 % 6]
    return Handling(category, _UNITS.get(piece.truth.topic, "区政务服务办"), due_at, done_at if done_at <= now else None,
                    answer if asked else "")  # fmt: skip


_SURNAMES = "顾陆秦何许潘倪廖"


def hotline(request: Request, now: datetime) -> Answer:
    """/api/tickets?page=N without callers; /export/tickets.csv and .xlsx with them, as the hotline sends its office."""
    if request.path == "/robots.txt":
        return pages.robots("/admin/")
    pieces = pages.of_site("hotline", now)
    if request.path == "/api/tickets":
        part, count = pages.sliced(pieces, int(request.query.get("page", "1") or 1))
        answer = {"code": 200, "data": {"list": [_ticket(piece, now) for piece in part], "pages": count}}
        return Answer(json.dumps(answer, ensure_ascii=False).encode(), "application/json; charset=utf-8")
    if request.path == "/export/tickets.csv":
        return Answer(csv_export(pieces, now), "text/csv")
    if request.path == "/export/tickets.xlsx":
        return Answer(xlsx_export(pieces, now), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_public(found).encode()) if found else pages.not_found()


def _ticket(piece: Piece, now: datetime) -> dict[str, str]:
    stands = handling(piece, now)
    return {
        "orderNo": piece.native_id,
        "callTime": wall(piece.published_at, _FORM),
        "title": piece.title,
        "content": piece.text,
        "area": piece.place,
        "category": stands.category,
        "unit": stands.unit,
        "deadline": wall(stands.due_at, _FORM),
        "finishTime": wall(stands.done_at, _FORM) if stands.done_at else "",
        "satisfaction": stands.satisfaction,
    }


def _public(piece: Piece) -> str:
    """The ticket as anyone may see it: no caller."""
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(piece.title)}</title></head><body>
<table><tr><th>工单编号</th><td>{piece.native_id}</td></tr><tr><th>诉求标题</th><td>{escape(piece.title)}</td></tr>
<tr><th>受理时间</th><td>{wall(piece.published_at)}</td></tr><tr><th>诉求内容</th><td>{pages.paragraphs(piece.text)}</td></tr></table></body></html>"""


def rows(pieces: Sequence[Piece], now: datetime) -> list[tuple[str, ...]]:
    """One row a ticket, in the order of COLUMNS; callers are made up from the ticket's number."""
    found: list[tuple[str, ...]] = []
    for piece in pieces:
        draw = digest_number("caller", piece.native_id)
        caller = f"{_SURNAMES[draw % len(_SURNAMES)]}{'先生' if draw % 2 else '女士'}"
        phone = f"1380000{draw % 10_000:04d}"
        at, stands = wall(piece.published_at, _FORM), handling(piece, now)
        done = wall(stands.done_at, _FORM) if stands.done_at else ""
        found.append((piece.native_id, at, caller, phone, piece.title, piece.text, piece.place, stands.category, stands.unit,
                      wall(stands.due_at, _FORM), done, stands.satisfaction))  # fmt: skip
    return found


def csv_export(pieces: Sequence[Piece], now: datetime) -> bytes:
    """GB18030 with a header line: what the hotline's own system writes."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    writer.writerows(rows(pieces, now))
    return buffer.getvalue().encode("gb18030")


def xlsx_export(pieces: Sequence[Piece], now: datetime) -> bytes:
    """The same rows as a workbook."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "工单"
    sheet.append(list(COLUMNS))
    for row in rows(pieces, now):
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
