"""The statistics as XLSX and DOCX (统计表): the table, and behind every number its list."""

from __future__ import annotations

import io
from collections.abc import Sequence

from docx import Document as new_document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.cases.statistics import Item, Report, UnitRecord
from pipeline.clock import shanghai

UNIT_HEADS = ("单位", "交办", "按时反馈", "逾期", "待反馈", "退回", "时限按时", "时限逾期", "情况动态报送", "采用")
LIST_HEADS = ("项目", "栏目", "编号", "标题", "单位", "时间", "说明")


def to_xlsx(report: Report) -> bytes:
    """The workbook: 汇总 (each number linked to its list), 明细, 考核督查, 线下解决与持续关注, 函件."""
    book = Workbook()
    summary = book.active
    assert isinstance(summary, Worksheet)
    summary.title = "汇总"
    lists = book.create_sheet("明细")
    lists.append(LIST_HEADS)
    summary.append([report.title])
    summary.append([f"统计时段：{report.period}"])
    summary.append(["统计指标", "单位", *report.columns, "合计"])
    for line in report.lines:
        row = summary.max_row + 1
        summary.append([("　" * line.indent) + line.label, line.measure])
        for place, column in enumerate(report.columns, 3):
            start = lists.max_row + 1
            for item in line.lists[column]:
                lists.append([line.label, column, *_cells(item)])
            _number(summary, row, place, line.count(column), f"明细!A{start}")
        summary.cell(row, 3 + len(report.columns), line.total)
    _unit_sheet(book.create_sheet("考核督查"), lists, report.units)
    quiet = book.create_sheet("线下解决与持续关注")
    quiet.append(("编号", "标题", "批准人", "时间", "说明"))
    for item in report.quiet:
        quiet.append(_cells(item))
    letters = book.create_sheet("函件")
    letters.append(("编号", "标题", "单位", "签发时间", "种类"))
    for item in report.letters:
        letters.append(_cells(item))
    for sheet in book.worksheets:
        _widths(sheet)
    summary["A1"].font = Font(bold=True, size=14)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _number(sheet: Worksheet, row: int, place: int, count: int, target: str) -> None:
    cell = sheet.cell(row, place, count)
    if count:
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=target)
        cell.font = Font(color="0563C1", underline="single")


def _unit_sheet(sheet: Worksheet, lists: Worksheet, units: Sequence[UnitRecord]) -> None:
    sheet.append(UNIT_HEADS)
    for unit in units:
        row = sheet.max_row + 1
        sheet.append([unit.unit])
        for place, value in enumerate(_unit_values(unit), 2):
            if isinstance(value, int):
                sheet.cell(row, place, value)
                continue
            start = lists.max_row + 1
            for item in value:
                lists.append([UNIT_HEADS[place - 1], unit.unit, *_cells(item)])
            _number(sheet, row, place, len(value), f"明细!A{start}")


def _unit_values(unit: UnitRecord) -> tuple[list[Item] | int, ...]:
    return (
        unit.assigned,
        unit.on_time,
        unit.late,
        unit.waiting,
        unit.returned,
        unit.duties_met,
        unit.duties_missed,
        unit.submitted,
        unit.adopted,
    )


def _cells(item: Item) -> list[str]:
    return [item.number, item.title, item.unit, f"{shanghai(item.moment):%Y-%m-%d %H:%M}", item.detail]


def _widths(sheet: Worksheet) -> None:
    for column in sheet.columns:
        longest = max((len(str(cell.value)) for cell in column if cell.value is not None), default=6)
        sheet.column_dimensions[column[0].column_letter].width = min(60, longest * 2 + 2)
        for cell in column:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def to_docx(report: Report) -> bytes:
    """The same as a Word document: table first, the lists after it."""
    document = new_document()
    style = document.styles["Normal"]
    style.font.name = "仿宋_GB2312"
    style.font.size = Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "仿宋_GB2312")
    title = document.add_paragraph(report.title)
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.runs[0].bold = True
    title.runs[0].font.size = Pt(18)
    document.add_paragraph(f"统计时段：{report.period}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    rows = [
        ["　" * line.indent + line.label, line.measure, *(str(line.count(c)) for c in report.columns), str(line.total)]
        for line in report.lines
    ]
    _table(document, ["统计指标", "单位", *report.columns, "合计"], rows)
    document.add_heading("考核督查（按单位）", level=2)
    units = [[u.unit, *(str(v if isinstance(v, int) else len(v)) for v in _unit_values(u))] for u in report.units]
    _table(document, list(UNIT_HEADS), units)
    document.add_heading("明细", level=2)
    listed = [
        [line.label, column, *_cells(item)]
        for line in report.lines
        for column in report.columns
        for item in line.lists[column]
    ]
    _table(document, list(LIST_HEADS), listed)
    document.add_heading("线下解决、持续关注事项", level=2)
    _table(document, ["编号", "标题", "批准人", "时间", "说明"], [_cells(item) for item in report.quiet])
    document.add_heading("函件（按签发）", level=2)
    counts = "，".join(f"{kind}{number}件" for kind, number in report.letter_counts().items())
    document.add_paragraph(f"{counts}。")
    _table(document, ["编号", "标题", "单位", "签发时间", "种类"], [_cells(item) for item in report.letters])
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _table(document: Word, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        document.add_paragraph("（无）")
        return
    table = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, text in zip(table.rows[0].cells, heads, strict=True):
        cell.text = text
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
