"""The demo fire, from the alert to the statistics, on a clock given by hand (机制全程)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.history import verify
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.refusal import Refused
from pipeline.cases.state import Phase
from pipeline.cases.statistics import compile_report, period_of
from pipeline.cases.upward import draft
from pipeline.store import cases

from .conftest import FIRE, Play, store_event

At = Callable[[float], datetime]
UNITS = ("区应急管理局", "区消防救援大队", "澜州市云港生态环境局")


def test_the_fire_runs_through_the_whole_mechanism(play: Play, hours: At) -> None:
    turn_on_upward_reporting(play)
    store_event(play, "e1", {0: 4, 1: 30, 3: 40, 12: 9, 30: 3})
    for number in range(10):
        store_event(play, f"other{number}", {0: 4, 1: 20, 3: 20, 12: 15, 30: 2}, hours_earlier=300)

    # the alert; nobody acknowledges; escalation
    opened = play.alert(hours(0.3))
    assert opened[0].tell == ("tao_ran",)  # the officer on the night shift of Saturday to Sunday
    assert play.case.phase is Phase.OPENED
    escalated = [change for change in play.live(hours(0.5), hours(1.0)) if change.kind == "escalated"]
    assert [change.tell for change in escalated] == [("fang_yi", "lu_zhiming"), ("ding_haiyang",)]

    # acknowledgement by the link in the mail, starts, class, 首报, assessment, decision
    play.act("tao_ran", "acknowledged", hours(1.1), via="link")
    play.act("tao_ran", "start_set", hours(1.1), which="happened", moment=FIRE.isoformat(), reason="消防接警记录")
    play.act(
        "fang_yi", "class_set", hours(1.2), legal_class="other", as_major=True, approver="ding_haiyang",
        reason="较大火灾，参照重大执行",
    )  # fmt: skip
    office = play.desk.office(play.connection)
    first = draft(play.case, "first", office, hours(1.2))
    assert "事发3月15日 02:40" in first
    assert "正在核实" in first
    play.act("tao_ran", "upward_reported", hours(1.25), step="first", text=first)
    play.assess(hours(1.3))
    play.act("fang_yi", "decided", hours(1.4), decision="answer", reason="必须公开回应")
    views = {view.duty: view for view in clocks(play.case, play.desk.mechanism, hours(2))}
    assert views["authoritative_information"].due == hours(5)
    assert views["press_conference"].due == hours(24)

    # 交办 with the two departments' conflicting numbers, corrected; instruction
    collect_facts(play, hours)
    play.act(
        "ming_ce", "instructed", hours(3.7), leader="lu_zhiming", text="全力救治，及时发布。", scan="批〔2026〕15号",
        unit="沙洲镇", due=hours(30).isoformat(),
    )  # fmt: skip

    # the line through its chain, the 5 h statement, the press conference
    play.approved_line(hours(4))
    said = play.respond(hours(4.5), answers=["有没有人员伤亡", "空气还能不能呼吸"])
    assert "发布权威信息" in said[0].text
    assert "还有1个问题未回答" in said[0].text
    play.act("tao_ran", "upward_reported", hours(5), step="follow", text=draft(play.case, "follow", office, hours(5)))
    play.approved_line(hours(20), paper="line", text="起火原因初步查明。")
    play.respond(hours(22), "press_conference", paper="line", answers=["起火原因"], principal=True)
    play.act("tao_ran", "upward_reported", hours(23), step="final", text=draft(play.case, "final", office, hours(23)))
    duties = {view.duty: view.standing for view in clocks(play.case, play.desk.mechanism, hours(30))}
    assert duties["authoritative_information"] is Standing.MET
    assert duties["press_conference"] is Standing.MET

    # effect, closing, evaluation
    measured = [change for change in play.live(hours(28), hours(47)) if change.kind == "effect_measured"]
    assert len(measured) == 2
    assert "同类未回应事件" in measured[0].text
    town = office.directory.of_unit("沙洲镇")[0].id
    play.act(town, "fed_back", hours(48), assignment="a4", text="伤员均已出院")
    play.act("fang_yi", "assignment_closed", hours(49), assignment="a4")
    assert play.case.missed == frozenset()
    play.act("fang_yi", "closed", hours(60), note="明火扑灭，原因公布，舆情平息。")
    play.act("fang_yi", "evaluated", hours(90), text="5小时内发布。", lessons=["先说伤亡"], precedent=True)
    assert play.case.phase is Phase.EVALUATED

    # statistics and the proof
    name, start, end = period_of(2026, 1)
    found = cases.touched(play.connection, start, end)
    report = compile_report(found, play.desk.mechanism, name, start, end, hours(100))
    totals = {line.key: line.total for line in report.lines}
    assert (totals["hot_topics"], totals["press_conferences"], totals["press_conferences_principal"]) == (1, 1, 1)
    assert {u.unit for u in report.units if u.on_time} == {*UNITS}
    assert [case.title for case in cases.precedents(play.connection, "伤亡")] == ["沙洲镇化工园起火"]
    proof = verify(cases.chain(play.connection), cases.head(play.connection))
    assert proof.holds, proof.findings
    assert proof.rows == play.case.entries


def turn_on_upward_reporting(play: Play) -> None:
    raw = play.desk.mechanism.model_dump(mode="json")
    raw["upward"] |= {"enabled": True, "first_hours": 2, "follow_hours": 24}
    play.desk.mechanism = Mechanism.model_validate(raw)


def collect_facts(play: Play, hours: At) -> None:
    texts = {
        "区应急管理局": "火灾造成2人受伤，过火面积约1200平方米",
        "区消防救援大队": "已送医3名受伤人员，过火面积1180平方米",
        "澜州市云港生态环境局": "周边空气监测达标",
    }
    staff = {p.unit: p.id for p in play.desk.shipped.team()}
    for number, unit in enumerate(UNITS, 1):
        play.act(
            "tao_ran",
            "assigned",
            hours(1.5),
            unit=unit,
            asked="核实伤亡和面积",
            due=hours(4).isoformat(),
            lead=number == 1,
        )
        play.act(staff[unit], "fed_back", hours(3), assignment=f"a{number}", text=texts[unit])
    with pytest.raises(Refused, match="“受伤”"):
        play.act("fang_yi", "assignment_closed", hours(3.1), assignment="a1")
    play.act(
        "tao_ran", "feedback_returned", hours(3.2), assignment="a2", reason="与应急不一致", due=hours(4).isoformat()
    )
    play.act(staff["区消防救援大队"], "fed_back", hours(3.4), assignment="a2", text="更正：2人受伤，过火面积1180平方米")
    for number in (1, 2, 3):
        play.act("fang_yi", "assignment_closed", hours(3.6), assignment=f"a{number}")
