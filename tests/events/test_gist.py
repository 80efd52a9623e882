"""The gist of a text: near where words differ and the matter is one, whole numbers, and a table that can be built anew."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import sparse
from pipeline.events.gist import LENGTH, WIDTH, Gist, gist, nearness
from pipeline.events.train_gist import common_words, rows_of


def of(text: str) -> Gist:
    return gist(Counter(sparse.words(sparse.clean(text))))


@pytest.mark.parametrize(
    ("text", "alike", "other"),
    [
        ("煤气没了，做饭做到一半", "燃气又断了，晚饭吃不上", "公交车等了四十分钟"),
        ("自来水停了一天", "水龙头没有水", "孩子的老师很负责"),
        ("地铁几点有末班车", "公交最晚到几点", "猪肉又涨价了"),
    ],
)
def test_other_words_for_one_matter_are_nearer_than_another_matter(text: str, alike: str, other: str) -> None:
    near, far = nearness(of(text), [of(alike).astype(np.int32), of(other).astype(np.int32)])
    assert near > far + 0.05


def test_a_text_of_unknown_words_says_nothing() -> None:
    nothing = of("")
    assert not nothing.any()
    assert nearness(nothing, [of("停水了").astype(np.int32)]) == [0.0]


@given(st.lists(st.sampled_from(["停水", "起火", "学校", "食堂", "公交", "补偿"]), min_size=1, max_size=8))
def test_a_gist_has_one_length_and_does_not_depend_on_the_order_of_words(words: list[str]) -> None:
    one, other = gist(Counter(words)), gist(Counter(reversed(words)))
    assert one.shape == (WIDTH,)
    assert (one == other).all()
    assert np.linalg.norm(one) == pytest.approx(LENGTH, rel=0.02)


@given(st.lists(st.sampled_from(["停水一天", "厂里起火", "学校食堂", "等公交", "补偿款"]), min_size=1, max_size=6))
def test_a_sum_of_gists_less_one_is_the_sum_without_it(texts: list[str]) -> None:
    summed = sum((of(text).astype(np.int32) for text in texts), np.zeros(WIDTH, np.int32))
    without = sum((of(text).astype(np.int32) for text in texts[1:]), np.zeros(WIDTH, np.int32))
    assert (summed - of(texts[0]) == without).all()


def test_the_table_is_made_of_words_that_several_texts_have() -> None:
    texts = ["停水 了", "又停水", "停水三天", "公交停运"]
    assert "停水" in common_words(texts)
    assert "公交" not in common_words(texts)


def test_rows_leave_out_the_strongest_directions_and_fill_the_range_of_a_byte() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(400, 160)).astype(np.float32)
    vectors[:, 0] *= 50  # a direction that tells no word from another
    rows = rows_of(vectors)
    assert rows.shape == (400, WIDTH)
    assert 100 < np.abs(rows.astype(int)).max() <= 127
    assert abs(np.corrcoef(vectors[:, 0], rows.astype(float).T)[0, 1:]).max() < 0.3
