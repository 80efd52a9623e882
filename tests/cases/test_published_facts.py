"""What we published, what differs from it, and what never does: questions, refutations, our own corrected numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pipeline.cases.published import Fact, differing, published_facts
from pipeline.cases.state import CaseState, Draft, Response
from pipeline.cases.vocabulary import Form, Paper
from pipeline.clock import SHANGHAI
from pipeline.document import Secrecy

NOON = datetime(2026, 3, 15, 12, tzinfo=SHANGHAI)
FIRST = "【情况通报】经初步核查，事故造成2人轻伤，已送医治疗。"
THEN = "【更正】截至14时，共4人受伤，其中1人伤情较重、3人轻伤，无人员死亡、失联。着火物质不属剧毒物品。网传“明天停课”不属实。"


def case_of(*texts: str) -> CaseState:
    """A case that answered with these texts, an hour apart from noon on."""
    case = CaseState(id="c1")
    for number, text in enumerate(texts, 1):
        at = NOON + timedelta(hours=number - 1)
        draft = Draft(Paper.STATEMENT, number, text, Secrecy.PUBLIC, "qin_wan", at)
        made = Response(
            f"r{number}", Form.WEIBO, f"通报{number}", "区委宣传部", at, at, "qin_wan", (), (), Paper.STATEMENT, number,
            "", False, True, "https://www.yungang.example/1",
        )  # fmt: skip
        case = replace(case, drafts=(*case.drafts, draft), responses=(*case.responses, made))
    return case


def facts(*texts: str) -> tuple[Fact, ...]:
    return published_facts([case_of(*texts)])


def test_numbers_and_denials_of_a_response_are_facts_with_their_proof() -> None:
    found = {fact.about: fact for fact in facts(THEN)}
    assert {"受伤", "重伤", "轻伤", "死亡", "失联", "剧毒", "明天停课"} == set(found)
    assert found["受伤"].said == "共4人受伤"
    assert (found["受伤"].url, found["受伤"].response_id) == ("https://www.yungang.example/1", "r1")


def test_a_later_response_replaces_what_it_speaks_of_and_nothing_else() -> None:
    found = facts(FIRST, THEN, "4名伤者均在区一院救治。")
    assert [(fact.said, fact.replaced_at) for fact in found if fact.about == "轻伤"] == [
        ("事故造成2人轻伤", NOON + timedelta(hours=1)),
        ("3人轻伤", None),
    ]
    assert next(fact for fact in found if fact.about == "死亡").replaced_at is None


def test_only_what_was_published_by_then_counts() -> None:
    assert len(published_facts([case_of(FIRST, THEN)], until=NOON)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("听说死了三个，都是上夜班的", "死了三个"),
        ("大爆炸现场，死伤无数，速看", "死伤无数"),
        ("据说伤了几十个，医院都住满了", "伤了几十个"),
        ("火灾已造成6人受伤。", "火灾已造成6人受伤"),
        ("家长群都在传烧的是剧毒的东西，别开窗", "家长群都在传烧的是剧毒的东西"),
        ("老师说明天停课，大家相互转告", "老师说明天停课"),
    ],
)
def test_a_text_that_says_otherwise_is_marked_with_both_in_words(text: str, said: str) -> None:
    found = differing(text, NOON + timedelta(hours=5), facts(THEN))
    assert [one.said for one in found] == [said]
    assert found[0].text.startswith(f"与已发布事实不一致：此文“{said}”，已发布“")


@pytest.mark.parametrize(
    "text",
    [
        "共4人受伤，1人较重",
        "到底有没有人受伤？给个准数",
        "警方通报：网民编造“死亡三人”信息，已被处罚。",
        "造谣说死了三个的那个人抓到了",
        "是不是剧毒？谁来说一声",
        "官方说了不是剧毒，放心吧",
        "明天停课吗",
        "2023年3月有人说没有回音",
        "",
    ],
)
def test_agreement_questions_and_refutations_are_never_marked(text: str) -> None:
    assert differing(text, NOON + timedelta(hours=5), facts(THEN)) == ()


def test_who_repeats_our_own_earlier_number_is_not_said_to_differ() -> None:
    found = differing("应急局通报事故造成2人轻伤", NOON + timedelta(minutes=30), facts(FIRST, THEN))
    assert found[0].text == "同我方已更正的发布：此文“应急局通报事故造成2人轻伤”，现已发布“3人轻伤”"
    assert found[0].ours is not None


def test_what_was_said_before_we_published_is_told_so() -> None:
    found = differing("听说死了三个", NOON - timedelta(hours=4), facts(THEN))
    assert "（发布前所说）" in found[0].text


def test_a_round_number_may_be_round() -> None:
    published = facts("共转移群众126人。")
    assert differing("转移群众一百多人", NOON, published) == ()
    assert differing("转移群众约500人", NOON, published) != ()


def test_no_response_no_fact_no_mark() -> None:
    assert published_facts([CaseState(id="c1")]) == ()
    assert differing("死了三个", NOON, ()) == ()


def test_the_machine_never_says_wrong() -> None:
    shown = " ".join(one.text for one in differing("死了三个，烧的是剧毒", NOON, facts(THEN)))
    assert "错误" not in shown
    assert "谣言" not in shown
