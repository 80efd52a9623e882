"""Marks show what was found, in the text as stored, and never change the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.search.highlight import found, mark, phrases, plain, snippet
from pipeline.search.port import All, Not, OneOf, Segment, Some, Words
from pipeline.search.port import Field as IndexField
from pipeline.search.tokens import tokens

texts = st.text(st.sampled_from("拆迁补偿ab1 ，。Ａ１\u0301é\n"), max_size=60)
wanted = st.lists(texts.map(lambda text: tuple(tokens(text)[:3])).filter(bool), min_size=1, max_size=3)


def test_a_phrase_is_marked_across_punctuation_and_width() -> None:
    assert mark("关于Ａ区 拆，迁的问题", [("a",), ("拆", "迁")]) == (
        Segment("关于"),
        Segment("Ａ", True),
        Segment("区 "),
        Segment("拆，迁", True),
        Segment("的问题"),
    )


def test_a_number_is_not_marked_inside_a_longer_one() -> None:
    assert [s.text for s in mark("119 和 1190", [("119",)]) if s.marked] == ["119"]


def test_overlapping_places_become_one_mark() -> None:
    assert mark("哈哈哈", [("哈", "哈")]) == (Segment("哈哈哈", True),)


def test_words_under_not_are_not_marked() -> None:
    node = All((Words(("拆",)), Not(Words(("签",))), Some((Words(("迁",)), OneOf(IndexField.KIND, ("news",))))))
    assert phrases(node) == [("拆",), ("迁",)]


def test_the_snippet_shows_the_place_with_most_phrases() -> None:
    text = "拆迁" + "，无关的话" * 60 + "拆迁款的补偿还没有到位" + "，无关的话" * 60
    made = snippet(text, [("拆", "迁"), ("补", "偿")])
    assert [s.text for s in made if s.marked] == ["拆迁", "补偿"]
    assert made[0] == made[-1] == Segment("…")


def test_hostile_markup_stays_text() -> None:
    text = "<script>alert('拆迁')</script>"
    assert plain(mark(text, [("拆", "迁")])) == text


@given(texts, wanted)
def test_the_segments_joined_are_the_text(text: str, phrases_wanted: list[tuple[str, ...]]) -> None:
    assert plain(mark(text, phrases_wanted)) == text


@given(texts, wanted)
def test_a_phrase_is_marked_exactly_when_its_tokens_stand_side_by_side(
    text: str, phrases_wanted: list[tuple[str, ...]]
) -> None:
    cut = tokens(text)
    for number, phrase in enumerate(phrases_wanted):
        expected = sum(tuple(cut[at : at + len(phrase)]) == phrase for at in range(len(cut)))
        assert sum(1 for _s, _e, n in found(text, phrases_wanted) if n == number) == expected


@given(texts, wanted)
def test_a_snippet_is_a_stretch_of_the_text(text: str, phrases_wanted: list[tuple[str, ...]]) -> None:
    inner = [s for s in snippet(text, phrases_wanted, width=20) if s != Segment("…")]
    assert plain(tuple(inner)) in text
