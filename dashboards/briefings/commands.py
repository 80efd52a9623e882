"""`huiying briefing …`: write, check, sign, send and correct briefings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.clock import parse_time, shanghai
from pipeline.errors import HuiyingError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.settings import Settings
    from dashboards.briefings.content import Briefing
    from pipeline.services import Services

app = typer.Typer(
    help="简报：日报、周报、月报、专报、快报、工作建议；检查、签发、报送、更正。例：huiying briefing daily --date 2026-03-15 --out 简报",
    no_args_is_help=True,
)
Out = Annotated[Path, typer.Option("--out", help="写到哪个目录")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Day = Annotated[str, typer.Option("--date", help="日期，如 2026-03-15；不写为今天")]
At = Annotated[str, typer.Option("--at", help="截至时刻，如 2026-03-15T08:00；不写为现在")]
Event = Annotated[str, typer.Option("--event", help="事件编号，在看板网址 /events/ 之后")]
HERE = Path("briefings")


def _day(said: str, services: Services) -> date:
    try:
        return date.fromisoformat(said) if said else shanghai(services.clock.now()).date()
    except ValueError as error:
        raise HuiyingError(f"--date 的值“{said}”不是日期；请写成 2026-03-15。") from error


def _at(said: str, services: Services) -> datetime:
    try:
        return parse_time(said) if said else services.clock.now()
    except ValueError as error:
        raise HuiyingError(f"--at 的值“{said}”不是时间；请写成 2026-03-15T08:00。") from error


def _produce(
    context: typer.Context, draft: Callable[[Connection, Settings], Briefing], out: Path, as_json: bool
) -> None:
    """Draft, let a language model help when one is configured, keep, write the three files, say where."""
    from dashboards.briefings import archive, export, language_model

    services: Services = context.obj()
    with services.store.write() as connection:
        made = draft(connection, services.settings)
        made = language_model.helped(made, services.settings.language_model, connection)
        made = archive.keep(connection, made, services.clock.now())
        files = export.write(connection, services.settings, made, out)
    _show([str(path) for path in files], made.id, as_json)


def _show(files: list[str], briefing_id: str, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"id": briefing_id, "files": files}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"已写成（草稿，编号 {briefing_id}）：\n" + "".join(f"  {path}\n" for path in files))


@app.command()
def daily(context: typer.Context, day: Day = "", out: Out = HERE, as_json: AsJson = False) -> None:
    """日报：截至当天07:00的24小时。例：huiying briefing daily --date 2026-03-15 --out 简报"""
    from dashboards.briefings import daily as paper

    wanted = _day(day, context.obj())
    _produce(context, lambda connection, settings: paper.write(connection, settings, wanted), out, as_json)


@app.command()
def weekly(context: typer.Context, day: Day = "", out: Out = HERE, as_json: AsJson = False) -> None:
    """周报：到这一天为止的七天。例：huiying briefing weekly --date 2026-03-15 --out 简报"""
    from dashboards.briefings import weekly as paper

    wanted = _day(day, context.obj())
    _produce(context, lambda connection, settings: paper.write(connection, settings, wanted), out, as_json)


@app.command()
def monthly(context: typer.Context, day: Day = "", out: Out = HERE, as_json: AsJson = False) -> None:
    """月报：这一天所在的月。例：huiying briefing monthly --date 2026-03-31 --out 简报"""
    from dashboards.briefings import monthly as paper

    wanted = _day(day, context.obj())
    _produce(context, lambda connection, settings: paper.write(connection, settings, wanted), out, as_json)


@app.command()
def special(context: typer.Context, event: Event, at: At = "", out: Out = HERE, as_json: AsJson = False) -> None:
    """专报：一个事件。例：huiying briefing special --event e0123456789abcdef --out 简报"""
    from dashboards.briefings import special as paper

    moment = _at(at, context.obj())
    _produce(context, lambda connection, settings: paper.write(connection, settings, event, moment), out, as_json)


@app.command()
def flash(
    context: typer.Context,
    event: Event,
    at: At = "",
    final: Annotated[bool, typer.Option("--final", help="这是终报")] = False,
    out: Out = HERE,
    as_json: AsJson = False,
) -> None:
    """快报：首报、续报、终报依次编号。例：huiying briefing flash --event e0123456789abcdef --at 2026-03-15T04:00"""
    from dashboards.briefings import flash as paper

    moment = _at(at, context.obj())
    _produce(
        context, lambda connection, settings: paper.write(connection, settings, event, moment, final), out, as_json
    )


@app.command()
def letter(
    context: typer.Context,
    event: Event,
    unit: Annotated[str, typer.Option(help="发给哪个单位")],
    at: At = "",
    out: Out = HERE,
    as_json: AsJson = False,
) -> None:
    """工作建议。例：huiying briefing letter --event e0123456789abcdef --unit 区住建局"""
    from dashboards.briefings import letter as paper

    moment = _at(at, context.obj())
    _produce(context, lambda connection, settings: paper.write(connection, settings, event, unit, moment), out, as_json)


@app.command()
def rumour(
    context: typer.Context,
    document: Annotated[str, typer.Option(help="文档编号")],
    harm: Annotated[str, typer.Option(help="怎样严重扰乱公共秩序")],
    approver: Annotated[str, typer.Option(help="批准人编号（新闻发言人或领导）")],
    out: Out = HERE,
    as_json: AsJson = False,
) -> None:
    """谣言线索函：只列网址和内容。例：huiying briefing rumour --document 编号 --harm 说明 --approver fang_yi"""
    from dashboards.briefings import letter as paper

    now = context.obj().clock.now()
    _produce(
        context,
        lambda connection, settings: paper.write_rumour(connection, settings, document, harm, approver, now),
        out,
        as_json,
    )


@app.command(name="all")
def all_papers(context: typer.Context, event: Event, at: At = "", out: Out = HERE, as_json: AsJson = False) -> None:
    """一个事件的成套简报：快报三份、专报、日报、周报。例：huiying briefing all --event e0123456789abcdef --out 简报"""
    from dashboards.briefings.papers import write_set

    services: Services = context.obj()
    files = write_set(services, event, _at(at, services), out)
    if as_json:
        sys.stdout.write(json.dumps({"files": [str(path) for path in files]}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("已写成（草稿）：\n" + "".join(f"  {path}\n" for path in files))


@app.command()
def check(file: Annotated[Path, typer.Argument(help=".docx 文件")], as_json: AsJson = False) -> None:
    """量版式：页边距、行数字数、字体、页码、编号写法。例：huiying briefing check 日报.docx"""
    from dashboards.briefings.check import check_file

    report = check_file(file)
    if as_json:
        sys.stdout.write(
            json.dumps({"deviations": report.deviations, "measured": report.measured}, ensure_ascii=False) + "\n"
        )
    else:
        for line in report.measured:
            sys.stdout.write(f"量得  {line}\n")
        for line in report.deviations:
            sys.stdout.write(f"不符  {line}\n")
        sys.stdout.write("版式符合要求。\n" if not report.deviations else f"共 {len(report.deviations)} 处不符。\n")
    if report.deviations:
        raise typer.Exit(1)


@app.command(name="list")
def list_papers(context: typer.Context, as_json: AsJson = False) -> None:
    """列出存档的简报：状态、报送时限、谁已阅。例：huiying briefing list"""
    from dashboards.briefings import shelf
    from pipeline.cases.commands import show
    from pipeline.cases.desk import Desk

    services: Services = context.obj()
    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        papers = shelf.listed(connection, services.settings, directory)
    lines = []
    for one in papers:
        late = "　已过报送时限" if one.late(services.clock.now()) else ""
        told = f"　已阅 {one.read}/{len(one.readings)} 人" if one.readings else ""
        unread = "、".join(reading.name for reading in one.readings if reading.read_at is None)
        lines.append(
            f"{one.id}  {one.state_name}  {shanghai(one.cut_off):%Y-%m-%d %H:%M}  {one.title}{late}{told}"
            + (f"（未阅：{unread}）" if unread else "")
        )
    show([asdict(one) for one in papers], as_json, lambda: lines or ["还没有简报。"])


@app.command()
def file(
    context: typer.Context,
    briefing: str,
    form: Annotated[str, typer.Option(help="docx、pdf 或 txt")] = "docx",
    out: Out = HERE,
) -> None:
    """取出存档的一份：已报送的 .docx 与报送时一字不差。例：huiying briefing file 编号 --form pdf --out 简报"""
    from dashboards.briefings import export, shelf

    wanted = next((one for one in export.FORMS if one == form), None)
    if wanted is None:
        raise HuiyingError(f"--form 的值“{form}”不行；请写 docx、pdf 或 txt。")
    services: Services = context.obj()
    with services.store.read() as connection:
        name, content = shelf.file(connection, services.settings, briefing, wanted)
    out.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(content)
    sys.stdout.write(f"已写成：{out / name}\n")


@app.command()
def approve(context: typer.Context, briefing: str, by: Annotated[str, typer.Option(help="签发人编号")]) -> None:
    """签发。例：huiying briefing approve 编号 --by fang_yi"""
    from dashboards.briefings import archive
    from pipeline.cases.desk import Desk

    services: Services = context.obj()
    with services.store.write() as connection:
        person = Desk.of(services.settings).office(connection).directory.get(by)
        made = archive.approve(connection, briefing, person, services.clock.now())
    sys.stdout.write(
        f"已签发：{made.title or made.masthead + made.issue}\n" + "".join(f"{note}\n" for note in made.notes)
    )


@app.command()
def send(
    context: typer.Context,
    briefing: str,
    to: Annotated[
        list[str] | None, typer.Option(help="收件人编号，可多次；不写为 briefings.toml 所列，更正则为原收件人")
    ] = None,
) -> None:
    """报送已签发的简报，每人一个已阅链接。例：huiying briefing send 编号 --to lu_zhiming"""
    from dashboards.briefings import archive
    from pipeline.cases.desk import Desk

    services: Services = context.obj()
    with services.store.write() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        made = archive.load(connection, briefing)
        people = [directory.get(key) for key in to or ()]
        people = people or archive.readers_of(connection, services.settings, made, directory)
        digest = archive.send(connection, services.settings, briefing, people, services.clock.now())
    sys.stdout.write(f"已放入发件箱：{'、'.join(person.name for person in people)}；SHA-256 {digest}\n")


@app.command()
def correct(
    context: typer.Context,
    briefing: str,
    wrong: Annotated[str, typer.Option(help="原文")],
    right: Annotated[str, typer.Option(help="更正为")],
    by: Annotated[str, typer.Option(help="更正人编号")],
) -> None:
    """起草更正，签发后发给同样的人。例：huiying briefing correct 编号 --wrong 2人 --right 4人 --by fang_yi"""
    from dashboards.briefings import archive
    from pipeline.cases.desk import Desk

    services: Services = context.obj()
    with services.store.write() as connection:
        person = Desk.of(services.settings).office(connection).directory.get(by)
        made = archive.correct(connection, briefing, wrong, right, person, services.clock.now())
    sys.stdout.write(f"更正草稿编号 {made.id}；签发后用 huiying briefing send {made.id} 报送。\n")


@app.command()
def draft(context: typer.Context) -> None:
    """起草到点的日报、周报、月报（huiying run 会自动做）。例：huiying briefing draft"""
    from dashboards.briefings.drafting import due

    services: Services = context.obj()
    made = due(services, services.clock.now())
    sys.stdout.write(
        "".join(f"已起草 {one.id} {one.title or one.masthead + one.issue}\n" for one in made)
        or "没有到点未起草的简报。\n"
    )
