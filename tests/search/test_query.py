"""The query language: what people type, and what is refused with which words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import SHANGHAI
from pipeline.search.port import All, InStage, Node, Not, OneOf, Some, Within, Words
from pipeline.search.port import Field as IndexField
from pipeline.search.query import QueryError, parse, resolve_stages

NOW = datetime(2026, 3, 15, 4, 0, tzinfo=UTC)  # noon in Shanghai


def where(text: str) -> Node:
    return parse(text, NOW).where


def word(text: str) -> Words:
    return Words(tuple(text))


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", All()),
        ("拆迁", word("拆迁")),
        ("拆迁 补偿", All((word("拆迁"), word("补偿")))),
        ('"拆迁 补偿"', word("拆迁补偿")),
        ("“拆迁 补偿”", word("拆迁补偿")),
        ("拆迁 OR 征地 款", Some((word("拆迁"), All((word("征地"), word("款")))))),
        ("拆迁|征地", Some((word("拆迁"), word("征地")))),
        ("拆迁 -签约", All((word("拆迁"), Not(word("签约"))))),
        ("NOT 签约", Not(word("签约"))),
        ("- 签约", word("签约")),
        ("NOT -签约", word("签约")),
        ("(甲 OR 乙) 丙", All((Some((word("甲"), word("乙"))), word("丙")))),
        ("（甲 OR 乙）丙", All((Some((word("甲"), word("乙"))), word("丙")))),
        ("covid-19", Words(("covid", "19"))),
        ("http://a.cn", Words(("http", "a", "cn"))),
        ("12:30", Words(("12", "30"))),
        ("kind:weibo", OneOf(IndexField.KIND, ("weibo",))),
        ("类别：微博,论坛", OneOf(IndexField.KIND, ("weibo", "forum"))),
        ('source:"澜州 日报"', OneOf(IndexField.SOURCE, ("澜州 日报",))),
        ("情感:负面", OneOf(IndexField.SENTIMENT, ("negative",))),
        ("-范围:国际", Not(OneOf(IndexField.SCOPE, ("international",)))),
        ("阶段:热议,gathering", InStage(("hot", "gathering"))),
        ("time:2026-03-15", Within(day(15), day(16))),
        ("time:2026-03-13..2026-03-15", Within(day(13), day(16))),
        ("time:2026-03-13..", Within(day(13), None)),
        ("time:2026-02", Within(datetime(2026, 2, 1, tzinfo=SHANGHAI), day(1))),
        ("时间:昨天", Within(day(14), day(15))),
        ("time:24h", Within(NOW - timedelta(hours=24), NOW + timedelta(seconds=1))),
        ("😀", Some()),
        ("😀 拆", word("拆")),
        ("OR 拆", word("拆")),
    ],
)
def test_a_query_means_what_the_help_says(text: str, expected: Node) -> None:
    assert where(text) == expected


def test_a_word_that_cannot_be_searched_is_told() -> None:
    assert parse("😀 拆迁 ！！", NOW).ignored == ("😀", "！！")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("author:张三", "不提供按作者检索"),
        ("作者：张三", "不提供按作者检索"),
        ("-昵称:张三", "不提供按作者检索"),
        ("kind:报纸", "不是可用的取值"),
        ("stage:火", "热议"),
        ("time:明年", "不是时间"),
        ("time:2026-13", "不是时间"),
        ("time:..", "两头都空"),
        ('kind:""', "缺少取值"),
        ("拆迁 NOT", "缺少词"),
        ("(拆迁", "右括号"),
        ("拆迁)", "多了一个"),
        ("(" * 100 + "甲", "太深"),
        ("甲 " * 300, "太长"),
    ],
)
def test_a_query_that_means_nothing_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(QueryError, match=says):
        where(text)


@given(
    st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from('()"-|:：“”, OR NOT kind time 拆')), max_size=60)
)
def test_whatever_is_typed_is_read_or_refused_in_words(text: str) -> None:
    with suppress(QueryError):
        assert parse(text, NOW).where is not None


def test_a_stage_becomes_the_events_that_stand_there() -> None:
    node = All((word("甲"), Not(InStage(("hot",)))))
    resolved = resolve_stages(node, lambda stages: ["e2", "e1"] if stages == ("hot",) else [])
    assert resolved == All((word("甲"), Not(OneOf(IndexField.EVENT, ("e1", "e2")))))
