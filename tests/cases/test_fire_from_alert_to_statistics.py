"""The demo fire, from the alert to the closing note, on a clock given by hand (机制全程)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.history import verify
from pipeline.cases.state import Phase
from pipeline.store import cases

from .conftest import FIRE, Play

At = Callable[[float], datetime]


def test_the_fire_runs_through_the_whole_mechanism(play: Play, hours: At) -> None:
    opened = play.alert(hours(0.3))
    assert opened[0].tell == ("tao_ran",)  # the officer on the night shift of Saturday to Sunday
    assert play.case.phase is Phase.OPENED

    ignored = play.live(hours(0.5), hours(1.0))
    escalated = [change for change in ignored if change.kind == "escalated"]
    assert [change.tell for change in escalated] == [("fang_yi", "lu_zhiming"), ("ding_haiyang",)]

    play.act("tao_ran", "acknowledged", hours(1.1), via="link")
    play.act("tao_ran", "start_set", hours(1.1), which="happened", moment=FIRE.isoformat(), reason="消防接警记录")
    play.act(
        "fang_yi", "class_set", hours(1.2), legal_class="other", as_major=True, approver="ding_haiyang",
        reason="较大火灾，参照重大执行",
    )  # fmt: skip
    play.assess(hours(1.3))
    play.act("fang_yi", "decided", hours(1.4), decision="answer", reason="必须公开回应")
    for unit, lead in (("区应急管理局", True), ("区消防救援大队", False), ("澜州市云港生态环境局", False)):
        play.act(
            "tao_ran", "assigned", hours(1.5), unit=unit, asked="核实人员伤亡和过火面积", due=hours(3).isoformat(),
            lead=lead,
        )  # fmt: skip
    views = {view.duty: view for view in clocks(play.case, play.desk.mechanism, hours(2))}
    assert views["authoritative_information"].due == hours(5)
    assert views["press_conference"].due == hours(24)

    warned = play.live(hours(2), hours(4.1))
    assert [change.kind for change in warned].count("warned") == 3  # half, three quarters, one hour before

    staff = {p.unit: p.id for p in play.desk.shipped.team()}
    for number, unit in enumerate(("区应急管理局", "区消防救援大队", "澜州市云港生态环境局"), 1):
        text = {1: "无人员伤亡，过火面积约1200平方米", 2: "无人员伤亡，过火面积1180平方米", 3: "周边空气达标"}[number]
        play.act(staff[unit], "fed_back", hours(3.5), assignment=f"a{number}", text=text)
        play.act("fang_yi", "assignment_closed", hours(3.6), assignment=f"a{number}")

    play.approved_line(hours(4))
    said = play.respond(hours(4.5), answers=["有没有人员伤亡", "空气还能不能呼吸"])
    assert "发布权威信息" in said[0].text
    assert "还有1个问题未回答" in said[0].text
    play.approved_line(hours(20), paper="line", text="起火原因初步查明。")
    play.respond(hours(22), "press_conference", paper="line", answers=["起火原因"], principal=True)
    standings = {view.standing for view in clocks(play.case, play.desk.mechanism, hours(30))}
    assert standings == {Standing.MET}

    play.act("fang_yi", "closed", hours(60), note="明火扑灭，原因公布，舆情平息。")
    play.act("fang_yi", "evaluated", hours(90), text="5小时内发布。", lessons=["先说伤亡"], precedent=True)
    assert play.case.phase is Phase.EVALUATED
    assert play.tick(hours(200)) == [] or all(c.kind == "roster_gap" for c in play.tick(hours(200)))
    proof = verify(cases.chain(play.connection), cases.head(play.connection))
    assert proof.holds, proof.findings
    assert proof.rows == play.case.entries
