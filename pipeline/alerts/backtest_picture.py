"""The picture of a backtest (回看图): alerts a day by level, the new rules above the old."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import altair as alt

from pipeline.alerts.backtest import Outcome, Report
from pipeline.alerts.rules import LEVEL_NAMES
from pipeline.clock import shanghai

COLOURS = {"红色": "#c0392b", "橙色": "#e67e22", "黄色": "#f1c40f", "蓝色": "#2980b9"}


def picture(report: Report) -> alt.Chart:
    """Bars of alerts a day, coloured by level, one row per rule file; days without an alert stand empty."""
    outcomes = [report.new, *([report.old] if report.old else [])]
    rows = [row for outcome in outcomes for row in _rows(report, outcome)]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows), title="各日预警条数")
        .mark_bar()
        .encode(
            x=alt.X("day:O", title="日期"),
            y=alt.Y("number:Q", title="条", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "level:N", title="提示等级", scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
            ),
            row=alt.Row("rules:N", title=None),
        )
        .properties(width=560, height=140)
        .configure(font="Noto Sans SC, Noto Sans CJK SC, sans-serif")
    )
    return chart


def _rows(report: Report, outcome: Outcome) -> list[dict[str, object]]:
    first, last = shanghai(report.since).date(), shanghai(report.until).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    fired = [(shanghai(one.alert.at).date(), one.alert.level) for one in outcome.fired]
    return [
        {"rules": outcome.name, "day": f"{day:%m-%d}", "level": name, "number": fired.count((day, level))}
        for day in days
        for level, name in LEVEL_NAMES.items()
    ]


def save(report: Report, path: Path) -> None:
    """Write the picture; the ending says how: .svg or .png."""
    picture(report).save(str(path))
