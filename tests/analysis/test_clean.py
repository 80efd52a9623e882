"""What a reader would see of a text: markup and broken bytes gone, everything people wrote kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.clean import KEEP_AT_MOST, clean, folded, language


def test_html_left_in_is_taken_out_and_its_lines_kept() -> None:
    assert (
        clean("<p>停水<b>三天</b>了</p><script>alert('x')</script><p>谁来管&nbsp;&amp; 谁负责</p>")
        == "停水三天了\n谁来管 & 谁负责"
    )


def test_a_sign_that_is_no_tag_stays() -> None:
    assert clean("水压<0.1兆帕，气温>30度") == "水压<0.1兆帕，气温>30度"


@pytest.mark.parametrize(("once", "original"), [("latin-1", "关于停水的问题反映"), ("cp1252", "物业乱收费")])
def test_utf8_once_read_as_latin_is_repaired(once: str, original: str) -> None:
    assert clean(original.encode().decode(once)) == original


def test_gbk_once_read_as_latin_is_repaired() -> None:
    assert clean("云港区柳渡镇拆迁补偿".encode("gb18030").decode("latin-1")) == "云港区柳渡镇拆迁补偿"


def test_utf8_once_read_as_gbk_is_repaired() -> None:
    original = "我们的小区停水了"
    assert clean(original.encode().decode("gb18030")) == original


def test_ordinary_chinese_is_never_repaired_into_something_else() -> None:
    text = "鍛造厂的锛子在浜海大道上，鏄字很少见"
    assert clean(text) == text


def test_invisible_characters_and_replacement_marks_go() -> None:
    assert clean("停\u200b水\ufeff了\ufffd\ufffd吗\x00") == "停水了 吗"


def test_two_megabytes_keep_their_head_and_tail() -> None:
    kept = clean("头" + "中" * 2_000_000 + "尾")
    assert len(kept) <= KEEP_AT_MOST
    assert kept.startswith("头")
    assert kept.endswith("尾")


@given(st.text())
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(st.text())
def test_cleaning_twice_is_cleaning_once_but_for_what_markup_hid(text: str) -> None:
    once = clean(text)
    assert len(once) <= KEEP_AT_MOST
    assert "\x00" not in once


def test_folding_reads_traditional_full_width_and_capitals_alike() -> None:
    assert folded("雲港區發生火災ＡＢＣx") == "云港区发生火灾abcx"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("云港区停水", "zh"),
        ("雲港區發佈暴雨紅色預警", "zh-Hant"),
        ("The water is off again", "en"),
        ("Вода отключена", "other"),
        ("！！！123", "none"),
        ("", "none"),
        ("I really really love this city 云港", "mixed"),
    ],
)
def test_language(text: str, name: str) -> None:
    assert language(text) == name
