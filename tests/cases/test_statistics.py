"""回应解读情况（历史口径/内部统计）: what counts once, which column, and the list behind every number."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from docx import Document
from openpyxl import load_workbook

from pipeline.cases.refusal import Refused
from pipeline.cases.statistics import Report, column_of, compile_report, period_of
from pipeline.cases.statistics_files import to_docx, to_xlsx
from pipeline.cases.vocabulary import Origin
from pipeline.clock import SHANGHAI
from pipeline.store import cases

from .conftest import Play

At = Callable[[float], datetime]


def report(play: Play, at: datetime, year: int = 2026, quarter: int | None = 1) -> Report:
    name, start, end = period_of(year, quarter)
    found = cases.touched(play.connection, start, end)
    return compile_report(found, play.desk.mechanism, name, start, end, at)


def counts(made: Report) -> dict[str, tuple[int, ...]]:
    return {line.key: tuple(line.count(column) for column in made.columns) for line in made.lines}


@pytest.mark.parametrize(
    ("unit", "column"),
    [
        ("区委宣传部", "区政府"),
        ("区应急管理局", "区直部门"),
        ("沙洲镇", "镇街"),
        ("石桥街道", "镇街"),
        ("云港水务公司", "区直部门"),
    ],
)
def test_units_fall_into_three_columns(play: Play, unit: str, column: str) -> None:
    assert column_of(unit, play.desk.mechanism.statistics) == column


def test_one_hot_topic_answered_in_many_ways_counts_once(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    for number, (form, unit) in enumerate(
        [
            ("site_statement", "沙洲镇"),
            ("weibo", "区委宣传部"),
            ("wechat", "区委宣传部"),
            ("press_conference", "区应急管理局"),
        ]
    ):
        play.respond(hours(2 + number), form, unit=unit, principal=form == "press_conference")
    assert counts(report(play, hours(10))) == {
        "hot_topics": (0, 0, 1),  # the town answered first
        "press_conferences": (0, 1, 0),
        "press_conferences_principal": (0, 1, 0),
        "interviews": (0, 0, 0),
        "interviews_principal": (0, 0, 0),
        "interpretations": (0, 0, 0),
        "weibo_wechat": (1, 0, 0),  # one event, not two posts
        "others": (0, 0, 1),
    }


def test_planned_press_conferences_count_and_answer_no_event(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    made = play.desk.open_by_hand(
        play.connection,
        office.directory.get("fang_yi"),
        hours(0),
        title="民生实事发布会",
        reason="计划",
        origin=Origin.PLANNED,
    )
    play.case_id = made[0].case_id
    play.approved_line(hours(1))
    play.respond(hours(2), "press_conference")
    play.respond(hours(3), "online_interview", principal=True)
    play.respond(hours(4), "interpretation", linked="interpretation")
    got = counts(report(play, hours(10)))
    assert got["hot_topics"] == (0, 0, 0)
    assert (got["press_conferences"], got["interviews"], got["interpretations"]) == ((1, 0, 0), (1, 0, 0), (1, 0, 0))
    assert got["interviews_principal"] == (1, 0, 0)
    assert got["press_conferences_principal"] == (0, 0, 0)


def test_a_response_counts_in_the_period_in_which_it_went_out(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    play.respond(hours(2))
    assert counts(report(play, hours(10), quarter=1))["hot_topics"] == (1, 0, 0)
    assert counts(report(play, hours(10), quarter=2))["hot_topics"] == (0, 0, 0)
    assert counts(report(play, hours(10), quarter=None))["hot_topics"] == (1, 0, 0)


def test_units_are_counted_on_time_late_and_waiting(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    for unit, lead in (("区应急管理局", True), ("区消防救援大队", False), ("沙洲镇", False), ("区卫健委", False)):
        play.act("gu_lan", "assigned", hours(1), unit=unit, asked="核实", due=hours(4).isoformat(), lead=lead)
    staff = {unit: play.desk.shipped.of_unit(unit)[0].id for unit in ("区应急管理局", "区消防救援大队")}
    play.act(staff["区应急管理局"], "fed_back", hours(2), assignment="a1", text="无人员伤亡")
    play.act(staff["区消防救援大队"], "fed_back", hours(5), assignment="a2", text="无人员伤亡")
    play.act(
        "fang_yi", "reassigned", hours(2), assignment="a4", unit="区民政局", reason="职责", due=hours(90).isoformat()
    )
    made = {u.unit: u for u in report(play, hours(10)).units}
    assert len(made["区应急管理局"].on_time) == 1
    assert len(made["区消防救援大队"].late) == 1
    assert len(made["沙洲镇"].late) == 1  # never answered, its time is over
    assert len(made["区民政局"].waiting) == 1
    assert (len(made["区卫健委"].assigned), len(made["区卫健委"].late)) == (1, 0)


def test_being_late_stays_with_the_unit_that_was_late(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.act("gu_lan", "assigned", hours(1), unit="沙洲镇", asked="核实", due=hours(2).isoformat())
    play.live(hours(1), hours(3))
    play.act(
        "fang_yi", "reassigned", hours(3), assignment="a1", unit="区应急管理局", reason="逾期", due=hours(9).isoformat()
    )
    made = {u.unit: u for u in report(play, hours(4)).units}
    assert (len(made["沙洲镇"].late), len(made["区应急管理局"].late)) == (1, 0)


def test_quiet_decisions_are_listed_with_approver_and_review(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.act("tao_ran", "acknowledged", hours(0.1))
    play.act("fang_yi", "class_set", hours(0.2), legal_class="other", reason="一般")
    play.assess(hours(0.3))
    play.act(
        "fang_yi", "decided", hours(0.4), decision="offline", reason="个案已上门", approver="song_wenbo",
        review_at=hours(48).isoformat(),
    )  # fmt: skip
    (item,) = report(play, hours(1)).quiet
    assert item.unit == "song_wenbo"
    assert "线下解决：个案已上门（3月17日 02:40复核）" in item.detail


def test_every_number_opens_the_list_behind_it(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    play.respond(hours(2), "weibo")
    play.respond(hours(3), "press_conference", principal=True)
    made = report(play, hours(10))
    book = load_workbook(io.BytesIO(to_xlsx(made)))
    summary, lists = book["汇总"], book["明细"]
    assert summary["A1"].value == "回应解读情况（历史口径/内部统计）"
    assert [cell.value for cell in summary[3]] == ["统计指标", "单位", "区政府", "区直部门", "镇街", "合计"]
    checked = 0
    for row, line in zip(summary.iter_rows(min_row=4), made.lines, strict=True):
        for cell, column in zip(row[2:5], made.columns, strict=True):
            assert cell.value == line.count(column)
            if cell.value:
                target = cell.hyperlink.location.split("!A")
                first = int(target[1])
                listed = [lists.cell(first + n, 1).value for n in range(cell.value)]
                assert listed == [line.label] * cell.value
                checked += 1
    assert checked == 4
    text = "\n".join(
        cell.text for table in Document(io.BytesIO(to_docx(made))).tables for row in table.rows for cell in row.cells
    )
    assert "政务微博《情况通报》" in text
    assert "考核督查" in "\n".join(p.text for p in Document(io.BytesIO(to_docx(made))).paragraphs)


def test_periods_are_whole_on_the_offices_calendar() -> None:
    name, start, end = period_of(2026, 4)
    assert (name, start, end) == (
        "2026年第4季度", datetime(2026, 10, 1, tzinfo=SHANGHAI), datetime(2027, 1, 1, tzinfo=SHANGHAI),
    )  # fmt: skip
    quarters = [period_of(2026, q) for q in (1, 2, 3, 4)]
    assert all(a[2] == b[1] for a, b in pairwise(quarters))
    assert period_of(2026)[1:] == (quarters[0][1], quarters[3][2])
    assert period_of(2026, month=12)[2] - period_of(2026, month=12)[1] == timedelta(days=31)
    with pytest.raises(Refused):
        period_of(2026, 5)
