"""Copies: what folds, what must not, and that memory is a pure function of the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events.copies import Copies
from pipeline.events.shingles import normalise, shared, shingles

START = datetime(2026, 3, 13, 8, tzinfo=UTC)
FIRE = (
    "本报讯 3月15日凌晨2时40分许，云港区沙洲镇化工园内恒泰新材料有限公司一车间发生火灾。接报后，区消防救援大队立即出动"
    "12辆消防车、56名指战员赶赴现场处置。5时20分，明火被扑灭，现场未发现人员伤亡，起火原因正在调查。"
    "澜州市云港生态环境局在厂区周边设置了四个监测点，空气质量数据未见异常。沙洲镇已组织下风向居民转移。"
)
WATER = (
    "滨江街道因主管爆裂自昨晚八点起停水，抢修人员正在开挖，预计明早六点恢复供水，请居民提前储水，给您带来不便敬请谅解。"
)


def copies(limit: int = 1000, days: int = 30) -> Copies:
    return Copies(timedelta(days=days), limit)


@pytest.mark.parametrize(
    ("edited", "how"),
    [
        (FIRE, "exact"),
        (FIRE.replace("，", ", ").upper(), "exact"),
        (FIRE[: len(FIRE) * 2 // 3], "near"),
        (FIRE[70:] + FIRE[:70], "near"),
        ("云港化工园凌晨起火 无人伤亡" + FIRE[4:], "near"),
        ("据澜州新闻网最新消息，记者刚刚从现场获悉以下情况。" + FIRE + "（来源：江东都市报）", "near"),
        (
            FIRE.replace("立即", "迅速").replace("赶赴现场", "到场").replace("周边", "四周").replace("正在", "仍在"),
            "near",
        ),
    ],
)
def test_an_edited_copy_is_folded_into_the_first(edited: str, how: str) -> None:
    memory = copies()
    assert memory.find("first", FIRE, START) is None
    assert memory.find("water", WATER, START) is None
    found = memory.find("second", edited, START + timedelta(hours=1))
    assert found is not None
    assert (found.document_id, found.original_id, found.how) == ("second", "first", how)
    assert 0.3 <= found.similarity <= 1


def test_a_post_that_quotes_a_shorter_one_is_a_quotation() -> None:
    memory = copies()
    memory.find("post", WATER, START)
    quote = (
        "又停水了，这个月第三次了，孩子上学早饭都没法做，物业电话也打不通，到底有没有人管一管我们这些老百姓的死活？"
        + WATER
    )
    found = memory.find("quote", "大家看看这个通知：" + quote, START)
    assert found is not None
    assert found.original_id == "post"


def test_the_root_of_a_forwarded_chain_is_found_behind_long_comments() -> None:
    memory = copies()
    memory.find("post", "恒泰新材料那边又着火了，烟好大", START)
    comment = "说真的这已经不是第一次了，" * 12
    found = memory.find("forward", f"{comment}//@路人甲:转给大家看//@现场的人:恒泰新材料那边又着火了，烟好大", START)
    assert found is not None
    assert (found.original_id, found.how) == ("post", "quoted")


@pytest.mark.parametrize("short", ["转发微博", "太好了！", "停水了", "", "！！！……", "哈" * 500 + "呵"])
def test_short_and_empty_texts_never_fold_into_others(short: str) -> None:
    memory = copies()
    memory.find("one", short, START)
    memory.find("two", WATER, START)
    found = memory.find("three", short, START)
    assert found is None or (len(normalise(short)) >= 12 and found.original_id == "one")


def test_two_reports_of_two_fires_are_not_copies() -> None:
    memory = copies()
    memory.find("plant", FIRE, START)
    other = "3月16日傍晚，石桥街道云栖雅苑小区一户居民家中因电动车充电起火，物业和邻居用灭火器扑救，一名老人被送医观察，暂无大碍。"
    assert memory.find("flat", other, START) is None


def test_the_earliest_text_is_named() -> None:
    memory = copies()
    for number in range(60):
        memory.find(f"d{number}", FIRE, START)
    found = memory.find("late", FIRE + "转自网络", START)
    assert found is not None
    assert found.original_id == "d0"


def test_texts_leave_with_the_window_and_with_the_limit() -> None:
    memory = copies(days=1)
    memory.find("old", FIRE, START)
    assert memory.find("later", FIRE, START + timedelta(days=1, seconds=1)) is None
    memory = copies(limit=2)
    for name, text in (
        ("a", FIRE),
        ("b", WATER),
        ("c", "完全不同的一段话，说的是白鹭镇春天的油菜花开了，游客很多，停车难。"),
    ):
        memory.find(name, text, START)
    assert len(memory) == 2
    assert memory.find("again", FIRE, START) is None


TEXTS = st.lists(
    st.sampled_from(
        [
            FIRE,
            WATER,
            FIRE[:90],
            WATER + FIRE[:50],
            "好" * 40,
            "转发微博",
            FIRE[40:],
            "青塘镇梅林村的路灯坏了半个月没人修",
        ]
    ),
    max_size=14,
)


@given(TEXTS, st.integers(0, 14), st.integers(1, 6))
def test_restoring_gives_the_state_that_living_through_gave(texts: list[str], cut: int, limit: int) -> None:
    rows = [(f"d{n}", text, START + timedelta(hours=9 * n)) for n, text in enumerate(texts)]
    lived, restored = copies(limit, 2), copies(limit, 2)
    for row in rows[:cut]:
        lived.find(*row)
    restored.restore(rows[:cut])
    assert [lived.find(*row) for row in rows[cut:]] == [restored.find(*row) for row in rows[cut:]]


@given(st.text(max_size=300))
def test_any_text_is_its_own_copy_or_too_short(text: str) -> None:
    memory = copies()
    memory.find("one", text, START)
    found = memory.find("two", text, START)
    if len(normalise(text)) >= 10:
        assert found is not None
        assert found.how == "exact"
    else:
        assert found is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_shared_hashes_equal_set_intersection(left: str, right: str) -> None:
    a, b = shingles(normalise(left)), shingles(normalise(right))
    assert shared(a, b) == len(set(a.tolist()) & set(b.tolist()))
