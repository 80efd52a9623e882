"""Charts: what is drawn is valid Vega-Lite, with and without marks, and comes out as a picture that names what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import altair
import pytest

from dashboards import charts

START = datetime(2026, 3, 15, tzinfo=UTC)
BARS = [charts.Bar(START + timedelta(hours=hour), hour + 1, hour % 3) for hour in range(6)]
MARKS = [
    charts.Mark(START + timedelta(hours=1), "集聚"),
    charts.Mark(START + timedelta(hours=2), "热议"),
    charts.Mark(START + timedelta(hours=3), "通报", "response"),
]
CHARTS = {
    "timeline with marks": charts.timeline("声量", BARS, MARKS),
    "timeline without marks": charts.timeline("声量", BARS),
    "one bar": charts.timeline("声量", BARS[:1]),
    "no bars": charts.timeline("声量", []),
    "shares": charts.shares("来源", [("微博", 3.0), ("新闻", 1.5)]),
    "no shares": charts.shares("来源", []),
}


@pytest.mark.parametrize("name", CHARTS)
def test_the_specification_is_valid_vega_lite(name: str) -> None:
    altair.LayerChart.from_dict(CHARTS[name].specification, validate=True)


def test_a_specification_with_a_wrong_word_is_noticed() -> None:
    wrong = CHARTS["shares"].specification | {"height": "tall"}
    with pytest.raises(Exception, match="not of type"):
        altair.LayerChart.from_dict(wrong, validate=True)


def test_the_picture_names_its_marks_and_is_a_png_too() -> None:
    chart = CHARTS["timeline with marks"]
    drawn = chart.svg()
    assert all(mark.label in drawn for mark in MARKS)
    assert "篇／1小时" in drawn
    assert chart.png().startswith(b"\x89PNG")


def test_names_of_moments_never_cover_each_other_and_no_line_crosses_a_name() -> None:
    bars = [charts.Bar(START + timedelta(hours=hour), 3, 1) for hour in range(72)]
    minutes = (0, 20, 40, 55, 300, 310, 700, 2000, 2010, 4200)
    marks = [charts.Mark(START + timedelta(minutes=one), "新闻发布会" if one % 3 else "热议") for one in minutes]
    placed = charts.rows_of(bars, marks, 620)
    at = {id(mark): 620 * ((mark.at - START) / timedelta(hours=72)) for mark in marks}
    for mark, row in placed:
        for other, below in placed:
            if other is not mark and at[id(other)] <= at[id(mark)] < at[id(other)] + 11 * len(other.label):
                assert row > below
    assert {id(mark): row for mark, row in placed}[id(marks[7])] == 0
