"""Stages: an event moves for reasons that a person can check, never by the future, and the same after a restart."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.clock import SHANGHAI
from pipeline.document import Counts, Kind, Observation, Scope, Stage
from pipeline.events.baseline import Baseline, poisson_tail
from pipeline.events.stage_settings import SHIPPED, StageSettings, StageSettingsError
from pipeline.events.stages import StageBook
from tests.events.growth import GRID, NIGHT, Life, burn, judged


def test_a_fire_spreads_gathers_gets_hot_cools_and_falls_quiet() -> None:
    life = Life()
    burn(life)
    life.until(NIGHT + timedelta(days=3))
    assert life.stages() == ["spread", "gathering", "hot", "cooling", "quiet"]
    gathering = next(change for change in life.changes if change.after is Stage.GATHERING)
    assert gathering.at <= NIGHT + timedelta(minutes=30)


def test_every_change_says_why_with_numbers_and_what_would_move_it_back() -> None:
    life = Life()
    burn(life)
    life.until(NIGHT + timedelta(days=3))
    for change in life.changes:
        assert change.reason
        assert change.back
    hot = next(change for change in life.changes if change.after is Stage.HOT)
    assert "常量" in hot.reason
    assert "12 条" in hot.reason
    assert "峰值" in hot.back


def test_a_lone_notice_only_spreads_and_falls_quiet_after_a_day() -> None:
    life = Life()
    life.see("e", judged(1, NIGHT, Kind.NEWS, "云港区政府网"))
    life.until(NIGHT + timedelta(hours=25))
    assert life.stages("e") == ["spread", "quiet"]


def test_what_is_normal_for_a_busy_source_is_no_burst_there() -> None:
    book = StageBook()
    for day in range(10):
        for number in range(600):
            at = NIGHT - timedelta(days=10 - day) + timedelta(minutes=number / 10)
            book.observe(f"n{day}-{number}", judged(100_000 + day * 1000 + number, at, source="大论坛"), None, at)
    quiet, busy = StageBook(), book
    changes: dict[str, list[Stage]] = {"quiet": [], "busy": []}
    for number in range(4):
        at = NIGHT + timedelta(minutes=number * 5)
        one = judged(number, at, source="大论坛", author=f"a{number}")
        changes["quiet"] += [change.after for change in quiet.observe("e", one, None, at)]
        changes["busy"] += [change.after for change in busy.observe("e", one, None, at)]
    assert Stage.GATHERING in changes["quiet"]
    assert Stage.GATHERING not in changes["busy"]


def test_six_local_letters_gather_without_a_burst() -> None:
    life = Life()
    for number in range(6):
        at = NIGHT + timedelta(hours=11 * number)
        life.see("e", judged(number, at, Kind.MESSAGE, "区长信箱", text="柳东村拆迁补偿何时发放"))
    assert "gathering" in life.stages("e")


def test_reposts_seen_growing_make_an_event_gather() -> None:
    life = Life()
    life.see("e", judged(1, NIGHT, author="a", counts=Counts(reposts=0, comments=0)))
    later = NIGHT + timedelta(hours=1)
    life.until(later)
    changes = life.book.count("e", Observation("d00001", later, Counts(reposts=300, comments=80)))
    assert [change.after for change in changes] == [Stage.GATHERING]
    assert "380" in changes[0].reason


def test_counters_of_a_post_first_seen_long_after_it_was_published_are_no_news() -> None:
    life = Life()
    old = judged(1, NIGHT, counts=Counts(reposts=900), published_at=NIGHT - timedelta(days=2))
    life.see("e", old)
    state = life.book.state("e", NIGHT)
    assert state.reposts == 900
    assert life.book.evidence("e", NIGHT).interactions == 0


def test_the_night_alone_does_not_cool_an_event() -> None:
    life = Life()
    evening = NIGHT.replace(hour=21)
    for number in range(30):
        kind, source = (Kind.WEIBO, "微博") if number % 2 else (Kind.FORUM, "云港论坛")
        life.see("e", judged(number, evening + timedelta(minutes=4 * number), kind, source, author=f"a{number}"))
    for number in range(12):
        at = evening + timedelta(hours=2, minutes=10 + 25 * number)
        life.see("e", judged(100 + number, at, author=f"b{number}"))
    assert life.book.state("e", life.now).stage is Stage.HOT


def test_a_cooled_event_can_come_back_and_says_so() -> None:
    life = Life()
    burn(life)
    again = NIGHT + timedelta(hours=34)
    for number in range(40):
        kind, source = (Kind.WEIBO, "微博") if number % 3 else (Kind.NEWS, "江东都市报")
        life.see("fire", judged(500 + number, again + timedelta(minutes=3 * number), kind, source, author=f"c{number}"))
    assert life.stages() == ["spread", "gathering", "hot", "cooling", "gathering", "hot"]
    assert life.changes[-2].reason.startswith("回落后再起")


def test_half_of_the_documents_gives_exactly_the_changes_before_the_cut() -> None:
    whole, half = Life(), Life()
    burn(whole)
    cut = NIGHT + timedelta(minutes=200)
    for row in whole.rows:
        if row.at < cut:
            half.see(row.event_id, row.judged, row.copy)
    assert half.changes == [change for change in whole.changes if change.at < cut][: len(half.changes)]
    assert len(half.changes) >= 3


@given(cut=st.integers(1, 29), seed=st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_a_book_restored_from_rows_goes_on_as_if_it_had_never_stopped(cut: int, seed: int) -> None:
    lived = Life()
    random.seed(seed)
    burn(lived)
    burn(lived, "second", NIGHT + timedelta(hours=26))
    rows = sorted(lived.rows, key=lambda row: row.at)[: cut * 2]
    first = Life()
    for row in rows:
        first.see(row.event_id, row.judged, row.copy)
    restored = Life(now=first.now)
    events = dict.fromkeys(row.event_id for row in rows)
    restored.book.restore(rows, (), [first.book.state(event_id, first.now) for event_id in events])
    first.changes.clear()
    for number in range(12):
        at = rows[-1].at + timedelta(minutes=7 * number + 1)
        one = judged(900 + number, at, author=f"z{number % 5}")
        first.see("fire", one)
        restored.see("fire", one)
    end = rows[-1].at + timedelta(days=3)
    first.until(end)
    restored.until(end)
    assert restored.changes == first.changes
    assert restored.book.state("fire", end) == first.book.state("fire", end)


def test_merged_events_count_as_one_whatever_came_first() -> None:
    apart, together = Life(), Life()
    for number in range(20):
        at = NIGHT + timedelta(minutes=9 * number)
        one = judged(number, at, author=f"a{number % 7}", counts=Counts(reposts=number))
        apart.see("e" if number % 2 else "f", one)
        together.see("f", one)
    apart.book.merge("f", "e", apart.now)
    at = NIGHT + timedelta(hours=4)
    assert "e" not in apart.book
    merged, single = apart.book.state("f", at), together.book.state("f", at)
    for name in ("documents", "authors", "heat", "heat_terms", "reposts", "first_document_id", "kinds", "sources"):
        assert getattr(merged, name) == getattr(single, name)


def test_a_split_counts_both_halves_afresh() -> None:
    life = Life()
    for number in range(8):
        life.see("e", judged(number, NIGHT + timedelta(minutes=30 * number), author=f"a{number}"))
    rows = [(row.judged, row.copy, row.at) for row in life.rows]
    life.book.split("e", "new", rows[:5], rows[5:], [], life.now)
    assert life.book.state("e", life.now + timedelta(hours=4)).documents == 5
    assert life.book.state("new", life.now + timedelta(hours=4)).documents == 3


def test_a_long_quiet_event_is_forgotten_and_counters_for_it_are_passed_over() -> None:
    life = Life()
    life.see("e", judged(1, NIGHT))
    life.until(NIGHT + timedelta(days=12))
    assert "e" not in life.book
    assert life.book.count("e", Observation("d00001", life.now, Counts(reposts=9))) == []


def test_scope_and_topic_are_what_most_documents_say_and_ties_go_to_the_nearer() -> None:
    life = Life()
    life.see("e", judged(1, NIGHT, scope=Scope.NATIONAL, topic=("教育文体", "")))
    life.see("e", judged(2, NIGHT + GRID, scope=Scope.LOCAL, topic=("安全生产", "")))
    state = life.book.state("e", NIGHT + GRID)
    assert state.scope is Scope.LOCAL
    assert state.topic in ("安全生产", "教育文体")


def test_deaths_that_a_notice_only_repeats_to_deny_are_not_counted() -> None:
    life = Life()
    text = "网民编造火灾死亡三人信息，系谣言。截至14时，共4人受伤，无人员死亡。"
    life.see("e", judged(1, NIGHT, Kind.WECHAT, "云港发布", text=text))
    life.see("e", judged(2, NIGHT + GRID, text="听说死了3个人", rumour=True))
    state = life.book.state("e", NIGHT + GRID)
    assert (state.dead, state.hurt, state.claimed_dead) == (0, 4, 3)


@given(count=st.integers(0, 60), expected=st.floats(0.05, 50))
@settings(deadline=None)
def test_the_poisson_tail_is_a_probability_that_falls_with_the_count(count: int, expected: float) -> None:
    here, further = poisson_tail(count, expected), poisson_tail(count + 1, expected)
    assert 0 <= further <= here <= 1


def test_the_poisson_tail_is_right() -> None:
    assert poisson_tail(3, 0.5) == pytest.approx(0.014387677966970687)
    assert poisson_tail(2, 5.0) == pytest.approx(0.9595723180054871)


def test_today_is_no_yardstick_for_today() -> None:
    normal = StageSettings.load().normal
    baseline = Baseline(normal)
    noon = int(NIGHT.replace(hour=12).timestamp())
    before = baseline.normal("微博", noon)
    for _ in range(1000):
        baseline.add("微博", noon)
    assert baseline.normal("微博", noon) == before
    assert baseline.normal("微博", noon + 86_400)[0] > before[0]


def test_a_wrong_key_in_the_settings_names_file_and_key(tmp_path: Path) -> None:
    bad = tmp_path / "stages.toml"
    bad.write_text(SHIPPED.read_text("utf-8").replace("[hot] ", "[hot]\nlouder = 3 #", 1), "utf-8")
    with pytest.raises(StageSettingsError, match=r"stages.toml 的 hot.louder"):
        StageSettings.load(bad)


def test_times_are_kept_whatever_the_zone() -> None:
    life = Life()
    life.see("e", judged(1, NIGHT))
    assert life.book.state("e", NIGHT).opened_at.astimezone(SHANGHAI) == NIGHT


def test_an_event_wants_its_title_anew_when_it_has_grown_threefold_and_keeps_it_over_a_restart() -> None:
    life = Life()
    wanted = []
    for number in range(10):
        life.see("fire", judged(number, NIGHT + timedelta(minutes=number), text="着火了，恒泰新材料，浓烟滚滚"))
        if life.book.wants_title("fire"):
            wanted.append(number + 1)
    assert wanted == [3, 9]
    assert life.book.state("fire", life.now).title == "着火了，恒泰新材料，浓烟滚滚"
    life.book.retitle("fire", "恒泰新材料凌晨起火")
    life.book.retitle("fire", "")
    restored = Life(now=life.now)
    restored.book.restore(life.rows, (), [life.book.state("fire", life.now)])
    assert restored.book.state("fire", life.now).title == "恒泰新材料凌晨起火"
