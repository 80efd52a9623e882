"""回应: the front door. One command line; each command is a few lines that call a room.

The only place that composes: it reads the settings once, builds the `Services` and hands them down.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import EngineName, Settings, SettingsError, load_settings
from pipeline.clock import Clock, SystemClock
from pipeline.document import Kind
from pipeline.errors import HuiyingError
from pipeline.intake import Intake
from pipeline.search.port import SearchIndex
from pipeline.services import Services
from pipeline.store.engine import open_store, sqlite_url
from pipeline.store.pseudonyms import Pseudonyms

app = typer.Typer(
    name="huiying",
    help="回应：政务舆情监测与回应。常用：huiying demo、huiying run、huiying import、huiying search、huiying briefing、huiying doctor。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def build_services(settings: Settings, clock: Clock | None = None) -> Services:
    """Everything that touches the world, from the settings."""
    clock = clock or SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.store.url or sqlite_url(settings.data_dir / "huiying.db"))
    pseudonyms = Pseudonyms(settings.data_dir / "keys")

    @cache
    def executor() -> Executor:
        from pipeline.executors import open_executor

        return open_executor(settings.analysis)

    @cache
    def index() -> SearchIndex:
        from pipeline.search.opening import open_index

        return open_index(settings)

    def close() -> None:
        if executor.cache_info().currsize:
            executor().shutdown()
        if index.cache_info().currsize:
            index().close()
        store.close()

    return Services(settings, clock, store, Intake(store, clock, pseudonyms), executor, index, close)


@app.callback()
def prepare(context: typer.Context) -> None:
    """Builds the services when a command first asks for them; logs go to stderr, what only informs from the long-running alone."""
    from pipeline.telemetry import configure_logging

    configure_logging("INFO" if context.invoked_subcommand in ("work", "crawl-timetable", "serve") else "WARNING")
    context.obj = cache(lambda: build_services(load_settings()))


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSONL、CSV、TSV 或 XLSX 文件")],
    kind: Annotated[Kind | None, typer.Option(help="文件里没有类别时用它")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="我方字段=文件列名，可多次，如 text=留言详情")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """导入文件，研判后可查。例：huiying import 留言.xlsx --kind message --map text=诉求内容"""
    from pipeline.import_run import run_import

    pairs = dict(item.split("=", 1) for item in columns or [] if "=" in item)
    if len(pairs) != len(columns or []):
        raise HuiyingError("--map 要写成 我方字段=文件列名，例如 --map text=留言详情。")
    result = run_import(context.obj(), file, kind, pairs)
    show(
        result, as_json, "读入 {rows} 行：新增 {new}，更新 {observed}，重复 {repeated}，退回 {rejected}{rejected_file}"
    )


@app.command()
def replay(
    source: Annotated[Path, typer.Option("--in", help="文档 JSONL")],
    out: Annotated[Path, typer.Option("--out", help="时间线 JSONL：每行一个变化")],
    rules: Annotated[Path | None, typer.Option(help="用这份规则代替在用的")] = None,
    assignments: Annotated[Path | None, typer.Option(help="另写每篇文档最终所属事件")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="保留回放的数据目录")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="接着 --data-dir 里没做完的回放")] = False,
    engine: Annotated[EngineName | None, typer.Option(help="研判引擎，默认用设置里的")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """让过去的文档按自己的时钟再走一遍，不动本单位的数据。例：huiying replay --in docs.jsonl --out timeline.jsonl"""
    from pipeline.replay import run_replay

    settings = load_settings()
    if engine:
        settings = settings.model_copy(update={"analysis": settings.analysis.model_copy(update={"engine": engine})})
    result = run_replay(
        build_services, settings, source, out, rules=rules, assignments=assignments, data_dir=data_dir, resume=resume
    )
    show(result, as_json, "回放 {documents} 篇，{changes} 个变化，写入 {out}")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="过完五天就结束，不打开面板")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """在本机过一遍演示城市的五天，然后打开面板。例：huiying demo --once --json"""
    from demo.run import run_demo

    def open_dashboard(services: Services) -> None:
        from dashboards.serving import serve_until_stopped

        serve_until_stopped(services)

    result = run_demo(build_services, load_settings(), None if once else open_dashboard)
    if once:
        show(
            result,
            as_json,
            "文档 {documents}；事件 {events}；预警 {alerts}；处置单 {cases}；邮件 {mails}；用时 {seconds} 秒",
        )


@app.command()
def run(context: typer.Context) -> None:
    """按时间表运行采集、研判和面板，直到停止。例：huiying run"""
    from pipeline.supervising import Supervisor

    services: Services = context.obj()  # settings and store are right, or this refuses before anything starts
    services.close()
    Supervisor({"crawl": ["crawl-timetable"], "work": ["work"], "serve": ["serve"]}).run()


@app.command(hidden=True)
def work(context: typer.Context) -> None:
    """研判进程：由 huiying run 启动，多台机器时可单独运行。例：huiying work"""
    from dashboards.briefings.drafting import Drafting
    from dashboards.daily_round import DailyRound
    from pipeline.working_loop import work as work_until

    services: Services = context.obj()
    drafting = Drafting(services)
    work_until(services, stopping(), [DailyRound(services).write_due, drafting.draft_due, drafting.remind_due])


@app.command(hidden=True, name="crawl-timetable")
def crawl_timetable(context: typer.Context) -> None:
    """采集进程：由 huiying run 启动，多台机器时可单独运行。例：huiying crawl-timetable"""
    from crawlers.crawl import Crawling
    from crawlers.opening import all_sources
    from crawlers.timetable import Timetable

    services: Services = context.obj()
    stop = stopping()
    with Crawling(services, all_sources(services.settings, services.store)) as crawling:
        crawling.register()
        timetable = Timetable(crawling, services.store, services.clock)
        timetable.start()
        stop.wait()
        timetable.stop()


@app.command()
def doctor(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False) -> None:
    """检查配置、连接和缺什么，并说怎么补。例：huiying doctor"""
    from pipeline.doctor import examine

    findings = examine(context.obj())
    signs = {"ok": "正常", "warn": "注意", "bad": "故障"}
    if as_json:
        show({"findings": [asdict(finding) for finding in findings]}, True, "")
    else:
        for finding in findings:
            sys.stdout.write(f"{signs[finding.state]}  {finding.name}：{finding.detail}\n")
            if finding.mend:
                sys.stdout.write(f"      → {finding.mend}\n")
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)


def stopping() -> threading.Event:
    """An event that is set when the process is asked to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def show(result: dict[str, Any], as_json: bool, line: str) -> None:
    """The result of a command: JSON for a program, one line for a person."""
    sys.stdout.write((json.dumps(result, ensure_ascii=False, default=str) if as_json else line.format(**result)) + "\n")


def mount() -> None:
    """Give every room's commands their place in the one command line."""
    from crawlers import commands as crawl_commands
    from crawlers.extraction import commands as extraction_commands
    from dashboards import commands as web_commands
    from dashboards import mail_commands
    from dashboards.briefings import commands as briefing_commands
    from pipeline import answer_commands, operating
    from pipeline.alerts import commands as alert_commands
    from pipeline.analysis import commands as analysis_commands
    from pipeline.analysis import evaluate_commands
    from pipeline.cases import commands as case_commands
    from pipeline.cases import duty_commands
    from pipeline.events import commands as event_commands
    from pipeline.events import stage_commands
    from pipeline.notices import commands as notice_commands
    from pipeline.search import commands as search_commands
    from pipeline.store import commands as store_commands

    alone: tuple[Callable[..., None], ...] = (
        analysis_commands.analyse, analysis_commands.places, search_commands.search, search_commands.reindex,
        crawl_commands.crawl, extraction_commands.extract, alert_commands.backtest, alert_commands.rules, alert_commands.signs, event_commands.hot_issues,
        case_commands.verify, duty_commands.statistics, store_commands.backup, store_commands.restore,
        store_commands.migrate_store, answer_commands.replies, operating.watch, operating.trace, web_commands.serve, web_commands.screenshots,
    )  # fmt: skip
    for command in alone:
        app.command(command.__name__.replace("_", "-"))(command)
    together: tuple[Callable[..., None], ...] = (
        evaluate_commands.evaluate_sentiment, evaluate_commands.evaluate_topic, evaluate_commands.evaluate_scope,
        extraction_commands.evaluate_extraction,
        event_commands.evaluate_same_event, event_commands.evaluate_grouping, stage_commands.evaluate_stages, evaluate_commands.train_sentiment,
        analysis_commands.train_topic, event_commands.train_same_event, event_commands.train_grouping,
        event_commands.train_gist, stage_commands.train_stages,
    )  # fmt: skip
    groups = {
        "evaluate": typer.Typer(
            help="对着标注数据量一量。例：huiying evaluate sentiment --data 数据.tsv", no_args_is_help=True
        ),
        "train": typer.Typer(
            help="用标注数据重新训练。例：huiying train sentiment --data 数据.tsv", no_args_is_help=True
        ),
    }
    for command in together:  # evaluate_same_event is `huiying evaluate same-event`
        group, name = command.__name__.split("_", 1)
        groups[group].command(name.replace("_", "-"))(command)
    groups |= {
        "source": crawl_commands.source_app, "evidence": crawl_commands.evidence_app, "case": case_commands.app,
        "roster": duty_commands.roster, "people": duty_commands.people,
        "briefing": briefing_commands.app, "notices": notice_commands.app, "mail": mail_commands.app,
    }  # fmt: skip
    for name, sub in groups.items():
        app.add_typer(sub, name=name)


def main() -> None:
    """Console entry: exit code 0, 1 (refused, with one line that says why) or 2 (wrong usage)."""
    mount()
    try:
        app()
    except (HuiyingError, SettingsError) as error:
        sys.stderr.write(f"huiying: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
