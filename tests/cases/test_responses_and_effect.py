"""Responses: what they must carry, which questions stay open; effects compared honestly (回应与效果)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from pipeline.cases.effect import Voice, Window, similar_changes, verdict, windows
from pipeline.cases.office import Office
from pipeline.cases.refusal import Refused

from .conftest import FIRE, Play, store_event

At = Callable[[float], datetime]


@pytest.fixture
def ready(play: Play, hours: At) -> Play:
    play.alert(hours(0))
    play.answering(hours(0.1), legal_class="major")
    play.approved_line(hours(1))
    return play


def test_a_response_that_leaves_the_top_question_open_says_so(ready: Play, hours: At) -> None:
    said = ready.respond(hours(2), answers=["起火原因"])
    assert "最集中的问题“有没有人员伤亡”仍未回答" in said[0].text
    said = ready.respond(hours(3), answers=["有没有人员伤亡"])
    assert "还有1个问题未回答" in said[0].text
    said = ready.respond(hours(4), answers=["空气还能不能呼吸"])
    assert "未回答" not in said[0].text


def test_only_questions_of_the_assessment_can_be_answered(ready: Play, hours: At) -> None:
    with pytest.raises(Refused, match="不在研判表的群众诉求中"):
        ready.respond(hours(2), answers=["天气如何"])


def test_each_response_has_link_or_archive_and_a_time_that_has_come(ready: Play, hours: At) -> None:
    with pytest.raises(Refused, match="链接或存档"):
        ready.respond(hours(2), url="")
    with pytest.raises(Refused, match="不能晚于现在"):
        ready.respond(hours(2), moment=hours(3).isoformat())
    with pytest.raises(Refused, match="早于文稿审签完成"):
        ready.respond(hours(2), moment=hours(0.5).isoformat())
    with pytest.raises(Refused, match="主要负责同志参加"):
        ready.respond(hours(2), "weibo", principal=True)
    with pytest.raises(Refused, match="archive_sha256"):
        ready.respond(hours(2), archive_sha256="abc")


def test_only_a_press_conference_fulfils_the_press_conference(ready: Play, hours: At) -> None:
    with pytest.raises(Refused, match="政务微博不能履行“举行新闻发布会”"):
        ready.respond(hours(2), "weibo", duties=["press_conference"])
    ready.respond(hours(2), "weibo")
    assert ready.case.responses[0].duties == ("authoritative_information",)
    ready.respond(hours(3), "press_conference")
    assert ready.case.responses[1].duties == ("authoritative_information", "press_conference")


def test_reach_becomes_known_later(ready: Play, hours: At) -> None:
    ready.respond(hours(2))
    ready.act("gu_lan", "reach_counted", hours(30), response="r1", reach=120_000)
    assert ready.case.responses[0].reach == 120_000


def voices(counts: dict[int, int], negative: float = 0.5, official: bool = False) -> list[Voice]:
    """`counts`: hour after the fire → number of voices in that hour."""
    return [
        Voice(FIRE + timedelta(hours=hour, minutes=n % 60), n < count * negative, official=official)
        for hour, count in counts.items()
        for n in range(count)
    ]


def test_windows_are_equal_and_our_own_voice_is_not_counted() -> None:
    before, after = windows(voices({0: 10, 30: 4}) + voices({30: 9}, official=True), FIRE + timedelta(hours=24), 24)
    assert (before.voices, after.voices, before.negative, after.negative) == (10, 4, 5, 2)


def test_with_too_few_similar_events_nothing_is_concluded(office: Office) -> None:
    text = verdict(Window(100, 60, 20), Window(30, 10, 5), [-0.7, -0.6], office.mechanism.effect)
    assert "不能判断变化是否由回应带来" in text
    assert "100条变为30条（-70%）" in text
    assert "60%变为33%" in text


@pytest.mark.parametrize(
    ("after", "says"),
    [(40, "在通常范围内，不能说是回应带来的"), (5, "快于通常情况"), (120, "回应没有带来回落")],
)
def test_a_fall_that_comes_anyway_is_not_credited_to_the_response(office: Office, after: int, says: str) -> None:
    similar = [-0.75, -0.7, -0.6, -0.55, -0.5, -0.65, -0.62, -0.58, -0.71, -0.66]
    assert says in verdict(Window(100, 50, 0), Window(after, 2, 0), similar, office.mechanism.effect)


def test_without_voices_before_there_is_nothing_to_compare(office: Office) -> None:
    assert "无从比较" in verdict(Window(0, 0, 0), Window(5, 1, 0), [-0.5] * 12, office.mechanism.effect)


@pytest.mark.parametrize("peers", [10, 15, 19, 20, 40, 60])
def test_a_response_without_effect_is_seldom_praised_and_a_strong_one_mostly(office: Office, peers: int) -> None:
    """Event and peers fade by one law; then the same with four fifths of what would have come after the response gone."""
    rng = random.Random(peers)

    def fading(times: float = 1.0) -> tuple[int, int]:
        before = rng.randint(40, 200)
        return before, round(before * rng.uniform(0.2, 0.6) * times)

    def praised(times: float) -> float:
        found = 0
        for _ in range(600):
            similar = [(after - before) / before for before, after in (fading() for _ in range(peers))]
            before, after = fading(times)
            found += "快于通常" in verdict(Window(before, 0, 0), Window(after, 0, 0), similar, office.mechanism.effect)
        return found / 600

    assert praised(1.0) <= 0.13
    assert praised(0.2) >= 0.95


def test_similar_events_are_compared_at_the_same_age_and_quiet_ones_left_out() -> None:
    age = timedelta(hours=24)
    assert similar_changes([voices({0: 10, 30: 5}), voices({0: 2, 30: 9}), []], age, 24) == [-0.5]


def test_the_effect_is_measured_from_the_stored_event_a_window_later(ready: Play, hours: At) -> None:
    store_event(ready, "e1", {1: 6, 3: 10, 20: 3})
    for number in range(10):
        store_event(ready, f"other{number}", {1: 6, 3: 8, 20: 5}, hours_earlier=200)
    ready.respond(hours(4), answers=["有没有人员伤亡"])
    measured = [c for c in ready.live(hours(27), hours(29)) if c.kind == "effect_measured"]
    assert len(measured) == 1
    (effect,) = ready.case.effects
    assert (effect.before["voices"], effect.after["voices"]) == (16, 3)
    assert "同类未回应事件同期变化中位数" in effect.verdict
    assert effect.open_questions == ("空气还能不能呼吸", "起火原因")
