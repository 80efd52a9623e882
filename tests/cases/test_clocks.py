"""Clocks: three starts, the governing one by rule, local limits, standings (时限)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.office import Office
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState, Phase, Response
from pipeline.cases.vocabulary import Form, Origin, Paper, StartKind

from .conftest import FIRE, Play

At = Callable[[float], datetime]


def case_of(**changes: object) -> CaseState:
    base = CaseState(
        id="c1",
        origin=Origin.ALERT,
        phase=Phase.ANSWERING,
        detected=FIRE + timedelta(hours=1),
        opened_at=FIRE + timedelta(hours=1),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def answered(at: datetime, duties: tuple[str, ...], number: int = 1) -> Response:
    return Response(
        id=f"r{number}", form=Form.SITE_STATEMENT, title="通报", unit="区委宣传部", moment=at, recorded_at=at,
        recorded_by="qin_wan", duties=duties, answers=(), paper=Paper.STATEMENT, version=1, linked="answer",
        principal=False, held=True,
    )  # fmt: skip


def test_first_class_owes_information_in_5_hours_and_a_conference_in_24(office: Office, hours: At) -> None:
    views = clocks(case_of(legal_class="major", happened=FIRE), office.mechanism, hours(1))
    assert [(v.duty, v.due) for v in views] == [
        ("authoritative_information", hours(5)),
        ("press_conference", hours(24)),
    ]
    assert all("国办发" in v.source for v in views)


def test_second_class_owes_a_response_in_48_hours(office: Office, hours: At) -> None:
    (view,) = clocks(case_of(legal_class="other", first_seen=FIRE), office.mechanism, hours(1))
    assert (view.duty, view.due) == ("response", hours(48))


def test_all_three_starts_are_shown_and_the_first_known_of_the_rule_governs(office: Office, hours: At) -> None:
    known = case_of(legal_class="major", happened=FIRE, first_seen=hours(0.5))
    view = clocks(known, office.mechanism, hours(1))[0]
    assert [moment for _, moment in view.starts] == [FIRE, hours(0.5), hours(1)]
    assert view.governing is StartKind.HAPPENED
    unknown = replace(known, happened=None)
    assert clocks(unknown, office.mechanism, hours(1))[0].governing is StartKind.FIRST_SEEN
    assert clocks(replace(unknown, first_seen=None), office.mechanism, hours(1))[0].start == hours(1)


def test_a_slow_burn_runs_from_detection_and_still_shows_its_first_post(office: Office, hours: At) -> None:
    old = case_of(legal_class="other", first_seen=FIRE - timedelta(days=6))
    (view,) = clocks(old, office.mechanism, hours(2))
    assert (view.governing, view.due) == (StartKind.DETECTED, hours(49))
    assert dict(view.starts)[StartKind.FIRST_SEEN] == FIRE - timedelta(days=6)
    emergency = case_of(legal_class="major", happened=FIRE - timedelta(days=6))
    assert clocks(emergency, office.mechanism, hours(2))[0].governing is StartKind.HAPPENED


def test_before_a_person_sets_the_class_the_suggestion_runs_provisionally(office: Office, hours: At) -> None:
    suggested = case_of(suggested_class="major", happened=FIRE)
    assert all(v.provisional for v in clocks(suggested, office.mechanism, hours(1)))
    assert not any(v.provisional for v in clocks(replace(suggested, legal_class="major"), office.mechanism, hours(1)))


def test_handled_as_major_takes_the_first_class_hours_and_keeps_the_legal_class(office: Office, hours: At) -> None:
    case = case_of(legal_class="other", as_major=True, happened=FIRE)
    assert {v.duty for v in clocks(case, office.mechanism, hours(1))} == {
        "authoritative_information",
        "press_conference",
    }
    assert case.legal_class == "other"


def test_a_local_limit_can_only_be_shorter_and_names_its_source(office: Office, hours: At) -> None:
    raw = office.mechanism.model_dump(mode="json")
    raw["legal_class"][1]["duty"][0] |= {"local_hours": 24, "local_source": "苏政办发〔2017〕151号"}
    local = Mechanism.model_validate(raw)
    (view,) = clocks(case_of(legal_class="other", first_seen=FIRE), local, hours(1))
    assert (view.due, view.legal_due) == (hours(24), hours(48))
    assert "151号" in view.source
    raw["legal_class"][1]["duty"][0] |= {"local_hours": 72}
    with pytest.raises(ValueError, match="只能更短"):
        Mechanism.model_validate(raw)


@pytest.mark.parametrize(
    ("answered_at", "looked_at", "standing"),
    [
        (None, 4.99, Standing.RUNNING),
        (None, 5, Standing.OVERDUE),
        (5, 6, Standing.MET),
        (5.01, 6, Standing.MET_LATE),
    ],
)
def test_an_answer_at_the_last_moment_is_in_time(
    office: Office, hours: At, answered_at: float | None, looked_at: float, standing: Standing
) -> None:
    given = (answered(hours(answered_at), ("authoritative_information",)),) if answered_at else ()
    case = case_of(legal_class="major", happened=FIRE, responses=given)
    assert clocks(case, office.mechanism, hours(looked_at))[0].standing is standing


def test_the_earliest_answer_counts_even_when_recorded_last(office: Office, hours: At) -> None:
    duty = ("authoritative_information",)
    case = case_of(
        legal_class="major", happened=FIRE, responses=(answered(hours(6), duty), answered(hours(4), duty, number=2))
    )
    view = clocks(case, office.mechanism, hours(8))[0]
    assert (view.standing, view.met_by) == (Standing.MET, "r2")


def test_while_raised_no_own_answer_is_owed_and_it_is_owed_again_after(office: Office, hours: At) -> None:
    raised = case_of(legal_class="other", first_seen=FIRE, phase=Phase.RAISED, raised_to="澜州市应急指挥部")
    (view,) = clocks(raised, office.mechanism, hours(60))
    assert view.standing is Standing.WAIVED
    assert "澜州市应急指挥部" in view.reason
    back = replace(raised, phase=Phase.ANSWERING, raised_to="")
    assert clocks(back, office.mechanism, hours(60))[0].standing is Standing.OVERDUE


def test_plans_letters_and_reports_have_no_clock(office: Office, hours: At) -> None:
    for origin in (Origin.PLANNED, Origin.ADVICE, Origin.REPORT):
        assert clocks(case_of(origin=origin), office.mechanism, hours(100)) == ()


def test_upward_reporting_is_off_by_default_and_runs_from_detection_when_on(office: Office, hours: At) -> None:
    case = case_of(legal_class="major", happened=FIRE)
    assert not any(v.duty.startswith("upward") for v in clocks(case, office.mechanism, hours(2)))
    raw = office.mechanism.model_dump(mode="json")
    raw["upward"] |= {"enabled": True, "first_hours": 0.5}
    view = next(v for v in clocks(case, Mechanism.model_validate(raw), hours(2)) if v.duty == "upward_first")
    assert (view.due, view.standing) == (hours(1.5), Standing.OVERDUE)


def test_follow_up_reports_are_owed_until_the_final_one(play: Play, hours: At, office: Office) -> None:
    raw = office.mechanism.model_dump(mode="json")
    raw["upward"] |= {"enabled": True, "first_hours": 1, "follow_hours": 4}
    play.desk.mechanism = Mechanism.model_validate(raw)
    play.alert(hours(1))
    with pytest.raises(Refused, match="还没有首报"):
        play.act("gu_lan", "upward_reported", hours(1.2), step="follow", text="续报")
    play.act("gu_lan", "upward_reported", hours(1.5), step="first", text="首报")
    due = {v.duty: v for v in clocks(play.case, play.desk.mechanism, hours(2))}
    assert due["upward_first"].standing is Standing.MET
    assert due["upward_follow.1"].due == hours(5.5)
    play.act("gu_lan", "upward_reported", hours(5), step="final", text="终报")
    assert "upward_follow.2" not in {v.duty for v in clocks(play.case, play.desk.mechanism, hours(6))}
    with pytest.raises(Refused, match="终报已经报送"):
        play.act("gu_lan", "upward_reported", hours(6), step="follow", text="续报")


@given(
    happened=st.none() | st.integers(-3000, 0),
    seen=st.none() | st.integers(-3000, 0),
    looked=st.integers(0, 6000),
    as_major=st.booleans(),
)
def test_a_clock_never_runs_longer_than_the_law_and_stands_by_its_due_time(
    office: Office, happened: int | None, seen: int | None, looked: int, as_major: bool
) -> None:
    detected = FIRE + timedelta(hours=60)
    moments = {
        name: detected + timedelta(minutes=value)
        for name, value in (("happened", happened), ("first_seen", seen))
        if value is not None
    }
    case = case_of(legal_class="other", as_major=as_major, detected=detected, opened_at=detected, **moments)
    at = detected + timedelta(minutes=looked)
    for view in clocks(case, office.mechanism, at):
        assert view.start <= detected
        assert view.due <= view.legal_due
        assert (view.standing is Standing.OVERDUE) == (at >= view.due)
        assert view.start in {moment for _, moment in view.starts}


def test_detection_can_only_be_corrected_to_earlier(play: Play, hours: At) -> None:
    play.alert(hours(1))
    with pytest.raises(Refused, match="只能改早"):
        play.act("gu_lan", "start_set", hours(3), which="detected", moment=hours(2).isoformat(), reason="更正")
    play.act("gu_lan", "start_set", hours(3), which="detected", moment=hours(0.5).isoformat(), reason="来电记录")
    assert play.case.detected == hours(0.5)
