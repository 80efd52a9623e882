"""Files that leave the dashboard (导出): CSV, XLSX, JSONL. A cell that a spreadsheet might run is kept as text.

Masked text only; no author column exists. A cell that begins with = + - @ or a control character gets an apostrophe in
CSV and a text type in XLSX (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from pipeline.clock import iso
from pipeline.hostile import harmless, plain
from pipeline.search.port import IndexedDocument

MOST = 50_000  # rows of one export
HEADS = (
    "编号", "类别", "信源", "时间", "标题", "正文（已脱敏）", "情感", "主题", "范围", "地点", "可能责任单位", "事件", "链接",
)  # fmt: skip
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
}
_LONGEST_CELL = 32_000


def row_of(one: IndexedDocument) -> tuple[str, ...]:
    return (
        one.id, one.kind.value, one.source, iso(one.at), one.title, one.text, one.sentiment.value, one.topic,
        one.scope.value, "、".join(one.places), "、".join(one.departments), one.event_id, one.url,
    )  # fmt: skip


def to_csv(found: Iterable[IndexedDocument]) -> Iterator[str]:
    """Lines of CSV with a mark that tells spreadsheets it is UTF-8."""
    yield "\ufeff" + _line(HEADS)
    for one in found:
        yield _line([harmless(cell) for cell in row_of(one)])


def to_jsonl(found: Iterable[IndexedDocument]) -> Iterator[str]:
    names = ("id", "kind", "source", "at", "title", "text", "sentiment", "topic", "scope", "places", "departments", "event", "url")  # fmt: skip
    for one in found:
        yield json.dumps(dict(zip(names, row_of(one), strict=True)), ensure_ascii=False) + "\n"


def to_xlsx(found: Iterable[IndexedDocument]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("文档")
    sheet.append(HEADS)
    for one in found:
        cells = []
        for text in row_of(one):
            cell = WriteOnlyCell(sheet, value=plain(text)[:_LONGEST_CELL])
            cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _line(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(cells)
    return stream.getvalue()
