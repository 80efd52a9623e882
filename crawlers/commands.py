"""The crawlers' commands: crawl, source …, evidence …"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.document import Kind
from pipeline.errors import HuiyingError

source_app = typer.Typer(help="信源：查看、检查、添加、覆盖台账。", no_args_is_help=True)
evidence_app = typer.Typer(help="证据存档：查看、导出、核验、清理。", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Reason_ = Annotated[str, typer.Option("--reason", help="为什么打开，记入日志")]
Person = Annotated[str, typer.Option("--person", help="谁打开的，默认为当前系统用户")]


def crawl(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="信源 id；不写则采集全部已启用的")] = None,
    as_json: Json = False,
) -> None:
    """现在就采集一次。例：huiying crawl yungang-gov weibo"""
    from crawlers.crawl import Crawling
    from crawlers.opening import all_sources
    from pipeline.progress import progress_bar

    services = context.obj()
    found = all_sources(services.settings, services.store)
    with Crawling(services, found) as crawling:
        crawling.register()
        chosen = list(sources) if sources else [source.id for source in found if source.enabled]
        if not chosen:
            raise HuiyingError("没有启用的信源；用 huiying source list 查看，huiying source add 网址 添加。")
        report = _with_progress(progress_bar, crawling, chosen)
    rows = [{**asdict(run), "reason": run.reason or ""} for run in report.runs]
    if as_json:
        _print(json.dumps({"new": report.new, "outcomes": report.outcomes, "runs": rows}, ensure_ascii=False))
    else:
        for run in report.runs:
            state = {"ok": "成功", "partial": "部分", "failed": "失败"}[run.outcome]
            _print(f"{state}  {run.source_id}  新 {run.new}  更新 {run.observed}  页 {run.fetched}  {run.detail}")
    if report.runs and all(run.outcome == "failed" for run in report.runs):
        raise typer.Exit(1)


@source_app.command("list")
def list_sources(context: typer.Context, as_json: Json = False) -> None:
    """列出信源和状态。例：huiying source list"""
    from crawlers.opening import all_sources
    from pipeline.clock import iso
    from pipeline.store import sources as book

    services = context.obj()
    with services.store.read() as connection:
        states = {state.id: state for state in book.states(connection, only_enabled=False)}
    rows = []
    for source in all_sources(services.settings, services.store):
        state = states.get(source.id)
        rows.append(
            {
                "id": source.id,
                "name": source.name,
                "kind": source.kind.value,
                "spider": source.spider,
                "enabled": source.enabled,
                "health": state.health if state else "new",
                "reason": state.reason if state else "",
                "next_due": iso(state.next_due) if state and source.enabled else "",
            }
        )
    if as_json:
        _print(json.dumps(rows, ensure_ascii=False))
    for row in [] if as_json else rows:
        mark = {"ok": "正常", "broken": "中断", "silent": "静默", "new": "未采"}[str(row["health"])]
        _print(f"{'启用' if row['enabled'] else '停用'}  {mark}  {row['id']}  {row['name']}  {row['reason']}")


@source_app.command("check")
def check(file: Annotated[Path, typer.Argument(help="信源文件（TOML）", exists=True)]) -> None:
    """检查一个信源文件。例：huiying source check var/config/sources/yungang.toml"""
    from crawlers.source import parse_source
    from crawlers.spiders.registry import spider_for

    source = parse_source(file.read_text(encoding="utf-8"), file.name, {"data": "."})
    spider_for(source)
    _print(f"{file.name} 没有问题：{source.name}（{source.kind}，{source.spider}）")


@source_app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="网站、栏目或订阅源的地址")],
    name: Annotated[str, typer.Option(help="信源名称")] = "",
    kind: Annotated[Kind, typer.Option(help="类别")] = Kind.NEWS,
    yes: Annotated[bool, typer.Option("--yes", help="预览读得懂就直接添加")] = False,
    person: Person = "",
    as_json: Json = False,
) -> None:
    """由一个网址添加信源：先找订阅源和列表，预览十篇，再添加。例：huiying source add https://www.example.cn/xwzx/ --yes"""
    from crawlers.adding import find_source
    from crawlers.opening import add_source, to_toml
    from pipeline.clock import shanghai

    services = context.obj()
    found = find_source(services, url, name, kind)
    added = yes and found.good
    if added:
        add_source(services, found.source, person or _user())
    if as_json:
        previews = [asdict(preview) for preview in found.previews]
        answer = {"id": found.source.id, "good": found.good, "added": added, "notes": found.notes,
                  "toml": to_toml(found.source), "previews": previews}  # fmt: skip
        _print(json.dumps(answer, ensure_ascii=False, default=str))
        return
    for preview in found.previews:
        when = f"{shanghai(preview.published_at):%Y-%m-%d %H:%M}" if preview.published_at else "没有时间"
        _print(f"{'读懂' if preview.understood else '不懂'}  {when}  {preview.chars} 字  {preview.title}")
    for note in found.notes:
        _print(note)
    _print(to_toml(found.source))
    _print(
        f"已添加：{found.source.id}" if added else "没有添加；预览没有问题时加 --yes，或把上面的内容存为文件后修改。"
    )


@source_app.command("coverage")
def coverage(
    context: typer.Context,
    hours: Annotated[int, typer.Option(help="最近多少小时")] = 24,
    as_json: Json = False,
) -> None:
    """覆盖台账：看了什么，缺了什么，为什么。例：huiying source coverage --hours 48"""
    from datetime import timedelta

    from crawlers.troubles import IN_CHINESE, Reason
    from pipeline.clock import iso, shanghai
    from pipeline.store import ledger

    services = context.obj()
    end = services.clock.now()
    with services.store.read() as connection:
        said = ledger.statement(connection, end - timedelta(hours=hours), end)
    if as_json:
        gaps = [{"source": key, "hour": iso(hour), "reason": reason} for key, hour, reason in said.gaps]
        _print(json.dumps({**asdict(said), "gaps": gaps, "complete": said.complete}, ensure_ascii=False, default=str))
        return
    _print(
        f"{said.sources} 个信源，采集 {said.runs} 次，失败 {said.failed} 次，收到 {said.received} 条，估计缺 {said.missing:.0f} 条"
    )
    for key, hour, reason in said.gaps:
        words = IN_CHINESE.get(Reason(reason), reason) if reason else "有页面没取到"
        _print(f"缺  {shanghai(hour):%m-%d %H时}  {key}  {words}")
    _print("覆盖完整：没有发现即为没有。" if said.complete else "覆盖有缺口：不能据此说“没有发现”。")


@evidence_app.command("list")
def list_captures(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="文档编号或网址")],
    as_json: Json = False,
) -> None:
    """一篇文档或一个网址的全部存档。例：huiying evidence list https://www.example.cn/art_1.html"""
    from pipeline.clock import iso
    from pipeline.store import evidence as index

    services = context.obj()
    with services.store.read() as connection:
        found = index.of_document(connection, what) or index.of_address(connection, what)
    rows = [{"id": c.id, "url": c.url, "at": iso(c.at), "sha256": c.sha256, "pruned": not c.file} for c in found]
    if as_json:
        _print(json.dumps(rows, ensure_ascii=False))
    for row in [] if as_json else rows:
        _print(f"{row['id']}  {row['at']}  {str(row['sha256'])[:16]}…  {'（原文已清除）' if row['pruned'] else ''}")
    if not rows:
        raise HuiyingError("没有它的存档；请核对文档编号或网址。")


@evidence_app.command("show")
def show(context: typer.Context, capture_id: str, reason: Reason_, person: Person = "") -> None:
    """显示一份存档的原样内容；要写理由，会记录。例：huiying evidence show 3f2a… --reason 核对通报所引原帖"""
    from crawlers.evidence import open_capture

    services = context.obj()
    opened = open_capture(_archive(services), services.store, services.clock, capture_id, person or _user(), reason)
    sys.stdout.buffer.write(opened.body)


@evidence_app.command("export")
def export(
    context: typer.Context,
    capture_id: str,
    out: Annotated[Path, typer.Option("--out", help="写到哪里（.warc.gz）")],
    reason: Reason_,
    person: Person = "",
) -> None:
    """把一份存档原样导出为 WARC 文件，附哈希。例：huiying evidence export 3f2a… --out 证据.warc.gz --reason 移交法制科"""
    from crawlers.evidence import open_capture

    services = context.obj()
    archive = _archive(services)
    opened = open_capture(archive, services.store, services.clock, capture_id, person or _user(), reason, "export")
    out.write_bytes(archive.raw(opened.capture))
    _print(f"{out}  采集时间 {opened.capture.at.isoformat()}  SHA-256 {opened.capture.sha256}")


@evidence_app.command("verify")
def verify(context: typer.Context, as_json: Json = False) -> None:
    """逐份核对存档与采集时的哈希。例：huiying evidence verify"""
    services = context.obj()
    result = _archive(services).verify(services.store)
    if as_json:
        _print(json.dumps({"checked": result.checked, "wrong": result.wrong}, ensure_ascii=False))
    else:
        for capture_id, why in result.wrong:
            _print(f"{capture_id}  {why}")
        _print(f"核对 {result.checked} 份，{len(result.wrong)} 份不符")
    if result.wrong:
        raise typer.Exit(1)


@evidence_app.command("prune")
def prune(context: typer.Context) -> None:
    """按设置的天数和容量上限清理最早的存档（案件已绑定的不清）。例：huiying evidence prune"""
    from datetime import timedelta

    services = context.obj()
    kept = services.settings.retention
    before = services.clock.now() - timedelta(days=kept.evidence_days)
    freed = _archive(services).prune(services.store, int(kept.evidence_gib * 2**30), before)
    _print(f"清出 {freed / 2**20:.1f} MB")


def _archive(services: Any) -> Any:
    from crawlers.evidence import Archive

    return Archive(services.settings.data_dir / "evidence", f"reader-{os.getpid()}")


def _with_progress(progress: Any, crawling: Any, chosen: list[str]) -> Any:
    from crawlers.crawl import CrawlReport

    report = CrawlReport()
    with progress("采集", len(chosen)) as advance:
        for start in range(0, len(chosen), 16):
            part = crawling.crawl_now(chosen[start : start + 16])
            report.runs += part.runs
            advance(start + len(chosen[start : start + 16]))
    return report


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
