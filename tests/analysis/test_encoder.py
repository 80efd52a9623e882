"""The encoder's pieces: Chinese by the character, other words by the longest known pieces, never a crash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.encoder import CHARACTERS, CLOSES, FILE, OPENS, TOKENS, UNKNOWN, Encoder, Pieces
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment import MODELS

VOCABULARY = ["[PAD]", UNKNOWN, OPENS, CLOSES, "停", "水", "了", "cov", "##id", "##19", "!", "covid"]


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return Pieces({token: number for number, token in enumerate(VOCABULARY)})


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(MODELS / FILE)


def named(pieces: Pieces, text: str) -> list[str]:
    return [VOCABULARY[number] for number in pieces.ids(text)]


def test_chinese_is_read_by_the_character_and_words_by_their_longest_pieces(pieces: Pieces) -> None:
    assert named(pieces, "停水了!") == [OPENS, "停", "水", "了", "!", CLOSES]
    assert named(pieces, "covid19停水") == [OPENS, "covid", "##19", "停", "水", CLOSES]


def test_what_the_vocabulary_lacks_is_one_unknown_piece(pieces: Pieces) -> None:
    assert named(pieces, "龘 covx 水") == [OPENS, UNKNOWN, UNKNOWN, "水", CLOSES]


@given(text=st.text(max_size=400))
def test_any_text_becomes_pieces_within_what_is_read(pieces: Pieces, text: str) -> None:
    found = pieces.ids(text)
    assert found[0] == VOCABULARY.index(OPENS)
    assert found[-1] == VOCABULARY.index(CLOSES)
    assert 2 <= len(found) <= TOKENS


def test_what_stands_beyond_the_first_characters_changes_nothing(encoder: Encoder) -> None:
    text = normalise("自来水又停了，打电话也没有人管。" * 20)
    assert np.array_equal(encoder.answer(text), encoder.answer(text[:CHARACTERS]))


def test_the_order_of_texts_changes_no_bit(encoder: Encoder, tmp_path: Path) -> None:
    texts = ["停水三天没人管", "谢谢社区，办得真快", "周三上午九点开会", "这就是你们说的马上解决？", "水" * 100]
    one_way = {text: encoder.answer(text).tobytes() for text in texts}
    again = Encoder(MODELS / FILE)
    assert {text: again.answer(text).tobytes() for text in reversed(texts)} == one_way
