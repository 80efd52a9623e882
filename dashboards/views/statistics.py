"""统计: what did we do this year, and who was on time? Every number opens into the list behind it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.queries import cases as queries
from dashboards.room import OfficeLooking, back_to
from pipeline.cases.letters import letters_signed
from pipeline.cases.statistics import compile_report, period_of
from pipeline.cases.statistics_files import to_docx, to_xlsx
from pipeline.clock import shanghai
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@router.get("/statistics")
def show(visitor: OfficeLooking, year: int = 0, quarter: int = 0, month: int = 0, file: str = "") -> Response:
    year = year or shanghai(visitor.now).year
    name, start, end = period_of(year, quarter or None, month or None)
    with visitor.room.services.store.write() as connection:
        found = queries.touched(connection, start, end)
        letters = letters_signed(connection, start, end)
        report = compile_report(found, visitor.office.mechanism, name, start, end, visitor.now, letters)
        what = "export" if file else "statistics"
        case_store.audit(connection, visitor.now, visitor.person.id, what, "", name)
    if file in MEDIA:
        if not visitor.may("export"):
            return back_to("/statistics", "导出由新闻发言人或管理员办理。")
        content = to_xlsx(report) if file == "xlsx" else to_docx(report)
        headers = {"content-disposition": f'attachment; filename="statistics-{year}.{file}"'}
        return Response(content, media_type=MEDIA[file], headers=headers)
    return visitor.show(
        "statistics.html", report=report, year=year, quarter=quarter, month=month, can_export=visitor.may("export")
    )
