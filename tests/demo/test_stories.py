"""The stories as data: enough of them, complete, varied, on the city's clock."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from demo.growth import Growth, grown, waking_hours
from demo.stories import FIRST_DAY, LAST_MOMENT, load_cast, load_pieces, moment_of, read_story
from demo.truth import alerting_storylines
from pipeline.document import Kind, Polarity, Scope
from pipeline.errors import HuiyingError

STORYLINES = {
    "fire", "demolition", "wages", "river", "chengguan", "canteen", "watercut", "lateflats", "copyreply", "overdue", "policy",
    "schooldistrict", "roadworks", "festival", "neighbour", "gala", "wire", "crash",
}  # fmt: skip
SMALL = {
    "bus23",
    "northsquare",
    "stucklift",
    "childclinic",
    "nightlibrary",
    "courier",
    "fog",
}  # among the everyday ones
TOPICS = {
    "城乡建设", "劳动和社会保障", "教育文体", "卫生计生", "环境保护", "交通运输", "商贸旅游", "安全生产", "公共安全", "党务政务",
    "民政救助", "其他",
}  # fmt: skip
PIECES = load_pieces()


def test_the_city_holds_at_least_four_hundred_documents_and_all_storylines() -> None:
    assert len(PIECES) >= 400
    assert {piece.truth.storyline for piece in PIECES} == {*STORYLINES, *SMALL, ""}


def test_every_kind_and_every_scope_is_there() -> None:
    assert {piece.truth.kind for piece in PIECES} == set(Kind)
    assert {piece.truth.scope for piece in PIECES} == set(Scope)


def test_every_label_is_one_that_the_pipeline_knows() -> None:
    assert {piece.truth.topic for piece in PIECES} <= TOPICS
    assert {piece.truth.sentiment for piece in PIECES} == set(Polarity)


def test_no_two_texts_are_the_same() -> None:
    texts = Counter(piece.text for piece in PIECES if not piece.truth.copy_of)
    assert [text for text, times in texts.items() if times > 1] == []


def test_the_wire_story_stands_on_five_sites() -> None:
    wire = [piece for piece in PIECES if piece.truth.storyline == "wire"]
    assert len({piece.site for piece in wire}) == 5
    assert sum(1 for piece in wire if piece.truth.copy_of) == 4


def test_one_post_is_deleted_and_one_page_is_edited() -> None:
    assert sum(1 for piece in PIECES if piece.gone_at) == 1
    assert sum(1 for piece in PIECES if piece.edited_at) == 1


def test_times_lie_in_march_and_the_five_days_are_the_fullest() -> None:
    early = [piece for piece in PIECES if piece.published_at < FIRST_DAY]
    assert all(piece.published_at <= LAST_MOMENT for piece in PIECES)
    assert len(early) < len(PIECES) / 10


def test_nights_are_quiet_but_for_the_fire() -> None:
    night = [piece for piece in PIECES if piece.published_at.hour < 6 and piece.truth.storyline != "fire"]
    assert len(night) < len(PIECES) / 50


def test_the_fire_begins_before_dawn_on_sunday_with_a_bystander() -> None:
    first = next(piece for piece in PIECES if piece.truth.storyline == "fire")
    assert (first.published_at.isoweekday(), first.published_at.hour, first.site) == (7, 2, "weibo")


def test_phone_numbers_are_fictional() -> None:
    texts = " ".join(piece.text + (piece.reply.text if piece.reply else "") for piece in PIECES)
    numbers = re.findall(r"(?<!\d)1\d{10}(?!\d)", texts)
    assert numbers
    assert all(number.startswith("1380000") for number in numbers)


def test_native_ids_and_paths_are_unique() -> None:
    assert len({piece.native_id for piece in PIECES}) == len(PIECES)
    assert len({piece.path for piece in PIECES}) == len(PIECES)


def test_replies_come_after_the_letter() -> None:
    answered = [piece for piece in PIECES if piece.reply]
    assert len(answered) >= 8
    assert all(piece.reply and piece.reply.at and piece.reply.at > piece.published_at for piece in answered)


def test_reposts_and_comments_come_after_their_post() -> None:
    by_id = {piece.native_id: piece for piece in PIECES}
    assert all(piece.published_at > by_id[piece.parent].published_at for piece in PIECES if piece.parent)


def test_a_story_says_whether_it_deserves_an_alert() -> None:
    alerting = alerting_storylines()
    assert set(alerting) == STORYLINES
    assert (alerting["fire"], alerting["neighbour"], alerting["festival"]) == ("must", "may", "never")


def test_a_wrong_word_is_an_error_that_names_file_line_and_word(tmp_path: Path) -> None:
    story = tmp_path / "flood.toml"
    head = 'storyline = "flood"\ntitle = "内涝"\nscope = "local"\ntopic = "其他"\n'
    story.write_text(
        head + 'documents = [{ at = "15 02:47", on = "weibo", mood = "-", moood = "-" }]', encoding="utf-8"
    )
    with pytest.raises(HuiyingError, match=r"flood\.toml 的 documents\.0\.moood"):
        read_story(story)
    story.write_text(head + "documents = [", encoding="utf-8")
    with pytest.raises(HuiyingError, match="不是有效的 TOML"):
        read_story(story)


def test_accounts_of_the_cast_are_used() -> None:
    used = {piece.by for piece in PIECES}
    assert set(load_cast().accounts) - used <= {"澜州新闻网", "恒泰新材料"}


def test_counters_never_fall_and_end_near_their_final_value() -> None:
    start = moment_of("15 02:47")
    growth = Growth(likes=1000, reposts=10, comments=0, hours=4)
    seen = [grown(growth, start, moment_of(f"{day} {hour:02d}:30")) for day in (15, 16, 17) for hour in range(24)]
    likes = [counts.likes or 0 for counts in seen]
    assert likes == sorted(likes)
    assert likes[0] == 0
    assert likes[-1] > 990
    assert seen[0].reads is None


def test_a_night_hour_counts_for_less_than_an_evening_hour() -> None:
    night = waking_hours(moment_of("15 03:00"), moment_of("15 04:00"))
    evening = waking_hours(moment_of("15 20:00"), moment_of("15 21:00"))
    assert night < evening / 5
