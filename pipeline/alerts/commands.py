"""`huiying backtest` and `huiying rules`: try rules on the stored past; what is in force, and how it has done."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.clock import SHANGHAI
from pipeline.errors import HuiyingError

if TYPE_CHECKING:
    from pipeline.alerts.backtest import Outcome, Report

_SPAN = re.compile(r"^(\d{1,4})\s*([hdw]|小时|天|日|周)$")
_HOURS = {"h": 1, "小时": 1, "d": 24, "天": 24, "日": 24, "w": 168, "周": 168}


class SpanError(HuiyingError):
    """A span of time that cannot be read."""


def read_span(text: str) -> timedelta:
    """30d, 12h, 2w, 30天 → a timedelta. SpanError otherwise."""
    match = _SPAN.match(text.strip())
    if not match or int(match[1]) == 0:
        raise SpanError(f"“{text}”读不懂：请写 30d（天）、12h（小时）或 2w（周）")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


def backtest(
    context: typer.Context,
    rules: Annotated[Path, typer.Option("--rules", help="要试的规则文件")],
    since: Annotated[str, typer.Option("--since", help="回看多久：30d、12h、2w")] = "30d",
    against: Annotated[Path | None, typer.Option("--against", help="与这份规则比较（默认：正在用的）")] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help="把图写到这个 .svg 或 .png")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """用过去的数据试规则：会报什么、多早、每人每天几条、漏掉什么。例：huiying backtest --rules 新规则.toml --since 30d"""
    from pipeline.alerts.backtest import backtest as run
    from pipeline.alerts.backtest import lines
    from pipeline.alerts.rules import load_rules

    services = context.obj()
    now: datetime = services.clock.now()
    old = against or services.settings.file("rules.toml")
    books = [(rules.name, load_rules(rules)), (f"对照 {old.name}", load_rules(old))]
    with services.store.read() as connection:
        report = run(connection, books, now - read_span(since), now)
    if picture:
        from pipeline.alerts.backtest_picture import save

        save(report, picture)
    if as_json:
        _line(json.dumps(_as_json(report), ensure_ascii=False))
        return
    for line in lines(report):
        _line(line)
    if picture:
        _line(f"图已写入 {picture}")


def rules(
    context: typer.Context,
    days: Annotated[int, typer.Option(help="看最近多少天的评价")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """正在用的预警规则，每条一句话，附最近的准确率与漏报。例：huiying rules --days 30"""
    from pipeline.alerts.feedback import records
    from pipeline.alerts.rules import LEVEL_NAMES, load_rules

    services = context.obj()
    book = load_rules(services.settings.file("rules.toml"))
    with services.store.read() as connection:
        known = {record.rule: record for record in records(connection, services.clock.now(), days)}
    if as_json:
        shown = [
            {"key": rule.key, "level": rule.level, "sentence": rule.sentence, "on": rule.on}
            | ({"record": known[rule.key].words} if rule.key in known else {})
            for rule in book.rules
        ]
        _line(json.dumps(shown, ensure_ascii=False))
        return
    for rule in book.rules:
        _line(f"{LEVEL_NAMES[rule.level]} {rule.key}：{rule.sentence}")
        if rule.key in known:
            _line(f"    近 {days} 天{known[rule.key].words}")


def signs(
    context: typer.Context,
    quarter: Annotated[str, typer.Option("--quarter", help="哪个季度：2026Q1（默认：本季）")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """苗头性、倾向性问题季度表：各话题、镇街的来信来电与上季相比，数量太少的直说。例：huiying signs --quarter 2026Q1"""
    from dataclasses import asdict

    from pipeline.alerts.early_signs import quarter_report
    from pipeline.clock import shanghai
    from pipeline.store.events import local_voices

    services = context.obj()
    now: datetime = services.clock.now()
    year, number = read_quarter(quarter) if quarter else (shanghai(now).year, (shanghai(now).month + 2) // 3)
    before = datetime(year - (number == 1), 10 if number == 1 else 3 * number - 5, 1, tzinfo=SHANGHAI)
    with services.store.read() as connection:
        shown = quarter_report(local_voices(connection, before, now), year, number)
    if as_json:
        _line(json.dumps([asdict(line) for line in shown], ensure_ascii=False))
        return
    _line(f"{year} 年第 {number} 季度：来信来电 {len(shown)} 个话题地点")
    for line in shown:
        _line(f"  {line.place} {line.topic}：{line.words}")


def read_quarter(text: str) -> tuple[int, int]:
    """2026Q1 → (2026, 1). SpanError otherwise."""
    match = re.fullmatch(r"(\d{4})\s*[Qq]([1-4])", text.strip())
    if not match:
        raise SpanError(f"“{text}”读不懂：请写 2026Q1 这样的季度")
    return int(match[1]), int(match[2])


def _as_json(report: Report) -> dict[str, Any]:
    from pipeline.clock import iso

    return {
        "since": iso(report.since),
        "until": iso(report.until),
        "documents": report.documents,
        "new": _outcome_json(report.new, report.days),
        "old": _outcome_json(report.old, report.days) if report.old else None,
        "only_new": [one.alert.id for one in report.only(report.new, report.old)] if report.old else [],
        "only_old": [one.alert.id for one in report.only(report.old, report.new)] if report.old else [],
    }


def _outcome_json(outcome: Outcome, days: float) -> dict[str, Any]:
    from pipeline.clock import iso

    return {
        "rules": outcome.name,
        "by_rule": outcome.by_rule(),
        "per_day": {role: round(number, 2) for role, number in outcome.per_day(days).items()},
        "alerts": [
            {
                "id": one.alert.id,
                "at": iso(one.alert.at),
                "level": one.alert.level,
                "rule": one.alert.rule,
                "event": one.alert.event_id,
                "title": one.alert.title,
                "minutes_after_first": _minutes(one.after_first),
                "minutes_before_hot": _minutes(one.before_hot),
            }
            for one in outcome.fired
        ],
        "missed": [{"case": case.number, "event": case.event_id} for case in outcome.missed],
        "caught": [
            {"case": case.number, "event": case.event_id, "minutes_earlier": _minutes(ahead)}
            for case, ahead in outcome.caught
        ],
    }


def _minutes(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds() / 60)


def _line(text: str) -> None:
    sys.stdout.write(text + "\n")
