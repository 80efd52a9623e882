"""`huiying case …`: cases from the command line, for the duty desk, for scripts and for proof. `huiying verify`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.cases.desk import CaseChange, Desk
    from pipeline.cases.history import Head
    from pipeline.cases.people import Person
    from pipeline.services import Services

app = typer.Typer(help="舆情处置单：列表、查看、办理、导出。例：huiying case list", no_args_is_help=True)


class ByHand(StrEnum):
    """What a person may open."""

    MANUAL = "manual"
    PLANNED = "planned"
    ADVICE = "advice"
    REPORT = "report"


class ReportStep(StrEnum):
    """首报、续报、终报."""

    FIRST = "first"
    FOLLOW = "follow"
    FINAL = "final"


By = Annotated[str, typer.Option("--by", help="办理人编号（见 huiying people list）")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def show(result: Any, as_json: bool, lines: Callable[[], list[str]]) -> None:
    """JSON for a program, lines for a person."""
    text = json.dumps(result, ensure_ascii=False, default=str) if as_json else "\n".join(lines())
    sys.stdout.write(text + "\n")


def desk_of(services: Services) -> Desk:
    from pipeline.cases.desk import Desk

    return Desk.of(services.settings)


def person_of(desk: Desk, connection: Connection, by: str) -> Person:
    return desk.office(connection).directory.get(by)


def id_of(connection: Connection, said: str) -> str:
    """A case by id or number; Refused when there is none."""
    from pipeline.cases.refusal import Refused
    from pipeline.store import cases

    found = cases.find(connection, said)
    if found is None:
        raise Refused(f"没有处置单“{said}”：请用 huiying case list 查编号。")
    return found


@app.command("list")
def list_cases(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="含已办结")] = False,
    as_json: Json = False,
) -> None:
    """列出处置单及最近的时限。例：huiying case list --all"""
    from pipeline.cases.clocks import STANDING_NAMES, clocks, moment_text
    from pipeline.cases.state import FINISHED, PHASE_NAMES, Phase
    from pipeline.store import cases

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    rows, lines = [], []
    with services.store.read() as connection:
        for row in cases.listed(connection):
            if row.phase in FINISHED and not everything:
                continue
            case = cases.load(connection, row.id)
            views = clocks(case, desk.mechanism, now) if case else ()
            rows.append(
                {"id": row.id, "number": row.number, "title": row.title, "phase": row.phase, "level": row.level,
                 "opened_at": row.opened_at, "lead_unit": row.lead_unit,
                 "clocks": [{"duty": v.duty, "due": v.due, "standing": v.standing} for v in views]}
            )  # fmt: skip
            due = "，".join(f"{v.name}{STANDING_NAMES[v.standing]}（{moment_text(v.due)}）" for v in views)
            lines.append(f"{row.number}\t{PHASE_NAMES[Phase(row.phase)]}\t{row.title}\t{due}")
    show(rows, as_json, lambda: lines or ["没有在办的处置单。"])


@app.command("show")
def show_case(context: typer.Context, number: str, by: By, as_json: Json = False) -> None:
    """查看一件处置单的全部记录（查看会留痕）。例：huiying case show 云港舆〔2026〕001号 --by gu_lan"""
    from pipeline.cases.facts import write_fact
    from pipeline.cases.forms import history_rows
    from pipeline.cases.permissions import View
    from pipeline.cases.refusal import Refused
    from pipeline.store import cases

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.write() as connection:
        case_id = id_of(connection, number)
        _case, seen = desk.see(connection, case_id, person_of(desk, connection, by), services.clock.now(), "命令行查看")
        if seen is not View.FULL:
            raise Refused("命令行只供能看全案的人员使用：请在网页查看交办给本单位的部分。")
        entries = cases.entries(connection, case_id)
        rows = history_rows(entries, desk.office(connection))
    facts = [{"seq": e.seq, "at": e.at, "by": e.by, **write_fact(e.fact)} for e in entries]
    show(facts, as_json, lambda: ["\t".join(row) for row in rows])


@app.command("open")
def open_case(
    context: typer.Context,
    title: str,
    by: By,
    reason: Annotated[str, typer.Option(help="事由")],
    origin: Annotated[
        ByHand, typer.Option(help="manual 舆情、planned 计划发布、advice 工作建议函、report 情况动态")
    ] = ByHand.MANUAL,
    level: Annotated[int, typer.Option(min=1, max=4, help="舆情提示等级（本单位）：1 红 2 橙 3 黄 4 蓝")] = 4,
    event: Annotated[str, typer.Option(help="事件编号")] = "",
    policy: Annotated[bool, typer.Option("--policy", help="政策发布：须与解读同步")] = False,
    as_json: Json = False,
) -> None:
    """人工建单。例：huiying case open 桥面塌陷 --reason 市民来电 --by gu_lan"""
    from pipeline.cases.vocabulary import Origin

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.write() as connection:
        changes = desk.open_by_hand(
            connection, person_of(desk, connection, by), services.clock.now(), title=title, reason=reason,
            origin=Origin(origin.value), level=level, event_id=event, policy=policy,
        )  # fmt: skip
        tell_people(connection, services, desk, changes)
    _show_changes(changes, as_json)


@app.command("act")
def act(
    context: typer.Context,
    number: str,
    kind: Annotated[str, typer.Argument(help="动作，如 acknowledged、assigned、closed（见 docs/mechanism.md）")],
    by: By,
    fields: Annotated[str, typer.Option("--fields", help="动作内容，JSON 对象")] = "{}",
    as_json: Json = False,
) -> None:
    """办理一个动作。例：huiying case act 云港舆〔2026〕001号 acknowledged --by gu_lan --fields '{"via":"command"}'"""
    from pipeline.cases.facts import read_action
    from pipeline.cases.refusal import Refused

    services: Services = context.obj()
    desk = desk_of(services)
    try:
        given = json.loads(fields)
    except json.JSONDecodeError as error:
        raise Refused(f'--fields 不是 JSON：{error}；例：--fields \'{{"text":"已电话核实"}}\'。') from error
    if not isinstance(given, dict):
        raise Refused('--fields 须是 JSON 对象，例：\'{"text":"已电话核实"}\'。')
    with services.store.write() as connection:
        who = person_of(desk, connection, by)
        action = read_action({**given, "kind": kind})
        changes = desk.act(connection, id_of(connection, number), action, who, services.clock.now())
        tell_people(connection, services, desk, changes)
    _show_changes(changes, as_json)


def tell_people(connection: Connection, services: Services, desk: Desk, changes: list[CaseChange]) -> None:
    """Put the notices of these changes in the outbox, in the same transaction."""
    from pipeline.notices.telling import Telling

    telling = Telling(services.settings, desk, services.clock.now)
    for change in changes:
        telling.on_case(connection, change)


def _show_changes(changes: list[CaseChange], as_json: bool) -> None:
    rows = [
        {"id": c.id, "case": c.case_id, "number": c.number, "kind": c.kind, "text": c.text, "tell": c.tell}
        for c in changes
    ]
    show(rows, as_json, lambda: [f"{c.number}\t{c.text}\t告知：{'、'.join(c.tell) or '—'}" for c in changes])


@app.command("export")
def export_case(
    context: typer.Context,
    number: str,
    out: Annotated[Path, typer.Option(help="输出目录")],
    by: By,
    reason: Annotated[str, typer.Option(help="导出事由（留痕）")],
) -> None:
    """导出整卷：表单、文稿、附件、历史和校验。例：huiying case export 云港舆〔2026〕001号 --out 案卷 --by fang_yi --reason 归档"""
    from pipeline.cases.export import write_folder
    from pipeline.cases.office import Asking
    from pipeline.cases.permissions import allowed
    from pipeline.cases.refusal import Refused

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    with services.store.write() as connection:
        who, office = person_of(desk, connection, by), desk.office(connection)
        if not allowed("export", Asking(who, now, office)):
            raise Refused(f"{who.name}没有导出权限：请由新闻发言人或管理员导出。")
        case_id = id_of(connection, number)
        written = write_folder(connection, case_id, out, services.settings.data_dir, office, now, by, reason)
    sys.stdout.write(f"已导出 {len(written)} 个文件到 {written[-1].parent}\n")


@app.command("attach")
def attach(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="扫描件或网页存档")], as_json: Json = False
) -> None:
    """存入一个附件，得到它的编号（SHA-256）。例：huiying case attach 批示.pdf"""
    from pipeline.cases.refusal import Refused
    from pipeline.store import case_files

    services: Services = context.obj()
    if not file.is_file() or file.stat().st_size > case_files.LIMIT:
        raise Refused(f"{file} 不是文件或超过 50 MB：请检查路径，或压缩后再存。")
    digest = case_files.keep(services.settings.data_dir, file.read_bytes())
    show({"sha256": digest}, as_json, lambda: [digest])


@app.command("precedents")
def precedents(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="标题或经验里的词；空则全部")] = "",
    as_json: Json = False,
) -> None:
    """查典型案例及其经验。例：huiying case precedents 火灾"""
    from pipeline.store import cases

    services: Services = context.obj()
    with services.store.read() as connection:
        found = cases.precedents(connection, query)
    rows = [{"number": c.number, "title": c.title, "evaluation": c.evaluation, "lessons": c.lessons} for c in found]
    show(rows, as_json, lambda: [f"{c.number}\t{c.title}\t{'；'.join(c.lessons)}" for c in found] or ["没有典型案例。"])


@app.command("draft")
def draft_report(
    context: typer.Context,
    number: str,
    step: Annotated[ReportStep, typer.Argument(help="first 首报、follow 续报、final 终报")] = ReportStep.FIRST,
) -> None:
    """起草紧急信息报送稿（不外发，正式渠道是总值班室）。例：huiying case draft 云港舆〔2026〕001号 first"""
    from pipeline.cases.refusal import Refused
    from pipeline.cases.upward import draft
    from pipeline.store import cases

    services: Services = context.obj()
    desk = desk_of(services)
    with services.store.read() as connection:
        case = cases.load(connection, id_of(connection, number))
        if case is None:
            raise Refused("案卷内容已到期销毁。")
        text = draft(case, step.value, desk.office(connection), services.clock.now())
    sys.stdout.write(text + "\n")


@app.command("purge")
def purge_expired(
    context: typer.Context,
    by: By,
    reason: Annotated[str, typer.Option(help="销毁依据（留痕）")],
    do: Annotated[bool, typer.Option("--do", help="真的销毁；不加只列出")] = False,
) -> None:
    """列出或销毁保管期满的案卷内容；历史链仍可核对。例：huiying case purge --by guan_li --reason 保管期满 --do"""
    from pipeline.cases.retention import expired, purge

    services: Services = context.obj()
    desk, now = desk_of(services), services.clock.now()
    with services.store.write() as connection:
        found = expired(connection, desk, now)
        who = person_of(desk, connection, by)
        for case in found:
            emptied = purge(connection, desk, services.settings.data_dir, case, who, now, reason) if do else 0
            sys.stdout.write(f"{case.number}\t{case.title}\t{f'已销毁 {emptied} 条' if do else '期满'}\n")
    if not found:
        sys.stdout.write("没有保管期满的案卷。\n")


def verify(
    context: typer.Context,
    anchor: Annotated[
        list[Path] | None, typer.Option(help="外存凭据文件（导出的 校验.txt 或 --write-anchor 写的）")
    ] = None,
    write_anchor: Annotated[Path | None, typer.Option(help="把现在的链尾追加到这个文件，另处保存")] = None,
    as_json: Json = False,
) -> None:
    """核对处置历史没有被改动或删除。例：huiying verify --anchor 凭据.txt"""
    from pipeline.cases.history import verify as walk
    from pipeline.clock import iso
    from pipeline.store import cases

    services: Services = context.obj()
    anchors = [head for path in anchor or [] for head in read_anchors(path)]
    with services.store.read() as connection:
        proof = walk(cases.chain(connection), cases.head(connection), anchors)
    if write_anchor and proof.holds:
        with write_anchor.open("a", encoding="utf-8") as file:
            file.write(f"anchor {proof.head.position} {proof.head.digest} {iso(services.clock.now())}\n")
    findings = [{"position": f.position, "case": f.case_id, "text": f.text} for f in proof.findings]
    result = {"holds": proof.holds, "rows": proof.rows, "purged": proof.purged, "head": proof.head.digest,
              "anchors": len(anchors), "findings": findings}  # fmt: skip

    def lines() -> list[str]:
        if proof.holds:
            return [f"历史完整：{proof.rows}条，其中{proof.purged}条内容已到期销毁；链尾 {proof.head.digest[:16]}…"]
        return [f"第{f.position}条：{f.text}" for f in proof.findings]

    show(result, as_json, lines)
    if not proof.holds:
        raise typer.Exit(1)


def read_anchors(path: Path) -> list[Head]:
    """Lines `anchor POSITION DIGEST` of a file; Refused when there is none."""
    from pipeline.cases.history import Head
    from pipeline.cases.refusal import Refused

    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"凭据文件 {path} 读不出来：{error}。") from error
    found = [Head(int(p[1]), p[2]) for p in lines if len(p) >= 3 and p[0] == "anchor" and p[1].isdigit()]
    if not found:
        raise Refused(f"{path} 里没有 anchor 行：请用导出的校验.txt 或 --write-anchor 写的文件。")
    return found
