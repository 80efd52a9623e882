"""Backtest: what rules would have done over the stored past, beside others, with a table and a picture."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pipeline.alerts import commands
from pipeline.alerts.backtest import Report, backtest, lines
from pipeline.alerts.backtest_picture import save
from pipeline.alerts.commands import SpanError, read_quarter, read_span
from pipeline.alerts.rules import load_rules
from pipeline.clock import SteppedClock
from pipeline.store.engine import Store
from tests.alerts.test_rules import HEAD
from tests.events.growth import NIGHT

UNTIL = NIGHT + timedelta(days=3)


def run(store: Store, tmp_path: Path, when: str) -> Report:
    path = tmp_path / "new.toml"
    path.write_text(f"{HEAD}[rule.when]\n{when}\n", "utf-8")
    with store.read() as connection:
        return backtest(connection, [("新", load_rules(path)), ("旧", load_rules())], NIGHT - timedelta(days=1), UNTIL)


def test_it_says_what_would_have_fired_when_and_how_early(burnt: Store, tmp_path: Path) -> None:
    report = run(burnt, tmp_path, 'stages = ["gathering", "hot"]')
    fired = report.new.fired
    assert [one.alert.event_id for one in fired] == ["fire"]
    assert fired[0].after_first is not None
    assert fired[0].after_first <= timedelta(minutes=30)
    assert fired[0].before_hot is not None
    assert fired[0].before_hot > timedelta(0)
    assert report.new.by_rule() == {"test": 1}
    assert report.new.per_day(report.days)["duty_officer"] == pytest.approx(1 / report.days)


def test_it_says_what_it_would_have_missed_of_the_cases_that_people_opened(burnt: Store, tmp_path: Path) -> None:
    report = run(burnt, tmp_path, 'stages = ["gathering", "hot"]')
    assert [case.event_id for case in report.new.missed] == ["quiet"]
    assert [case.event_id for case, _ in report.new.caught] == ["fire"]
    assert report.new.caught[0][1] > timedelta(hours=4)
    strict = run(burnt, tmp_path, "min_documents = 10000")
    assert {case.event_id for case in strict.new.missed} == {"fire", "quiet"}


def test_it_names_the_difference_to_the_other_rules(burnt: Store, tmp_path: Path) -> None:
    report = run(burnt, tmp_path, "min_documents = 10000")
    assert report.old is not None
    assert report.only(report.new, report.old) == []
    assert {one.key[0] for one in report.only(report.old, report.new)} == {"fire"}
    text = "\n".join(lines(report))
    assert "新规则不再有" in text
    assert "漏掉人工建单" in text


def test_it_is_the_same_every_time_and_touches_nothing(burnt: Store, tmp_path: Path) -> None:
    first = run(burnt, tmp_path, "min_documents = 3")
    assert run(burnt, tmp_path, "min_documents = 3") == first


def test_an_empty_past_gives_an_empty_report(store: Store, tmp_path: Path) -> None:
    report = run(store, tmp_path, "min_documents = 3")
    assert report.new.fired == ()
    assert lines(report)


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_shows_days_and_levels(burnt: Store, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"picture.{ending}"
    save(run(burnt, tmp_path, 'stages = ["gathering", "hot"]'), path)
    assert path.stat().st_size > 1000


def test_the_command_reads_a_span_and_prints_json(burnt: Store, tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text(f'{HEAD}[rule.when]\nstages = ["gathering", "hot"]\n', "utf-8")
    clock = SteppedClock(UNTIL)
    shipped = Path(commands.__file__).parents[2] / "config"
    services = SimpleNamespace(clock=clock, store=burnt, settings=SimpleNamespace(file=lambda name: shipped / name))
    result = CliRunner().invoke(_app(services), ["--rules", str(rules), "--since", "4d", "--json"])
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    assert shown["new"]["by_rule"] == {"test": 1}
    assert shown["new"]["alerts"][0]["minutes_after_first"] <= 30
    assert shown["new"]["missed"][0]["event"] == "quiet"


def _app(services: object) -> typer.Typer:
    app = typer.Typer()
    app.command()(commands.backtest)

    @app.callback(invoke_without_command=False)
    def _root(context: typer.Context) -> None:
        context.obj = lambda: services

    wrapped = typer.Typer()

    @wrapped.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    def _run(context: typer.Context) -> None:
        app(["backtest", *context.args], standalone_mode=False)

    return wrapped


@pytest.mark.parametrize(("text", "hours"), [("30d", 720), ("12h", 12), ("2w", 336), ("3天", 72)])
def test_spans_are_read(text: str, hours: int) -> None:
    assert read_span(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "30", "0d", "下周", "-3d"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpanError, match="30d"):
        read_span(text)


def test_a_quarter_is_read_and_anything_else_refused() -> None:
    assert read_quarter("2026Q1") == (2026, 1)
    for text in ("2026", "2026Q5", "Q1"):
        with pytest.raises(SpanError, match="2026Q1"):
            read_quarter(text)
