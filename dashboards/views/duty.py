"""值班: who is on duty, when am I, what did the last one leave me?"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dashboards.room import Looking, Posted, back_to
from pipeline.cases import duty_desk, roster_files
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import gaps
from pipeline.clock import shanghai
from pipeline.store import duty

router = APIRouter(include_in_schema=False)
DAYS = 14


@router.get("/duty")
def show(visitor: Looking) -> Response:
    start = shanghai(visitor.now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    with visitor.room.services.store.read() as connection:
        shifts = duty.shifts(connection, start, start + timedelta(days=DAYS))
        notes = duty.handover_notes(connection, visitor.now - timedelta(days=3)) if visitor.is_office else []
        now_on = duty_desk.now_on_duty(connection, visitor.now)
    people = visitor.office.directory
    return visitor.show(
        "duty.html",
        shifts=shifts,
        notes=notes,
        on_duty=now_on,
        gaps=gaps(shifts, visitor.now, visitor.now + timedelta(hours=visitor.office.mechanism.roster.look_ahead_hours)),
        officers=people.with_role(Role.DUTY_OFFICER),
        leaders=people.with_role(Role.LEADER),
        may=visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON),
    )


@router.post("/duty/handover")
def hand_over(sent: Posted) -> Response:
    visitor = sent.by
    with visitor.room.services.store.write() as connection:
        duty_desk.hand_over(connection, visitor.office, visitor.person, visitor.now, sent.text("text"))
    return back_to("/duty", "交接记录已保存。")


@router.post("/duty/swap")
def swap(sent: Posted) -> Response:
    visitor = sent.by
    with visitor.room.services.store.write() as connection:
        duty_desk.swap_shift(
            connection, visitor.office, sent.text("shift"), sent.text("person"), visitor.person, visitor.now, sent.text("reason")
        )  # fmt: skip
    return back_to("/duty", "换班已记录。")


@router.post("/duty/import")
def take_file(sent: Posted) -> Response:
    """A roster as .xlsx or .ics in place of the days that it covers."""
    visitor, file = sent.by, sent.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused("请选择 .ics 或 .xlsx 文件。")
    content = file.file.read(5_000_000)
    with visitor.room.services.store.write() as connection:
        new = duty_desk.import_roster(connection, visitor.office, file.filename, content, visitor.person, visitor.now)
    return back_to("/duty", f"已导入 {new} 个班次。")


@router.get("/duty/roster.{kind}")
def file(visitor: Looking, kind: str) -> Response:
    """The roster of the next month for phones (.ics) and desks (.xlsx)."""
    with visitor.room.services.store.read() as connection:
        shifts = duty.shifts(connection, visitor.now, visitor.now + timedelta(days=31))
    people = visitor.office.directory
    if kind == "ics":
        return Response(roster_files.to_ics(shifts, people, visitor.now), media_type="text/calendar; charset=utf-8")
    if kind != "xlsx":
        raise Refused("值班表可取 .ics 或 .xlsx。")
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = {"content-disposition": 'attachment; filename="roster.xlsx"'}
    return Response(roster_files.to_xlsx(shifts, people), media_type=media, headers=headers)
