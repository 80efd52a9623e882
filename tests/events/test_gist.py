"""Gists beside each other: a sum of whole numbers, exact, and near nothing where nobody asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.gist import WIDTH, Gist, gist, kept, read_gist
from pipeline.events.gist import Gists, nearness

VECTORS = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).standard_normal(WIDTH))


def read(answer: np.ndarray) -> Gist:
    return read_gist(kept(answer))


def total(gists: list[Gist]) -> Gists:
    return sum((one.astype(np.int32) for one in gists), np.zeros(WIDTH, np.int32))


@pytest.mark.parametrize(
    ("text", "alike", "other"),
    [
        ("煤气没了，做饭做到一半", "燃气又断了，晚饭吃不上", "公交车等了四十分钟"),
        ("自来水停了一天", "水龙头没有水", "孩子的老师很负责"),
        ("地铁几点有末班车", "公交最晚到几点", "猪肉又涨价了"),
        ("楼道里充电的电瓶车烧起来了", "单元门口起火，消防来了三台", "窗口办证排了一上午"),
    ],
)
def test_other_words_for_one_matter_are_nearer_than_another_matter(text: str, alike: str, other: str) -> None:
    near, far = nearness(read_gist(gist(text)), [total([read_gist(gist(alike))]), total([read_gist(gist(other))])])
    assert near > far + 0.05


def test_a_document_judged_before_there_were_gists_is_near_nothing() -> None:
    nothing = read_gist("")
    assert not nothing.any()
    assert nearness(nothing, [total([read_gist(gist("停水了"))])]) == [0.0]
    assert nearness(read_gist(gist("停水了")), [total([nothing])]) == [0.0]


@given(st.lists(VECTORS, min_size=1, max_size=6))
def test_a_sum_of_gists_less_one_is_the_sum_without_it(answers: list[np.ndarray]) -> None:
    gists = [read(one) for one in answers]
    assert (total(gists) - gists[0] == total(gists[1:])).all()


@given(VECTORS, st.lists(VECTORS, min_size=2, max_size=6))
def test_nearness_does_not_depend_on_the_company(answer: np.ndarray, others: list[np.ndarray]) -> None:
    one, sums = read(answer), [total([read(other)] * 3) for other in others]
    assert nearness(one, sums) == [nearness(one, [alone])[0] for alone in sums]
    assert all(-1.0001 <= cosine <= 1.0001 for cosine in nearness(one, sums))
