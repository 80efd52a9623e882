"""Who may do and see what; a report of wrongdoing never reaches the unit complained of (举报保护)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.cases.people import Role
from pipeline.cases.permissions import View, view
from pipeline.cases.refusal import Refused
from pipeline.store import cases

from .conftest import Play, make_alert, make_state

At = Callable[[float], datetime]
CITY = "区城管局"


def open_complaint(play: Play, at: datetime) -> None:
    state = make_state(at, departments=(CITY, "公安云港分局"))
    alert = make_alert(at, legal_class="其他政务舆情", title="城管执法视频")
    made = play.desk.open_for_alert(play.connection, alert, state, at, accused=(CITY,))
    play.case_id = made[0].case_id


def person(play: Play, unit: str) -> str:
    return play.desk.shipped.of_unit(unit)[0].id


def test_a_report_of_wrongdoing_is_never_routed_to_the_unit_complained_of(play: Play, hours: At) -> None:
    open_complaint(play, hours(0))
    assert play.case.suggested_units == ("公安云港分局",)
    assert play.case.accused == (CITY,)
    for row in play.live(hours(0), hours(3)):
        assert person(play, CITY) not in row.tell


def test_the_unit_complained_of_can_never_be_the_sole_owner(play: Play, hours: At) -> None:
    open_complaint(play, hours(0))
    play.answering(hours(0.1))
    due = hours(5).isoformat()
    with pytest.raises(Refused, match="被举报单位不能牵头"):
        play.act("gu_lan", "assigned", hours(1), unit=CITY, asked="核实", due=due)
    with pytest.raises(Refused, match="先交办牵头单位"):
        play.act("gu_lan", "assigned", hours(1), unit=CITY, asked="核实", due=due, lead=False)
    play.act("gu_lan", "assigned", hours(1), unit="区纪委监委", asked="核查", due=due)
    play.act("gu_lan", "assigned", hours(1), unit=CITY, asked="提供执法记录", due=due, lead=False)
    with pytest.raises(Refused, match="被举报单位不能牵头"):
        play.act("fang_yi", "reassigned", hours(2), assignment="a1", unit=CITY, reason="x", due=due)


def test_the_unit_complained_of_sees_its_own_part_and_nothing_of_the_complaint(play: Play, hours: At) -> None:
    open_complaint(play, hours(0))
    play.answering(hours(0.1))
    who = play.desk.shipped.get(person(play, CITY))
    assert view(who, play.case) is View.NONE
    with pytest.raises(Refused, match="无权查看"):
        play.desk.see(play.connection, play.case_id, who, hours(1))
    due = hours(5).isoformat()
    play.act("gu_lan", "assigned", hours(1), unit="区纪委监委", asked="核查", due=due)
    play.act("gu_lan", "assigned", hours(1), unit=CITY, asked="提供执法记录", due=due, lead=False)
    assert view(who, play.case) is View.PROTECTED
    told = play.live(hours(1.1), hours(30))
    heard = {c.kind for c in told if who.id in c.tell}
    assert heard <= {"reminded", "assignment_overdue"}


def test_a_complaint_that_comes_later_takes_the_lead_away_at_once(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.act("gu_lan", "assigned", hours(1), unit=CITY, asked="核实", due=hours(5).isoformat())
    said = play.desk.accuse(play.connection, "e1", CITY, hours(2))
    assert [c.kind for c in said] == ["reassigned", "alert_joined"]
    assert play.case.lead_units == ("区委宣传部",)
    assert play.desk.accuse(play.connection, "e1", CITY, hours(3)) == []
    office = "区委宣传部"
    said = play.desk.accuse(play.connection, "e1", office, hours(4))
    assert play.case.lead_units == ("区纪委监委",)
    assert person(play, CITY) not in said[0].tell


def test_material_is_never_sent_to_the_unit_complained_of(play: Play, hours: At) -> None:
    state = make_state(hours(0), departments=())
    alert = make_alert(hours(0), legal_class="其他政务舆情")
    made = play.desk.open_for_alert(play.connection, alert, state, hours(0), accused=("公安云港分局",))
    play.case_id = made[0].case_id
    play.answering(hours(0.1))
    with pytest.raises(Refused, match="不得把材料送被举报单位"):
        play.act("gu_lan", "sent_to", hours(1), unit="公安云港分局", text="请会商")
    play.act("gu_lan", "sent_to", hours(1), unit="区委网信办", text="请会商")
    assert view(play.desk.shipped.get("wang_qing"), play.case) is View.SENT


def test_a_unit_sees_only_its_cases(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    play.act("gu_lan", "assigned", hours(1), unit="区应急管理局", asked="核实", due=hours(5).isoformat())
    for unit in play.desk.shipped.units():
        if unit == "区委宣传部":
            continue
        for who in play.desk.shipped.of_unit(unit):
            if who.roles == frozenset({Role.UNIT}):
                expected = View.PART if unit == "区应急管理局" else View.NONE
                assert view(who, play.case) is expected


def test_a_former_unit_no_longer_sees_the_case(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    due = hours(5).isoformat()
    play.act("gu_lan", "assigned", hours(1), unit="区应急管理局", asked="核实", due=due)
    play.act("fang_yi", "reassigned", hours(2), assignment="a1", unit="沙洲镇", reason="属地", due=due)
    assert view(play.desk.shipped.of_unit("区应急管理局")[0], play.case) is View.NONE


def test_leaders_read_and_never_act(play: Play, hours: At) -> None:
    play.alert(hours(0))
    leader = play.desk.shipped.get("lu_zhiming")
    assert view(leader, play.case) is View.FULL
    for kind in play.desk.mechanism.permissions:
        assert Role.LEADER not in play.desk.mechanism.permissions[kind]
    with pytest.raises(Refused, match="没有“签收”的权限"):
        play.act("lu_zhiming", "acknowledged", hours(0.1))


def test_somebody_who_left_does_nothing_and_is_told_nothing(play: Play, hours: At) -> None:
    from pipeline.cases import duty_desk

    office = play.desk.office(play.connection)
    gone = office.directory.get("tao_ran").model_copy(update={"active": False})
    duty_desk.save_people(play.connection, play.desk.shipped, [gone], office.directory.get("guan_li"), hours(0))
    made = play.alert(hours(0.3))
    assert "tao_ran" not in made[0].tell
    assert made[0].tell
    with pytest.raises(Refused, match="没有在岗人员"):
        play.act("tao_ran", "acknowledged", hours(0.4))


def test_every_look_and_export_is_audited(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.desk.see(play.connection, play.case_id, play.desk.shipped.get("gu_lan"), hours(1), "交接")
    (row,) = cases.audited(play.connection, play.case_id)
    assert (row.by, row.what, row.reason, row.at) == ("gu_lan", "view", "交接", hours(1))


def test_an_action_without_a_role_for_it_is_refused_in_one_line(play: Play, hours: At) -> None:
    play.alert(hours(0))
    with pytest.raises(Refused) as refused:
        play.act("guan_li", "acknowledged", hours(0.1))
    assert "\n" not in str(refused.value)
    assert "关理（管理员）" in str(refused.value)
