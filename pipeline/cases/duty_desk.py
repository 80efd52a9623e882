"""The duty desk (值班台): the roster in the store, kept filled, swapped, handed over; who is on duty now.

Settings: roster.toml, mechanism.roster. The office's own people only.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from pipeline.cases import roster_files
from pipeline.cases.office import Office
from pipeline.cases.people import Directory, Person, Role
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import OnDuty, Pattern, Shift, generate, on_duty, shift_id, swap
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.clock import shanghai
from pipeline.store import cases, duty


def now_on_duty(connection: Connection, at: datetime) -> OnDuty:
    """Who is on duty at `at`."""
    return on_duty(duty.shifts(connection, at, at + timedelta(microseconds=1)), at)


def fill(connection: Connection, pattern: Pattern, at: datetime) -> int:
    """Extend the roster from the pattern when its end comes near; what people removed stays removed."""
    end = duty.filled_until(connection)
    wanted = at + timedelta(days=pattern.fill_days)
    if end is not None and end > wanted - timedelta(days=1):
        return 0
    first = shanghai(max(at - timedelta(days=1), end) if end else at - timedelta(days=1)).date()
    made = [s for s in generate(pattern, first, shanghai(wanted).date()) if end is None or s.starts_at >= end]
    return duty.add_shifts(connection, made)


def swap_shift(
    connection: Connection, office: Office, key: str, person: str, by: Person, at: datetime, reason: str
) -> Shift:
    """换班: the one on duty, an administrator or a spokesperson may arrange it; the new person must be able to serve."""
    shift = _shift(connection, key)
    if by.id != shift.person and not by.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise Refused("只有本人、新闻发言人或管理员可以换班。")
    _able(office.directory, person, shift.post)
    changed = swap(shift, person, reason)
    duty.change_shift(connection, changed)
    cases.audit(connection, at, by.id, "roster", reason=f"换班 {shift.id}：{shift.person}→{person}，{reason}")
    return changed


def remove_shift(connection: Connection, key: str, by: Person, at: datetime, reason: str) -> None:
    """Take a shift off the roster; the gap it leaves is told at the next tick."""
    shift = _shift(connection, key)
    if not by.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise Refused("只有新闻发言人或管理员可以撤销班次。")
    duty.remove_shift(connection, shift.id)
    cases.audit(connection, at, by.id, "roster", reason=f"撤销班次 {shift.id}：{reason}")


def hand_over(connection: Connection, office: Office, by: Person, at: datetime, text: str) -> str:
    """交接班: what the next one must know. Only somebody on duty (now or within the last hour) hands over."""
    if not text.strip():
        raise Refused("交接记录不能为空：没有待办事项请写“无”。")
    refuse_state_secrets(office.mechanism.secrecy, text)
    recent = duty.shifts(connection, at - timedelta(hours=1), at + timedelta(microseconds=1))
    own = [s for s in recent if s.person == by.id]
    if not own:
        raise Refused(f"{by.name}现在不在班，不能写交接记录。")
    shift = own[0]
    duty.hand_over(connection, shift_id(at, "handover", by.id), shift.id, at, by.id, text.strip())
    return shift.id


def import_roster(connection: Connection, office: Office, name: str, content: bytes, by: Person, at: datetime) -> int:
    """Replace the days that a file covers; one bad line and nothing changes."""
    if not by.has(Role.ADMINISTRATOR, Role.SPOKESPERSON):
        raise Refused("只有新闻发言人或管理员可以导入值班表。")
    reader = {"ics": roster_files.from_ics, "xlsx": roster_files.from_xlsx}.get(name.rpartition(".")[2].lower())
    if reader is None:
        raise Refused(f"不认识的文件“{name}”：须是 .ics 或 .xlsx。")
    read = reader(content, office.directory)
    if read.rejected:
        raise Refused(f"值班表有{len(read.rejected)}行不对，没有导入：{read.rejected[0]}")
    if not read.shifts:
        raise Refused("文件里没有班次：请检查表头和内容。")
    for shift in read.shifts:
        _able(office.directory, shift.person, shift.post)
    for post in ("duty", "leader"):
        starts = [s.starts_at for s in read.shifts if s.post == post]
        if starts:
            duty.clear(connection, min(starts), max(starts) + timedelta(microseconds=1), post)
    cases.audit(connection, at, by.id, "roster", reason=f"导入 {name}：{len(read.shifts)}个班次")
    return duty.add_shifts(connection, read.shifts)


def save_people(
    connection: Connection, shipped: Directory, changed: Iterable[Person], by: Person, at: datetime
) -> None:
    """Keep changed people; administrators only, and never without one left."""
    if not by.has(Role.ADMINISTRATOR):
        raise Refused("只有管理员可以修改人员名单。")
    kept = list(changed)
    duty.save_people(connection, shipped, kept)
    if not duty.directory(connection, shipped).with_role(Role.ADMINISTRATOR):
        raise Refused("至少要保留一名在岗管理员：本次修改没有保存。")
    cases.audit(connection, at, by.id, "people", reason=f"更新{len(kept)}人：{'、'.join(p.id for p in kept)[:200]}")


def _shift(connection: Connection, key: str) -> Shift:
    found = duty.shift(connection, key)
    if found is None:
        raise Refused(f"没有班次“{key}”：请用 huiying roster show 查编号。")
    return found


def _able(directory: Directory, person: str, post: str) -> None:
    who = directory.get(person)
    if post == "duty" and not who.has(Role.DUTY_OFFICER):
        raise Refused(f"{who.name}不是值班员，不能排值班员班次。")
    if post == "leader" and not who.has(Role.LEADER):
        raise Refused(f"{who.name}不是领导，不能排带班。")
