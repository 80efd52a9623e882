"""`huiying roster …`, `huiying people …`, `huiying statistics`: who is on duty, who is who, what was done."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cases.commands import By, Json, desk_of, person_of, show

if TYPE_CHECKING:
    from pipeline.cases.roster import Shift
    from pipeline.services import Services

roster = typer.Typer(
    help="24小时值班表：查看、排班、换班、交接、导入导出。例：huiying roster show", no_args_is_help=True
)
people = typer.Typer(help="人员与新闻发言人队伍。例：huiying people team", no_args_is_help=True)
Days = Annotated[int, typer.Option(min=1, max=370, help="从今天起多少天")]


def _span(now: datetime, days: int) -> tuple[datetime, datetime]:
    from pipeline.clock import shanghai

    start = shanghai(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=days)


@roster.command("show")
def show_roster(context: typer.Context, days: Days = 7, as_json: Json = False) -> None:
    """今天起的班次、正在值班的人和空缺。例：huiying roster show --days 14"""
    from pipeline.cases.roster import POST_NAMES, gaps, on_duty
    from pipeline.clock import shanghai
    from pipeline.store import duty

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    start, end = _span(now, days)
    with services.store.write() as connection:
        desk.fill_roster(connection, now)
        names = desk.office(connection).directory
        shifts = duty.shifts(connection, start - timedelta(days=1), end)
    missing = gaps(shifts, now, min(end, now + timedelta(days=days)))
    current = on_duty(shifts, now)

    def line(s: Shift) -> str:
        swapped = f"（原{names.name(s.swapped_from)}）" if s.swapped_from else ""
        times = f"{shanghai(s.starts_at):%m-%d %H:%M} 至 {shanghai(s.ends_at):%m-%d %H:%M}"
        return f"{s.id}\t{times}\t{POST_NAMES[s.post]}\t{names.name(s.person)}{swapped}\t{s.note}"

    rows = {"on_duty": current.officers, "leaders": current.leaders,
            "shifts": [{"id": s.id, "starts_at": s.starts_at, "ends_at": s.ends_at, "post": s.post, "person": s.person,
                        "note": s.note} for s in shifts],
            "gaps": [{"starts_at": g.starts_at, "ends_at": g.ends_at} for g in missing]}  # fmt: skip
    now_line = "正在值班：" + ("、".join(names.name(p) for p in (*current.officers, *current.leaders)) or "（无人）")
    show(rows, as_json, lambda: [now_line, *(line(s) for s in shifts), *(g.text() for g in missing)])


@roster.command("swap")
def swap_shift(
    context: typer.Context,
    shift: Annotated[str, typer.Argument(help="班次编号")],
    person: Annotated[str, typer.Argument(help="换成谁（人员编号）")],
    by: By,
    reason: Annotated[str, typer.Option(help="换班原因")],
) -> None:
    """换班。例：huiying roster swap d3f… he_jing --by gu_lan --reason 外出培训"""
    from pipeline.cases import duty_desk

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.write() as connection:
        who, now = person_of(desk, connection, by), services.clock.now()
        changed = duty_desk.swap_shift(connection, desk.office(connection), shift, person, who, now, reason)
    sys.stdout.write(f"已换班：{changed.swapped_from} → {changed.person}\n")


@roster.command("remove")
def remove_shift(
    context: typer.Context, shift: str, by: By, reason: Annotated[str, typer.Option(help="撤销原因")]
) -> None:
    """撤销一个班次；由此出现的空缺会报警。例：huiying roster remove d3f… --by guan_li --reason 人员调离"""
    from pipeline.cases import duty_desk

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.write() as connection:
        duty_desk.remove_shift(connection, shift, person_of(desk, connection, by), services.clock.now(), reason)
    sys.stdout.write("已撤销。\n")


@roster.command("handover")
def hand_over(
    context: typer.Context, text: Annotated[str, typer.Argument(help="交接事项；写“-”则从标准输入读")], by: By
) -> None:
    """写交接班记录。例：huiying roster handover '火情通报待审签，空气监测22时出数' --by tao_ran"""
    from pipeline.cases import duty_desk

    services: Services = context.obj()
    desk = desk_of(services)
    said = sys.stdin.read() if text == "-" else text
    with services.store.write() as connection:
        who, now = person_of(desk, connection, by), services.clock.now()
        duty_desk.hand_over(connection, desk.office(connection), who, now, said)
    sys.stdout.write("交接记录已保存。\n")


@roster.command("export")
def export_roster(
    context: typer.Context, out: Annotated[Path, typer.Argument(help="输出文件：.ics 或 .xlsx")], days: Days = 31
) -> None:
    """导出值班表。例：huiying roster export 值班表.ics --days 31"""
    from pipeline.cases import roster_files
    from pipeline.cases.refusal import Refused
    from pipeline.store import duty

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    start, end = _span(now, days)
    with services.store.write() as connection:
        desk.fill_roster(connection, now)
        names = desk.office(connection).directory
        shifts = duty.shifts(connection, start, end)
    if out.suffix not in (".ics", ".xlsx"):
        raise Refused(f"不认识的格式“{out.suffix}”：输出文件须以 .ics 或 .xlsx 结尾。")
    made = roster_files.to_ics(shifts, names, now) if out.suffix == ".ics" else roster_files.to_xlsx(shifts, names)
    out.write_bytes(made)
    sys.stdout.write(f"已导出 {len(shifts)} 个班次到 {out}\n")


@roster.command("import")
def import_roster(
    context: typer.Context, file: Annotated[Path, typer.Argument(help=".ics 或 .xlsx")], by: By, as_json: Json = False
) -> None:
    """导入值班表：替换文件所覆盖日期的班次；有一行不对就全部不改。例：huiying roster import 值班表.xlsx --by guan_li"""
    from pipeline.cases import duty_desk

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.write() as connection:
        who = person_of(desk, connection, by)
        office, now = desk.office(connection), services.clock.now()
        added = duty_desk.import_roster(connection, office, file.name, file.read_bytes(), who, now)
    show({"shifts": added}, as_json, lambda: [f"已导入 {added} 个班次。"])


@people.command("list")
def list_people(context: typer.Context, as_json: Json = False) -> None:
    """人员名单。例：huiying people list --json"""
    from pipeline.cases.people import ROLE_NAMES

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.read() as connection:
        found = desk.office(connection).directory.all()
    rows = [p.model_dump(mode="json") for p in found]
    show(
        rows, as_json, lambda: [f"{p.id}\t{p.name}\t{p.unit}\t{'、'.join(ROLE_NAMES[r] for r in sorted(p.roles))}" for p in found]
    )  # fmt: skip


@people.command("team")
def team(context: typer.Context, as_json: Json = False) -> None:
    """新闻发言人队伍，并指出没有发言人的单位。例：huiying people team"""
    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.read() as connection:
        directory = desk.office(connection).directory
    members = directory.team()
    without = [unit for unit in directory.units() if unit not in {p.unit for p in members}]
    rows = {
        "team": [{"id": p.id, "name": p.name, "title": p.title, "unit": p.unit} for p in members],
        "without": without,
    }
    lines = [f"{p.unit}\t{p.name}\t{p.title}\t{p.mail}\t{p.telephone}" for p in members]
    show(rows, as_json, lambda: lines + [f"没有新闻发言人的单位：{'、'.join(without)}"] * bool(without))


@people.command("import")
def import_people(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="people.toml 格式的文件")], by: By
) -> None:
    """导入或更新人员；文件里没有的人保持不变。例：huiying people import people.toml --by guan_li"""
    from pipeline.cases import duty_desk
    from pipeline.cases.people import load_people

    services: Services = context.obj()
    desk = desk_of(services)
    given = load_people(file)
    with services.store.write() as connection:
        who = person_of(desk, connection, by)
        duty_desk.save_people(connection, desk.shipped, given.all(), who, services.clock.now())
    sys.stdout.write(f"已更新 {len(given.all())} 人。\n")


def statistics(
    context: typer.Context,
    year: Annotated[int, typer.Option(help="年份")],
    quarter: Annotated[int | None, typer.Option(help="季度 1至4")] = None,
    month: Annotated[int | None, typer.Option(help="月份 1至12")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="写成 XLSX")] = None,
    docx: Annotated[Path | None, typer.Option(help="写成 DOCX")] = None,
    as_json: Json = False,
) -> None:
    """回应解读情况（历史口径/内部统计）和考核督查。例：huiying statistics --year 2026 --quarter 1 --xlsx 统计.xlsx"""
    from pipeline.cases.letters import letters_signed
    from pipeline.cases.statistics import compile_report, period_of
    from pipeline.cases.statistics_files import to_docx, to_xlsx
    from pipeline.store import cases

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    name, start, end = period_of(year, quarter, month)
    with services.store.write() as connection:
        found, letters = cases.touched(connection, start, end), letters_signed(connection, start, end)
        report = compile_report(found, desk.mechanism, name, start, end, now, letters)
        cases.audit(connection, now, "command", "statistics", reason=name)
    for path, make in ((xlsx, to_xlsx), (docx, to_docx)):
        if path:
            path.write_bytes(make(report))
    rows = {
        "title": report.title,
        "period": report.period,
        "columns": report.columns,
        "lines": [
            {"key": line.key, "label": line.label, "measure": line.measure, "total": line.total,
             "columns": {c: line.count(c) for c in report.columns},
             "list": [i.number for c in report.columns for i in line.lists[c]]}
            for line in report.lines
        ],
        "units": [{"unit": u.unit, "assigned": len(u.assigned), "on_time": len(u.on_time), "late": len(u.late)} for u in report.units],
        "quiet": [i.number for i in report.quiet],
        "letters": report.letter_counts(),
    }  # fmt: skip

    def lines() -> list[str]:
        head = f"{report.title}　{report.period}"
        table = [f"{'　' * ln.indent}{ln.label}\t{ln.total}{ln.measure}" for ln in report.lines]
        units = [f"{u.unit}\t交办{len(u.assigned)}，按时{len(u.on_time)}，逾期{len(u.late)}" for u in report.units]
        quiet = [f"{i.number}\t{i.title}\t{i.detail}" for i in report.quiet]
        signed = "函件：" + "，".join(f"{kind}{number}件" for kind, number in report.letter_counts().items())
        return [head, *table, signed, *units, *(["线下解决、持续关注："] * bool(quiet)), *quiet]

    show(rows, as_json, lines)
