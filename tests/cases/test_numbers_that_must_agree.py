"""Contradictions in numbers between units' texts: floors over hand-written pairs, and properties (口径数字一致性)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cases.consistency import contradictions, number, statements

HERE = Path(__file__).parent
FLOORS = json.loads((HERE.parents[1] / "evaluation" / "consistency.json").read_text(encoding="utf-8"))


def test_contradictions_are_found_at_the_floor_and_few_are_made_up() -> None:
    right = wrong = missed = 0
    for name in ("consistency_pairs.jsonl", "consistency_held_out.jsonl"):
        for line in (HERE / name).read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            got = {c.subject for c in contradictions({"甲": pair["a"], "乙": pair["b"]})}
            want = set(pair["conflict"])
            right, wrong, missed = right + len(got & want), wrong + len(got - want), missed + len(want - got)
    assert right / (right + wrong) >= FLOORS["precision"]
    assert right / (right + missed) >= FLOORS["recall"]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("12", 12),
        ("1,280", 1280),
        ("1.2万", 12000),
        ("86万5千", 865000),
        ("十二", 12),
        ("两百零三", 203),
        ("三千万", 3e7),
    ],
)
def test_arabic_and_chinese_numerals(said: str, value: float) -> None:
    assert number(said) == value


def test_a_contradiction_says_who_wrote_what() -> None:
    (found,) = contradictions({"区应急管理局": "2人受伤", "区消防救援大队": "受伤3人"})
    assert found.text() == "“受伤”区应急管理局写“2人受伤”，区消防救援大队写“受伤3人”"


@given(st.text(alphabet="0123456789一二三十百千万人名户元，。、约余死亡受伤无月日时分起火过火面积平方米", max_size=60))
def test_no_text_breaks_it_and_a_text_never_contradicts_itself(text: str) -> None:
    statements(text)
    assert contradictions({"甲": text, "乙": text}) == ()


@given(st.integers(1, 500), st.integers(1, 500))
def test_the_same_count_agrees_and_another_does_not(a: int, b: int) -> None:
    found = contradictions({"甲": f"事故造成{a}人受伤。", "乙": f"受伤{b}人。"})
    assert bool(found) == (a != b)
