"""Escalation, warnings, missed deadlines, reminders, reviews: each once, in time (到点的事)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.escalation import due, next_moment
from pipeline.cases.refusal import Refused
from pipeline.store import cases

from .conftest import FIRE, Play

At = Callable[[float], datetime]


def kinds(changes: list) -> list[str]:  # type: ignore[type-arg]
    return [change.kind for change in changes]


def test_nobody_acknowledges_so_the_next_in_the_chain_is_told_once_each(play: Play, hours: At) -> None:
    play.alert(hours(0), level=1)
    told = [c for c in play.live(hours(0), hours(2)) if c.kind == "escalated"]
    assert [c.at for c in told] == [hours(0) + timedelta(minutes=10), hours(0) + timedelta(minutes=20)]
    assert "单位负责人" in told[0].text
    assert "分管领导" in told[1].text
    assert told[0].tell == ("fang_yi", "lu_zhiming")
    assert told[1].tell == ("ding_haiyang",)


def test_acknowledged_cases_do_not_escalate(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.act("tao_ran", "acknowledged", hours(0.1))
    assert "escalated" not in kinds(play.live(hours(0.2), hours(4)))


def test_warnings_come_at_half_three_quarters_and_one_hour_before_each_once(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    start = clocks(play.case, play.desk.mechanism, hours(1))[0].start
    warned = [c for c in play.live(hours(0.2), hours(50)) if c.kind in ("warned", "deadline_missed")]
    assert [round((c.at - start) / timedelta(hours=1)) for c in warned] == [24, 36, 47, 48]
    assert [c.kind for c in warned] == ["warned", "warned", "warned", "deadline_missed"]
    assert "距时限1小时" in warned[2].text
    assert "fang_yi" in warned[2].tell


def test_a_class_set_late_gives_only_the_most_urgent_warning(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.act("tao_ran", "acknowledged", hours(0.1))
    play.tick(hours(4.4))
    play.act("tao_ran", "start_set", hours(4.4), which="happened", moment=FIRE.isoformat(), reason="接警记录")
    play.act("fang_yi", "class_set", hours(4.4), legal_class="major", reason="伤亡达到标准")
    said = [c for c in play.tick(hours(4.5)) if "发布权威信息" in c.text]
    assert [c.kind for c in said] == ["warned"]
    assert "距时限1小时" in said[0].text


def test_an_event_older_than_its_deadline_is_missed_at_once_and_the_reason_is_asked(play: Play, hours: At) -> None:
    play.alert(hours(8))
    play.act("tao_ran", "acknowledged", hours(8.1))
    play.act("tao_ran", "start_set", hours(8.1), which="happened", moment=FIRE.isoformat(), reason="夜间事发")
    missed = [c for c in play.tick(hours(8.2)) if c.kind == "deadline_missed"]
    assert len(missed) == 1
    assert "说明原因" in missed[0].text
    play.act("fang_yi", "miss_explained", hours(9), duty="authoritative_information", reason="接报时已过5小时")
    view = clocks(play.case, play.desk.mechanism, hours(10))[0]
    assert (view.standing, view.reason) == (Standing.OVERDUE, "接报时已过5小时")
    assert ("authoritative_information", hours(5)) in {
        (duty, datetime.fromisoformat(text)) for duty, text in play.case.missed
    }


def test_a_reason_is_only_taken_for_what_was_missed(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.act("tao_ran", "acknowledged", hours(0.1))
    with pytest.raises(Refused, match="没有逾期"):
        play.act("fang_yi", "miss_explained", hours(1), duty="authoritative_information", reason="提前说明")


def test_a_corrected_start_moves_the_deadline_and_warns_anew(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1), legal_class="major")
    before = [c for c in play.live(hours(0.2), hours(3)) if c.kind == "warned"]
    assert len(before) == 1
    play.act(
        "tao_ran",
        "start_set",
        hours(3),
        which="happened",
        moment=(FIRE - timedelta(hours=1)).isoformat(),
        reason="更正",
    )
    assert "warned" in kinds(play.tick(hours(3.1)))


def test_a_unit_is_reminded_before_its_time_and_reported_overdue_after(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    play.act("gu_lan", "assigned", hours(1), unit="区应急管理局", asked="核实", due=hours(3).isoformat())
    said = [c for c in play.live(hours(1), hours(5)) if c.kind in ("reminded", "assignment_overdue")]
    assert [(c.kind, c.at) for c in said] == [("reminded", hours(2.5)), ("assignment_overdue", hours(3))]
    unit_people = {p.id for p in play.desk.shipped.of_unit("区应急管理局")}
    assert set(said[0].tell) == unit_people
    assert unit_people < set(said[1].tell)


def test_review_time_of_a_watched_case_comes(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.act("tao_ran", "acknowledged", hours(0.1))
    play.act("fang_yi", "class_set", hours(0.2), legal_class="other", reason="一般")
    play.assess(hours(0.3))
    play.act(
        "fang_yi", "decided", hours(0.4), decision="watch", reason="尚无诉求", approver="song_wenbo",
        review_at=hours(24).isoformat(),
    )  # fmt: skip
    assert kinds([c for c in play.live(hours(1), hours(30)) if c.case_id]) == ["review_due"]


def test_a_planned_press_conference_that_nobody_recorded_is_asked_for(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    plan = {"form": "press_conference", "unit": "区委宣传部", "title": "情况发布会"}
    play.act("gu_lan", "response_planned", hours(1), planned_at=hours(5).isoformat(), **plan)
    play.act("gu_lan", "response_planned", hours(1), planned_at=hours(6).isoformat(), **plan)
    play.approved_line(hours(2))
    play.respond(hours(4), "press_conference", planned="p1")
    asked = [c for c in play.live(hours(4), hours(9)) if c.kind == "planned_due"]
    assert [c.at for c in asked] == [hours(6)]
    assert "《情况发布会》时间已到" in asked[0].text


def test_time_brings_nothing_to_a_closed_case_but_its_effect(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    play.respond(hours(2))
    play.act("fang_yi", "closed", hours(3), note="已回应")
    assert kinds([c for c in play.live(hours(3), hours(60)) if c.case_id]) == ["effect_measured"]


def test_a_tick_done_again_finds_nothing_left(play: Play, hours: At) -> None:
    play.alert(hours(0))
    first = play.tick(hours(6))
    assert first
    assert play.tick(hours(6)) == []


def test_the_timer_row_never_oversleeps(play: Play, hours: At) -> None:
    """Whatever happened, the stored next tick is not later than the first moment at which something is due."""
    rng = random.Random(7)
    play.alert(hours(0))
    play.answering(hours(0.1))
    at = hours(0.2)
    for step in range(40):
        at += timedelta(minutes=rng.randint(1, 180))
        try:
            if step % 3 == 0:
                unit = rng.choice(["区应急管理局", "沙洲镇"])
                soon = (at + timedelta(hours=rng.randint(1, 9))).isoformat()
                play.act("gu_lan", "assigned", at, unit=unit, asked="核实", due=soon, lead=not play.case.assignments)
            elif step % 7 == 0:
                play.act("fang_yi", "grade_set", at, level=rng.randint(1, 4), reason="调整")
            else:
                play.tick(at)
        except Refused:
            continue
        row = next(row for row in cases.listed(play.connection) if row.id == play.case_id)
        coming = next_moment(play.case, play.desk.mechanism, at)
        assert row.next_tick == coming
        if coming is not None:
            just_before = max(at, coming - timedelta(seconds=1))
            assert due(play.case, play.desk.mechanism, just_before) == () or just_before >= coming


def test_a_gap_in_the_roster_is_told_once_and_a_new_gap_again(play: Play, hours: At) -> None:
    from pipeline.cases import duty_desk
    from pipeline.store import duty

    assert play.tick(hours(0)) == []
    office = play.desk.office(play.connection)
    shifts = [s for s in duty.shifts(play.connection, hours(10), hours(50)) if s.post == "duty"]
    duty_desk.remove_shift(play.connection, shifts[1].id, office.directory.get("guan_li"), hours(0.1), "调离")
    told = play.live(hours(0.2), hours(3))
    assert kinds(told) == ["roster_gap"]
    assert told[0].tell == ("fang_yi", "guan_li")
    duty_desk.remove_shift(play.connection, shifts[-1].id, office.directory.get("guan_li"), hours(3), "调离")
    assert kinds(play.live(hours(3.1), hours(5))) == ["roster_gap"]
