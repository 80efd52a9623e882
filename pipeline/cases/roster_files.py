"""The roster as .ics and XLSX, out and in (值班表导出导入): what comes in is checked line by line before anything changes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icalendar import Calendar, Event
from openpyxl import Workbook

from pipeline.cases.people import Directory
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import POST_NAMES, Post, Shift, make_shift
from pipeline.clock import SHANGHAI, shanghai
from pipeline.workbooks import NotASpreadsheet, rows_in

HEADS = ("开始", "结束", "岗位", "人员编号", "姓名", "备注")
_POSTS: dict[str, Post] = {name: post for post, name in POST_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Read:
    """What a file holds: good shifts, and the reason for each line that is not one."""

    shifts: tuple[Shift, ...]
    rejected: tuple[str, ...]


def to_ics(shifts: Sequence[Shift], directory: Directory, made_at: datetime) -> bytes:
    """A calendar that phones and desks can subscribe to; one event per shift, its id in the UID."""
    calendar = Calendar()
    calendar.add("prodid", "-//Huiying//duty roster//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "24小时值班表")
    for shift in shifts:
        event = Event()
        event.add("uid", f"{shift.id}@huiying")
        event.add("dtstamp", made_at)
        event.add("dtstart", shanghai(shift.starts_at))
        event.add("dtend", shanghai(shift.ends_at))
        event.add("summary", f"{POST_NAMES[shift.post]}：{directory.name(shift.person)}")
        event.add("x-huiying-person", shift.person)
        event.add("x-huiying-post", shift.post)
        if shift.note:
            event.add("description", shift.note)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def from_ics(content: bytes, directory: Directory) -> Read:
    """Shifts out of a calendar: ours, or one whose summary reads 值班员：姓名. Refused when it is no calendar."""
    try:
        calendar = Calendar.from_ical(content)
    except ValueError as error:
        raise Refused(f"不是可读的 .ics 日历文件（{error}）：请从日历软件重新导出。") from error

    def read(event: Any) -> Shift:
        summary = str(event.get("summary", ""))
        post_name, _, name = summary.replace(":", "：").partition("：")
        post = str(event.get("x-huiying-post") or _POSTS.get(post_name.strip(), ""))
        said = str(event.get("x-huiying-person") or name.strip())
        note = str(event.get("description", ""))
        return _shift(event.decoded("dtstart"), event.decoded("dtend"), post, said, note, directory)

    return _read_all(list(calendar.walk("VEVENT")), read, KeyError)


def to_xlsx(shifts: Sequence[Shift], directory: Directory) -> bytes:
    """A sheet an office can edit and give back."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "值班表"
    sheet.append(HEADS)
    for shift in shifts:
        times = (f"{shanghai(moment):%Y-%m-%d %H:%M}" for moment in (shift.starts_at, shift.ends_at))
        note = shift.note + (f"（原{directory.name(shift.swapped_from)}）" if shift.swapped_from else "")
        sheet.append([*times, POST_NAMES[shift.post], shift.person, directory.name(shift.person), note])
    for letter, width in zip("ABCDEF", (18, 18, 12, 16, 12, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def from_xlsx(content: bytes, directory: Directory) -> Read:
    """Shifts out of a sheet with the heads of `to_xlsx` (人员编号 may be missing: the name is enough when it is one person's)."""
    try:
        rows = [row for row in rows_in(io.BytesIO(content)) if any(cell is not None for cell in row)]
    except NotASpreadsheet as error:
        raise Refused(f"不是可读的 XLSX 文件（{error}）：请另存为 .xlsx 后再导入。") from error
    heads = [str(cell or "").strip() for cell in rows[0]] if rows else []
    missing = [head for head in ("开始", "结束", "岗位") if head not in heads]
    if missing or not {"人员编号", "姓名"} & set(heads):
        raise Refused(f"值班表缺少列“{(missing or ['姓名'])[0]}”：第一行须有 {'、'.join(HEADS)}。")

    def read(row: tuple[Any, ...]) -> Shift:
        cells = dict(zip(heads, row, strict=False))
        said = str(cells.get("人员编号") or cells.get("姓名") or "").strip()
        post = _POSTS.get(str(cells.get("岗位") or "").strip(), "")
        return _shift(
            _moment(cells["开始"]), _moment(cells["结束"]), post, said, str(cells.get("备注") or ""), directory
        )

    return _read_all(rows[1:], read, KeyError)


def _read_all(rows: Sequence[Any], read: Callable[[Any], Shift], *missing: type[Exception]) -> Read:
    shifts: list[Shift] = []
    rejected: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            shifts.append(read(row))
        except Refused as refused:
            rejected.append(f"第{number}条：{refused}")
        except missing as error:
            rejected.append(f"第{number}条：缺少{error}")
    return Read(tuple(shifts), tuple(rejected))


def _shift(start: Any, end: Any, post: str, said: str, note: str, directory: Directory) -> Shift:
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        raise Refused("须写明起止时刻，不能只写日期")
    if post not in ("duty", "leader"):
        raise Refused("岗位须是“值班员”或“带班领导”")
    person = directory.find(said)
    if person is None:
        named = [p for p in directory.all() if p.name == said and p.active]
        if len(named) > 1:
            raise Refused(f"“{said}”有{len(named)}人重名，请填人员编号")
        person = named[0] if named else None
    if person is None:
        raise Refused(f"人员名单中没有“{said}”")
    return make_shift(_aware(start), _aware(end), person.id, "duty" if post == "duty" else "leader", note)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _moment(cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return cell
    try:
        return datetime.fromisoformat(str(cell).strip().replace("/", "-"))
    except ValueError as error:
        raise Refused(f"时间“{cell}”看不懂，应写成 2026-03-15 08:30") from error
