"""The gist of a text: of one length, the same in any company, and never of a name that was masked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pipeline.analysis.analyse
from pipeline.analysis.analyse import Analyser, with_gist
from pipeline.analysis.district import District
from pipeline.analysis.gist import LENGTH, WIDTH, gist, read_gist
from pipeline.document import Document, Kind


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_gist_of_one_length_or_none(text: str) -> None:
    found = gist(text)
    if found:
        assert len(read_gist(found)) == WIDTH
        assert np.linalg.norm(read_gist(found).astype(float)) == pytest.approx(LENGTH, rel=0.03)


def test_a_text_that_says_nothing_has_none() -> None:
    assert gist("") == gist(" \n\u200b ") == ""


def test_the_same_text_has_the_same_gist_after_others() -> None:
    first = gist("云栖雅苑二期逾期交房，什么时候能拿到钥匙")
    gist("滨江公园的玉兰开了")
    assert gist("云栖雅苑二期逾期交房，什么时候能拿到钥匙") == first


def test_traditional_characters_and_wide_letters_mean_the_same() -> None:
    assert gist("雲港區停水ＡＢ") == gist("云港区停水ab")


def test_a_gist_is_read_from_the_masked_text(analyser: Analyser) -> None:
    told = [
        with_gist(analyser.analyse(Document(id="d", text=f"拆迁补偿没有发，我的电话{number}", kind=Kind.MESSAGE)))
        for number in ("13800001234", "13900005678")
    ]
    assert told[0].masked_text == told[1].masked_text
    assert told[0].gist == told[1].gist != ""


def test_another_model_is_another_analysis(
    analyser: Analyser, district: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "another").write_bytes(b"another model")
    monkeypatch.setattr(pipeline.analysis.analyse, "GISTS", tmp_path / "another")
    assert Analyser(district, "fast").digest != analyser.digest
