"""The line and its approval: chains by grade, four eyes, versions, no publishing without (口径审签)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pipeline.cases.line import is_approved, waiting_steps
from pipeline.cases.refusal import Refused
from pipeline.cases.vocabulary import Paper

from .conftest import Play

At = Callable[[float], datetime]


def approve(play: Play, at: datetime, person: str, step: str, version: int = 1, **more: Any) -> None:
    play.act(person, "step_approved", at, paper="statement", version=version, step=step, **more)


def drafted(play: Play, at: datetime, level: int = 3, drafter: str = "qin_wan", **fields: Any) -> None:
    play.alert(at, level=2, legal_class="其他政务舆情")
    play.answering(at)
    if level != 2:
        play.act("fang_yi", "grade_set", at, level=level, reason="研判")
    play.act(drafter, "drafted", at, **({"paper": "statement", "text": "通报", "secrecy": "public"} | fields))


@pytest.mark.parametrize(
    ("level", "stages"),
    [
        (1, (("legal",), ("secrecy",), ("publicity", "cyber"), ("deputy",), ("principal",))),
        (2, (("legal",), ("secrecy",), ("publicity", "cyber"), ("deputy",))),
        (3, (("legal",), ("secrecy",), ("publicity",), ("deputy",))),
        (4, (("secrecy",), ("publicity",))),
    ],
)
def test_the_graver_the_grade_the_longer_the_chain(play: Play, level: int, stages: tuple[tuple[str, ...], ...]) -> None:
    assert play.desk.mechanism.approval.stages(level) == stages


def test_steps_pass_in_order_and_those_of_one_stage_in_any_order(play: Play, hours: At) -> None:
    drafted(play, hours(0), level=2)
    with pytest.raises(Refused, match="现在轮到的环节是：法律审核"):
        approve(play, hours(1), "bao_mi", "secrecy")
    approve(play, hours(1), "lv_heng", "legal")
    approve(play, hours(1), "bao_mi", "secrecy")
    draft = play.case.draft(Paper.STATEMENT, 1)
    assert draft is not None
    assert waiting_steps(draft, play.desk.mechanism, 2) == ("publicity", "cyber")
    approve(play, hours(1), "wang_qing", "cyber")
    approve(play, hours(1), "jian_shen", "publicity")
    approve(play, hours(1), "ming_ce", "deputy", leader="song_wenbo", scan="件1")
    draft = play.case.draft(Paper.STATEMENT, 1)
    assert draft is not None
    assert is_approved(draft, play.desk.mechanism, 2)


def test_nobody_passes_a_step_that_is_not_his(play: Play, hours: At) -> None:
    drafted(play, hours(0))
    with pytest.raises(Refused, match="不是法律审核的审核人"):
        approve(play, hours(1), "jian_shen", "legal")


def test_the_drafter_never_approves_his_own_text(play: Play, hours: At) -> None:
    """Four eyes: even a person who may pass the step may not pass what he drafted himself."""
    from pipeline.cases import duty_desk

    office = play.desk.office(play.connection)
    both = office.directory.get("qin_wan").model_copy(update={"approves": ("legal",)})
    duty_desk.save_people(play.connection, play.desk.shipped, [both], office.directory.get("guan_li"), hours(0))
    drafted(play, hours(0))
    with pytest.raises(Refused, match="起草人不能审签"):
        approve(play, hours(1), "qin_wan", "legal")


def test_one_person_never_passes_two_steps_of_one_version(play: Play, hours: At) -> None:
    from pipeline.cases import duty_desk

    office = play.desk.office(play.connection)
    both = office.directory.get("lv_heng").model_copy(update={"approves": ("legal", "secrecy")})
    duty_desk.save_people(play.connection, play.desk.shipped, [both], office.directory.get("guan_li"), hours(0))
    drafted(play, hours(0))
    approve(play, hours(1), "lv_heng", "legal")
    with pytest.raises(Refused, match="两个环节"):
        approve(play, hours(1), "lv_heng", "secrecy")


def test_a_leaders_approval_is_recorded_by_the_secretary_with_the_scan(play: Play, hours: At) -> None:
    drafted(play, hours(0), level=3)
    for person, step in (("lv_heng", "legal"), ("bao_mi", "secrecy"), ("jian_shen", "publicity")):
        approve(play, hours(1), person, step)
    with pytest.raises(Refused, match="没有“审签通过”的权限"):
        approve(play, hours(2), "song_wenbo", "deputy")
    with pytest.raises(Refused, match="由领导秘书凭签批件录入"):
        approve(play, hours(2), "fang_yi", "deputy", leader="song_wenbo", scan="件1")
    with pytest.raises(Refused, match="附签批件"):
        approve(play, hours(2), "ming_ce", "deputy", leader="song_wenbo")
    with pytest.raises(Refused, match="无权作分管领导审定"):
        approve(play, hours(2), "ming_ce", "deputy", leader="lu_zhiming", scan="件1")
    approve(play, hours(2), "ming_ce", "deputy", leader="song_wenbo", scan="件1")


def test_a_returned_version_is_dead_and_a_new_one_starts_over(play: Play, hours: At) -> None:
    drafted(play, hours(0))
    approve(play, hours(1), "lv_heng", "legal")
    play.act("bao_mi", "step_returned", hours(2), paper="statement", version=1, step="secrecy", reason="含内部数据")
    with pytest.raises(Refused, match="已退回"):
        approve(play, hours(3), "bao_mi", "secrecy")
    play.act("qin_wan", "drafted", hours(3), paper="statement", text="改后", secrecy="public")
    with pytest.raises(Refused, match="已有新版本"):
        approve(play, hours(4), "bao_mi", "secrecy")
    approve(play, hours(4), "lv_heng", "legal", version=2)


def test_a_text_marked_internal_is_never_published(play: Play, hours: At) -> None:
    drafted(play, hours(0), level=4, secrecy="internal")
    approve(play, hours(1), "bao_mi", "secrecy")
    approve(play, hours(1), "jian_shen", "publicity")
    with pytest.raises(Refused, match="标识不是“公开”"):
        play.respond(hours(2))


def test_when_the_grade_rises_the_longer_chain_applies_to_what_is_not_out(play: Play, hours: At) -> None:
    drafted(play, hours(0), level=4)
    approve(play, hours(1), "bao_mi", "secrecy")
    approve(play, hours(1), "jian_shen", "publicity")
    play.act("fang_yi", "grade_set", hours(1.5), level=2, reason="转入热议")
    with pytest.raises(Refused, match="没有走完审签"):
        play.respond(hours(2))
    for person, step in (("lv_heng", "legal"), ("wang_qing", "cyber")):
        approve(play, hours(3), person, step)
    approve(play, hours(3), "ming_ce", "deputy", leader="song_wenbo", scan="件1")
    play.respond(hours(4))


def test_an_older_approved_version_is_not_published_once_a_newer_is_approved(play: Play, hours: At) -> None:
    drafted(play, hours(0), level=4)
    for version in (1, 2):
        if version == 2:
            play.act("qin_wan", "drafted", hours(1), paper="statement", text="更正", secrecy="public")
        approve(play, hours(1), "bao_mi", "secrecy", version)
        approve(play, hours(1), "jian_shen", "publicity", version)
    with pytest.raises(Refused, match="最新版"):
        play.respond(hours(2), version=1)
    play.respond(hours(2), version=2)


def test_approvers_are_told_when_it_is_their_turn(play: Play, hours: At) -> None:
    play.alert(hours(0), level=2, legal_class="其他政务舆情")
    play.answering(hours(0))
    said = play.act("qin_wan", "drafted", hours(1), paper="statement", text="通报", secrecy="public")
    assert said[0].tell == ("lv_heng",)
    said = play.act("lv_heng", "step_approved", hours(1), paper="statement", version=1, step="legal")
    assert said[0].tell == ("bao_mi",)
    said = play.act("bao_mi", "step_approved", hours(1), paper="statement", version=1, step="secrecy")
    assert set(said[0].tell) == {"jian_shen", "wang_qing"}


def test_a_unit_drafts_only_while_it_holds_a_part(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.answering(hours(0))
    with pytest.raises(Refused, match="没有交办给"):
        play.act("qian_mubai", "drafted", hours(1), paper="statement", text="通报", secrecy="public")
    unit = play.desk.shipped.get("qian_mubai").unit
    play.act("gu_lan", "assigned", hours(1), unit=unit, asked="起草通报", due=hours(3).isoformat())
    play.act("qian_mubai", "drafted", hours(2), paper="statement", text="通报", secrecy="public")


def test_plan_and_material_go_out_with_the_policy(play: Play, hours: At) -> None:
    """同步组织、同步审签、同步部署: a policy is not released while its interpretation is not approved."""
    office = play.desk.office(play.connection)
    opened = play.desk.open_by_hand(
        play.connection, office.directory.get("fang_yi"), hours(0), title="学区调整政策", reason="年度工作",
        origin=_planned(), policy=True,
    )  # fmt: skip
    play.case_id = opened[0].case_id
    play.approved_line(hours(1), paper="policy", text="学区调整办法")
    release = {"paper": "policy", "linked": "release"}
    with pytest.raises(Refused, match="解读方案还没有审定"):
        play.respond(hours(2), **release)
    play.approved_line(hours(3), paper="plan", text="解读方案")
    with pytest.raises(Refused, match="解读材料还没有审定"):
        play.respond(hours(4), **release)
    play.approved_line(hours(5), paper="material", text="一图读懂")
    play.respond(hours(6), **release)
    flagged = [c for c in play.live(hours(6), hours(8)) if c.kind == "interpretation_missing"]
    assert len(flagged) == 1
    play.respond(hours(9), "interpretation", paper="material", linked="interpretation")
    assert play.case.unlinked == ("r1",)


def test_a_release_with_its_interpretation_is_not_flagged(play: Play, hours: At) -> None:
    office = play.desk.office(play.connection)
    opened = play.desk.open_by_hand(
        play.connection,
        office.directory.get("fang_yi"),
        hours(0),
        title="政策",
        reason="计划",
        origin=_planned(),
        policy=True,
    )
    play.case_id = opened[0].case_id
    for paper in ("policy", "plan", "material"):
        play.approved_line(hours(1), paper=paper, text="文稿")
    play.respond(hours(2), paper="policy", linked="release")
    play.respond(hours(2), "interpretation", paper="material", linked="interpretation")
    assert not [c for c in play.live(hours(2), hours(9)) if c.kind == "interpretation_missing"]


def _planned() -> Any:
    from pipeline.cases.vocabulary import Origin

    return Origin.PLANNED
