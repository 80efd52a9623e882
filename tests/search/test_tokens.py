"""Tokens are the one thing both indexes agree on: what they must keep, whatever the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.search.tokens import LONGEST, joined, normal, normalise, tokens

mixed = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("拆迁补偿，。Ａ１ａ1éÉ\u0301ｶﾞ㎡①ﬁ 　\t\n한\u1112\u1161\u11ab😀Σςİ〇々"),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("拆迁补偿", ["拆", "迁", "补", "偿"]),
        ("Covid-19，３.14", ["covid", "19", "3", "14"]),
        ("10,000元", ["10", "000", "元"]),
        ("A7县😀", ["a7", "县"]),
        ("http://a.cn/x?y=1", ["http", "a", "cn", "x", "y", "1"]),
        ("㎡", ["m2"]),
        ("〇々𠮷", ["〇", "々", "𠮷"]),
        ("Привет", list("привет")),
        ("！？…  ", []),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_a_text_is_cut_as_documented(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_a_long_run_is_cut_so_that_no_index_refuses_it() -> None:
    assert [len(token) for token in tokens("a" * (2 * LONGEST + 3))] == [LONGEST, LONGEST, 3]


@given(mixed)
def test_cutting_again_changes_nothing(text: str) -> None:
    once = tokens(text)
    assert tokens(" ".join(once)) == once
    assert joined(text).split(" ") == (once or [""])


@pytest.mark.parametrize(
    "text", ["拆a" * 200, "a" * (LONGEST + 1) + "拆", "Ａ" * (2 * LONGEST + 3), "é" * 300, "\x85\u3000拆\x1f迁"]
)
def test_what_the_indexes_are_given_are_the_tokens_whatever_their_length(text: str) -> None:
    assert joined(text) == " ".join(tokens(text))


@given(mixed)
def test_no_token_holds_a_space_or_is_too_long(text: str) -> None:
    for token in tokens(text):
        assert token
        assert len(token) <= LONGEST
        assert not any(char.isspace() for char in token)


@given(mixed)
def test_width_and_case_do_not_matter(text: str) -> None:
    assert tokens(unicodedata.normalize("NFC", text)) == tokens(text)
    assert tokens(normalise(text)) == tokens(text)


@given(mixed)
def test_the_way_back_to_the_original_covers_every_character(text: str) -> None:
    made = normal(text)
    assert made.text == normalise(text)
    for at in range(len(made.text)):
        start, end = made.original(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert made.text[at] in normalise(text[start:end])
