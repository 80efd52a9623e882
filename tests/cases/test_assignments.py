"""交办—催办—反馈—办结, one lead, returns and reassignments, instructions, and numbers that must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.cases.refusal import Refused
from pipeline.cases.state import AssignmentStatus

from .conftest import Play

At = Callable[[float], datetime]
SAFETY, FIRE_BRIGADE = "区应急管理局", "区消防救援大队"


@pytest.fixture
def running(play: Play, hours: At) -> Play:
    play.alert(hours(0))
    play.answering(hours(0.1))
    return play


def assign(play: Play, at: datetime, unit: str, due: datetime, lead: bool = True) -> None:
    play.act("gu_lan", "assigned", at, unit=unit, asked="核实伤亡和面积", due=due.isoformat(), lead=lead)


def staff(play: Play, unit: str) -> str:
    return play.desk.shipped.of_unit(unit)[0].id


def test_an_assignment_has_number_unit_demand_and_time(running: Play, hours: At) -> None:
    assign(running, hours(1), SAFETY, hours(3))
    (made,) = running.case.assignments
    assert made.number == "云港舆交〔2026〕001-1号"
    assert (made.unit, made.asked, made.due, made.lead) == (SAFETY, "核实伤亡和面积", hours(3), True)


def test_there_is_one_lead_and_it_comes_first(running: Play, hours: At) -> None:
    with pytest.raises(Refused, match="先交办牵头单位"):
        assign(running, hours(1), SAFETY, hours(3), lead=False)
    assign(running, hours(1), SAFETY, hours(3))
    with pytest.raises(Refused, match="已由区应急管理局牵头"):
        assign(running, hours(1), FIRE_BRIGADE, hours(3))
    assign(running, hours(1), FIRE_BRIGADE, hours(3), lead=False)


def test_an_unknown_unit_or_a_past_time_is_refused(running: Play, hours: At) -> None:
    with pytest.raises(Refused, match="没有登记接收交办的人员"):
        assign(running, hours(1), "区火星局", hours(3))
    with pytest.raises(Refused, match="晚于现在"):
        assign(running, hours(3), SAFETY, hours(3))


def test_feedback_comes_from_the_unit_itself_and_is_closed_by_another(running: Play, hours: At) -> None:
    assign(running, hours(1), SAFETY, hours(3))
    with pytest.raises(Refused, match="没有交办给"):
        running.act(staff(running, FIRE_BRIGADE), "fed_back", hours(2), assignment="a1", text="无人员伤亡")
    with pytest.raises(Refused, match="还没有反馈"):
        running.act("fang_yi", "assignment_closed", hours(2), assignment="a1")
    running.act(staff(running, SAFETY), "fed_back", hours(2), assignment="a1", text="无人员伤亡")
    running.act("fang_yi", "assignment_closed", hours(2), assignment="a1")
    assert running.case.assignments[0].status is AssignmentStatus.CLOSED


def test_a_report_that_does_not_do_goes_back_with_reason_and_new_time(running: Play, hours: At) -> None:
    assign(running, hours(1), SAFETY, hours(3))
    running.act(staff(running, SAFETY), "fed_back", hours(2), assignment="a1", text="正在处理")
    running.act("gu_lan", "feedback_returned", hours(2.5), assignment="a1", reason="没有数字", due=hours(4).isoformat())
    (made,) = running.case.assignments
    assert (made.status, made.due, made.first_due, made.returned) == (AssignmentStatus.OPEN, hours(4), hours(3), 1)


def test_reassigning_moves_the_part_and_remembers_who_had_it(running: Play, hours: At) -> None:
    assign(running, hours(1), SAFETY, hours(3))
    running.act(
        "fang_yi",
        "reassigned",
        hours(2),
        assignment="a1",
        unit=FIRE_BRIGADE,
        reason="火因由消防调查",
        due=hours(5).isoformat(),
    )
    (made,) = running.case.assignments
    assert (made.unit, made.former_units) == (FIRE_BRIGADE, (SAFETY,))
    with pytest.raises(Refused, match="交办给区消防救援大队|没有交办给"):
        running.act(staff(running, SAFETY), "fed_back", hours(3), assignment="a1", text="无")


def test_a_reminder_is_for_those_who_owe_an_answer(running: Play, hours: At) -> None:
    assign(running, hours(1), SAFETY, hours(3))
    said = running.act("gu_lan", "reminded", hours(1.5), assignment="a1", text="请先报伤亡")
    assert said[0].tell == tuple(p.id for p in running.desk.shipped.of_unit(SAFETY))
    running.act(staff(running, SAFETY), "fed_back", hours(2), assignment="a1", text="无人员伤亡")
    with pytest.raises(Refused, match="不需要催办"):
        running.act("gu_lan", "reminded", hours(2.5), assignment="a1")


def test_units_that_contradict_in_numbers_cannot_be_closed_without_a_reason(running: Play, hours: At) -> None:
    """The fire's two departments: 2 hurt, says one; 3, says the other."""
    assign(running, hours(1), SAFETY, hours(3))
    assign(running, hours(1), FIRE_BRIGADE, hours(3), lead=False)
    running.act(staff(running, SAFETY), "fed_back", hours(2), assignment="a1", text="火灾造成2人受伤，无人死亡")
    running.act(staff(running, FIRE_BRIGADE), "fed_back", hours(2), assignment="a2", text="已送医3名受伤人员")
    with pytest.raises(Refused, match="数字对不上.*受伤"):
        running.act("fang_yi", "assignment_closed", hours(2.5), assignment="a1")
    running.act(
        "gu_lan", "feedback_returned", hours(2.6), assignment="a2", reason="与应急不一致", due=hours(4).isoformat()
    )
    running.act(staff(running, FIRE_BRIGADE), "fed_back", hours(3), assignment="a2", text="更正：2人受伤")
    running.act("fang_yi", "assignment_closed", hours(3), assignment="a1")


def test_a_leaders_instruction_becomes_a_task_with_feedback(running: Play, hours: At) -> None:
    said = running.act(
        "ming_ce", "instructed", hours(1), leader="lu_zhiming", text="全力搜救，及时发布。", scan="批2026-15",
        unit=SAFETY, due=hours(4).isoformat(),
    )  # fmt: skip
    assert [c.kind for c in said] == ["instructed", "assigned"]
    assert "陆志明批示：全力搜救" in said[0].text
    (task,) = running.case.assignments
    assert (task.unit, task.due, task.instruction) == (SAFETY, hours(4), "i1")
    assert running.case.instructions[0].scan == "批2026-15"


def test_only_the_secretary_records_and_only_a_leader_instructs(running: Play, hours: At) -> None:
    with pytest.raises(Refused, match="没有“登记领导批示”的权限"):
        running.act("lu_zhiming", "instructed", hours(1), leader="lu_zhiming", text="办")
    with pytest.raises(Refused, match="不是领导"):
        running.act("ming_ce", "instructed", hours(1), leader="gu_lan", text="办")
    with pytest.raises(Refused, match="须写反馈时间"):
        running.act("ming_ce", "instructed", hours(1), leader="lu_zhiming", text="办", unit=SAFETY)
