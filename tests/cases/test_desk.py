"""The desk: what opens a case, what joins it, files of other kinds, and doing everything twice (处置台)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from pipeline.cases.refusal import Refused
from pipeline.cases.state import Phase
from pipeline.cases.steps import fold, offered
from pipeline.cases.vocabulary import Origin
from pipeline.document import Secrecy
from pipeline.store import case_changes, cases
from pipeline.store.engine import Store
from pipeline.store.schema.documents import documents

from .conftest import CONFIG, Play, make_alert, make_state, store_event

At = Callable[[float], datetime]


@pytest.mark.parametrize(("level", "opens"), [(1, True), (2, True), (3, False), (4, False)])
def test_red_and_orange_alerts_open_a_case_by_themselves(play: Play, hours: At, level: int, opens: bool) -> None:
    assert bool(play.alert(hours(0), level=level)) is opens


def test_an_emergency_that_just_shows_opens_a_case_whatever_its_level(play: Play, hours: At) -> None:
    """At night somebody must acknowledge, and the next in the chain must be told when nobody does."""
    assert play.alert(hours(0), level=3, rule="local-emergency")
    assert "escalated" in {c.kind for c in play.live(hours(0), hours(1))}


def test_rules_named_in_the_mechanism_exist(play: Play) -> None:
    known = {rule["key"] for rule in tomllib.loads((CONFIG / "rules.toml").read_text(encoding="utf-8"))["rule"]}
    opening = play.desk.mechanism.opening
    assert {*opening.rules, *opening.never_rules} <= known


def test_the_same_alert_again_changes_nothing(play: Play, hours: At) -> None:
    first = play.alert(hours(0))
    assert play.alert(hours(1)) == []
    assert [c.id for c in first] == [row.id for row in case_changes.changes_since(play.connection, hours(-1))]


def test_a_graver_alert_joins_the_open_case_and_raises_the_suggestion_only(play: Play, hours: At) -> None:
    play.alert(hours(0), level=2)
    play.answering(hours(0.1))
    play.act("fang_yi", "grade_set", hours(0.2), level=3, reason="影响有限")
    joined = play.alert(hours(1), level=1)
    assert [c.kind for c in joined] == ["alert_joined"]
    assert play.case.suggested_level == 1
    assert play.case.level == 3  # what a person set stays
    assert len(cases.listed(play.connection)) == 1


def test_an_alert_after_closing_opens_a_new_case_that_names_the_earlier(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    first = play.case_id
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    play.respond(hours(2))
    play.act("fang_yi", "closed", hours(3), note="已回应")
    play.alert(hours(20), level=1, id="alert-again")
    assert play.case_id != first
    assert play.case.earlier_case == first
    assert play.case.number == "云港舆〔2026〕002号"


def test_the_case_starts_when_the_event_was_first_seen_and_detected(play: Play, hours: At) -> None:
    play.alert(hours(1))
    assert (play.case.first_seen, play.case.detected) == (hours(1) - timedelta(minutes=10), hours(1))
    assert play.case.happened is None


def test_first_seen_anywhere_is_the_earliest_publication_of_the_event(play: Play, hours: At) -> None:
    store_event(play, "e1", {1: 2})
    for key, published in (("e1-1-0", hours(0.25)), ("e1-1-1", hours(-24 * 400))):
        play.connection.execute(update(documents).where(documents.c.id == key).values(published_at=published))
    play.alert(hours(2))
    assert play.case.first_seen == hours(0.25)


def test_the_case_follows_a_merged_event(play: Play, hours: At) -> None:
    play.alert(hours(0))
    said = play.desk.merge_events(play.connection, "e0", "e1", hours(1))
    assert [c.kind for c in said] == ["event_merged"]
    assert cases.open_of_event(play.connection, "e0") == play.case_id
    assert cases.open_of_event(play.connection, "e1") is None
    assert play.alert(hours(2), level=1, event_id="e0")[0].kind == "alert_joined"


def test_two_cases_of_one_event_become_one(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    first = play.case
    play.alert(hours(1), id="alert-b", event_id="e2", legal_class="其他政务舆情")
    play.act("gu_lan", "acknowledged", hours(1.1))
    with pytest.raises(Refused, match="同一事件"):
        play.act("fang_yi", "folded", hours(1.2), into=first.number, reason="同一件事")
    told = play.desk.merge_events(play.connection, "e1", "e2", hours(1.3))
    assert "fang_yi" in told[0].tell
    with pytest.raises(Refused, match="不能并入自己"):
        play.act("fang_yi", "folded", hours(1.4), into=play.case.number, reason="x")
    play.act("fang_yi", "folded", hours(1.4), into=first.number, reason="同一件事")
    assert (play.case.phase, play.case.folded_into) == (Phase.CLOSED, first.number)
    assert [c for c in play.live(hours(2), hours(60)) if c.case_id == play.case_id] == []
    assert cases.open_of_event(play.connection, "e1") == first.id


def test_what_is_stored_is_the_fold_of_the_history(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    row = cases.listed(play.connection)[0]
    folded = fold(cases.entries(play.connection, play.case_id))
    assert folded == play.case
    assert (row.phase, row.level, row.entries) == (folded.phase, folded.level, folded.entries)


def test_a_refused_action_leaves_no_trace(store: Store, play: Play, hours: At) -> None:
    play.alert(hours(0))
    before = (cases.head(play.connection), case_changes.changes_since(play.connection, hours(-1)))
    with pytest.raises(Refused):
        play.act("tao_ran", "closed", hours(1), note="x")
    assert (cases.head(play.connection), case_changes.changes_since(play.connection, hours(-1))) == before


def test_planned_releases_letters_and_reports_are_files_without_a_clock(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    who = office.directory.get("gu_lan")
    for origin in (Origin.PLANNED, Origin.ADVICE, Origin.REPORT):
        made = play.desk.open_by_hand(play.connection, who, hours(0), title="事项", reason="事由", origin=origin)
        case = cases.load(play.connection, made[0].case_id)
        assert case is not None
        assert case.phase is Phase.ANSWERING
        play.case_id = case.id
        with pytest.raises(Refused, match="不是舆情处置单"):
            play.act("fang_yi", "class_set", hours(1), legal_class="other", reason="x")


def test_only_what_the_phase_takes_is_offered(play: Play, hours: At) -> None:
    play.alert(hours(0))
    assert "acknowledged" in offered(play.case)
    assert not {"decided", "responded", "closed"} & offered(play.case)
    play.answering(hours(0.1))
    assert {"responded", "closed", "assigned"} <= offered(play.case)
    assert "acknowledged" not in offered(play.case)


def test_a_letter_of_advice_is_answered_by_its_unit(play: Play, hours: At) -> None:
    """工作建议: from early signs to the unit, and its answer."""
    office = play.desk.office(play.connection)
    made = play.desk.open_by_hand(
        play.connection, office.directory.get("gu_lan"), hours(0), title="柳渡镇拆迁补偿苗头", reason="依申请公开3件、留言9条",
        origin=Origin.ADVICE,
    )  # fmt: skip
    play.case_id = made[0].case_id
    play.act("gu_lan", "assigned", hours(1), unit="柳渡镇", asked="建议公开补偿标准测算", due=hours(72).isoformat())
    unit = office.directory.of_unit("柳渡镇")[0].id
    with pytest.raises(Refused, match="尚未办结"):
        play.act("fang_yi", "closed", hours(2), note="x")
    play.act(unit, "fed_back", hours(48), assignment="a1", text="已在镇政务公开栏公开")
    play.act("fang_yi", "assignment_closed", hours(50), assignment="a1")
    play.act("fang_yi", "closed", hours(51), note="建议被采纳")


def test_a_report_is_submitted_and_adopted(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    made = play.desk.open_by_hand(
        play.connection,
        office.directory.get("lu_qiming"),
        hours(0),
        title="一周动态",
        reason="周报",
        origin=Origin.REPORT,
    )
    play.case_id = made[0].case_id
    play.act("gu_lan", "submitted", hours(1), title="拆迁舆情动态", to="区委办", unit="柳渡镇")
    play.act("ming_ce", "adopted", hours(24), submission="s1", how="区委办《信息专报》第8期")
    (sent,) = play.case.submissions
    assert (sent.unit, sent.adopted_at) == ("柳渡镇", hours(24))
    with pytest.raises(Refused, match="不重复登记"):
        play.act("ming_ce", "adopted", hours(25), submission="s1", how="x")


def test_opening_by_hand_needs_a_role_title_and_reason(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    with pytest.raises(Refused, match="没有建单权限"):
        play.desk.open_by_hand(play.connection, office.directory.get("guan_li"), hours(0), title="t", reason="r")
    with pytest.raises(Refused, match="标题和事由"):
        play.desk.open_by_hand(play.connection, office.directory.get("gu_lan"), hours(0), title=" ", reason="r")
    play.alert(hours(0))
    with pytest.raises(Refused, match="已有在办的处置单"):
        play.desk.open_by_hand(
            play.connection, office.directory.get("gu_lan"), hours(1), title="t", reason="r", event_id="e1"
        )


def test_watching_is_turned_into_answering_when_the_matter_becomes_grave(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.act("tao_ran", "acknowledged", hours(0.1))
    play.act("fang_yi", "class_set", hours(0.2), legal_class="other", reason="一般")
    play.assess(hours(0.3))
    quiet = {"decision": "offline", "reason": "个案", "approver": "song_wenbo", "review_at": hours(24).isoformat()}
    with pytest.raises(Refused, match="须有批准人"):
        play.act("fang_yi", "decided", hours(0.4), **(quiet | {"approver": ""}))
    with pytest.raises(Refused, match="不能自己批准自己"):
        play.act("fang_yi", "decided", hours(0.4), **(quiet | {"approver": "fang_yi"}))
    with pytest.raises(Refused, match="须定复核时间"):
        play.act("fang_yi", "decided", hours(0.4), **(quiet | {"review_at": None}))
    play.act("fang_yi", "decided", hours(0.4), **quiet)
    play.act(
        "fang_yi", "class_set", hours(1), legal_class="other", as_major=True, approver="ding_haiyang", reason="升级"
    )
    assert play.case.phase is Phase.ASSESSING
    with pytest.raises(Refused, match="必须公开回应"):
        play.act("fang_yi", "decided", hours(2), **quiet)


def test_raised_to_the_headquarters_the_district_supplies_and_says_nothing(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    version = play.approved_line(hours(0.5))
    play.act("fang_yi", "raised", hours(1), authority="澜州市应急指挥部", reason="上级提级")
    with pytest.raises(Refused, match="由上级统一发布"):
        play.respond(hours(2), version=version)
    play.act("gu_lan", "supplied", hours(2), text="伤亡核实表")
    play.act("fang_yi", "lowered", hours(3), reason="指挥部撤销")
    play.respond(hours(4), version=version)


def test_closing_asks_for_everything_that_is_still_open(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1), legal_class="major")
    play.act("gu_lan", "assigned", hours(0.2), unit="沙洲镇", asked="核实", due=hours(5).isoformat())
    with pytest.raises(Refused, match="尚未办结；决定公开回应，但还没有登记回应；“发布权威信息”还在计时"):
        play.act("fang_yi", "closed", hours(0.3), note="x")


def test_a_late_answer_closes_only_with_its_reason(play: Play, hours: At) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.live(hours(40), hours(49))
    version = play.approved_line(hours(50))
    play.respond(hours(50), version=version)
    with pytest.raises(Refused, match="逾期，尚未说明原因"):
        play.act("fang_yi", "closed", hours(51), note="已回应")
    play.act("fang_yi", "miss_explained", hours(51), duty="response", reason="等待检测结果")
    play.act("fang_yi", "closed", hours(51), note="已回应")
    assert play.case.missed  # recorded, never hidden


def test_changes_become_lines_of_the_journal(play: Play, hours: At) -> None:
    line = play.alert(hours(0))[0].line()
    assert (line.type, line.what, line.event_id, line.subject) == ("case", "opened", "e1", play.case_id)
    assert line.detail["number"] == "云港舆〔2026〕001号"


def test_what_people_wrote_inside_the_file_stays_out_of_the_journal(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0.1))
    said = play.act("gu_lan", "noted", hours(1), text="家属姓李，电话已留")
    assert "家属" in said[0].text
    assert said[0].line().reason == "云港舆〔2026〕001号记事"
    assert (
        "云港舆〔2026〕001号"
        in play.act("gu_lan", "grade_set", hours(2), level=1, reason="x")[0].line().detail["number"]
    )


def test_numbers_start_again_each_year(play: Play, hours: At) -> None:
    play.alert(hours(0))
    year = timedelta(days=365)
    play.desk.open_for_alert(
        play.connection, make_alert(hours(0) + year, id="n", event_id="e9"), make_state(hours(0) + year, event_id="e9"),
        hours(0) + year,
    )  # fmt: skip
    assert sorted(row.number for row in cases.listed(play.connection)) == ["云港舆〔2026〕001号", "云港舆〔2027〕001号"]


def test_what_is_told_is_marked_internal(play: Play, hours: At) -> None:
    assert {c.secrecy for c in play.alert(hours(0)) + play.live(hours(0), hours(2))} == {Secrecy.INTERNAL}
