"""Early signs: what letters say before anybody posts it, with small counts handled honestly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, nbinom

from pipeline.alerts.early_signs import EarlySigns, binomial_tail, negative_binomial_tail, quarter_report
from pipeline.document import Judged, Kind
from tests.events.growth import NIGHT, judged


def letter(number: int, days: float, place: str = "柳渡镇", sub: str = "房屋拆迁", kind: Kind = Kind.MESSAGE) -> Judged:
    at = NIGHT + timedelta(days=days)
    return judged(number, at, kind, "区长信箱", text="拆迁补偿", topic=("城乡建设", sub), place=place)


def fed(letters: list[Judged]) -> EarlySigns:
    signs = EarlySigns()
    for one in sorted(letters, key=lambda one: one.document.known_at):
        signs.add(one, one.document.known_at)
    return signs


def past(until: float = -8) -> list[Judged]:
    """Two months in which each of several topics gets a letter every ten days."""
    kinds = ["物业", "违建", "土地征收", "房屋拆迁"]
    return [letter(1000 + 10 * n + k, until - 10 * n, sub=kind) for n in range(6) for k, kind in enumerate(kinds)]


def test_letters_above_their_own_past_are_a_sign_with_the_letters_as_proof() -> None:
    rising = [letter(number, -number * 0.7) for number in range(7)]
    signs = fed(past() + rising).tick(NIGHT)
    assert [sign.topic_sub for sign in signs if sign.odds < 0.01] == ["房屋拆迁"]
    sign = signs[0]
    assert sign.messages == 7
    assert set(sign.evidence) == {one.document.id for one in rising}
    assert "柳渡镇" in sign.reason
    assert "7 件" in sign.reason


def test_what_was_always_so_is_no_sign() -> None:
    steady = [letter(number, -0.9 * number) for number in range(60)]
    assert all(sign.odds > 0.05 for sign in fed(steady).tick(NIGHT))


def test_two_letters_say_nothing() -> None:
    assert fed([*past(), letter(1, -1), letter(2, -2)]).tick(NIGHT) == []


def test_posts_are_shown_beside_letters_and_never_counted_as_letters() -> None:
    rising = [letter(number, -number * 0.7) for number in range(5)]
    posts = [letter(50 + number, -0.1 * number, kind=Kind.WEIBO) for number in range(9)]
    sign = fed(past() + rising + posts).tick(NIGHT)[0]
    assert sign.messages == 5
    assert "网上另有 9 条" in sign.reason


def test_disclosure_requests_and_tickets_are_pooled_with_messages() -> None:
    kinds = (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE, Kind.DISCLOSURE)
    pooled = [letter(number, -number * 0.5, kind=kind) for number, kind in enumerate(kinds)]
    assert fed(past() + pooled).tick(NIGHT)[0].messages == 4


def test_without_a_past_the_other_topics_are_the_measure() -> None:
    rising = [letter(number, -0.2 * number) for number in range(7)]
    others = [letter(100 + number, -0.3 * number, sub=f"其他{number}") for number in range(6)]
    sign = fed(rising + others).tick(NIGHT)[0]
    assert "其他话题地点平均" in sign.reason
    assert sign.odds < 0.01


def test_the_first_letters_ever_say_nothing() -> None:
    assert fed([letter(number, -0.2 * number) for number in range(5)]).tick(NIGHT)[0].odds == 1.0


@given(cut=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_a_restart_gives_the_same_signs(cut: int) -> None:
    letters = sorted(past(-3) + [letter(n, -0.4 * n) for n in range(18)], key=lambda one: one.document.known_at)
    cut = min(cut, len(letters) - 1)
    grid = timedelta(minutes=10)
    lived = EarlySigns()
    for one in letters[:cut]:
        lived.add(one, one.document.known_at)
    at = letters[cut - 1].document.known_at
    lived.tick(at)
    restored = EarlySigns()
    restored.restore([(one, one.document.known_at) for one in letters[:cut]], at)
    for one in letters[cut:]:
        for signs in (lived, restored):
            signs.add(one, one.document.known_at)
        now = one.document.known_at + grid
        assert restored.tick(now) == lived.tick(now)


@given(st.integers(0, 40), st.integers(0, 40), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_the_binomial_tail_is_right(least: int, more: int, share: float) -> None:
    assert binomial_tail(least, least + more, share) == pytest.approx(
        binom.sf(least - 1, least + more, share), abs=1e-9
    )


@given(st.integers(0, 40), st.floats(0.1, 40), st.floats(0.05, 0.95))
@settings(deadline=None)
def test_the_negative_binomial_tail_is_right(least: int, shape: float, share: float) -> None:
    assert negative_binomial_tail(least, shape, share) == pytest.approx(nbinom.sf(least - 1, shape, share), abs=1e-9)


def test_the_quarter_says_when_there_is_too_little_to_say() -> None:
    few = [(letter(n, n), NIGHT + timedelta(days=n)) for n in range(4)]
    assert "太少" in quarter_report(few, 2026, 1)[0].words
    many = [(letter(n, 0), NIGHT) for n in range(30)] + [
        (letter(90 + n, -90), NIGHT - timedelta(days=90)) for n in range(9)
    ]
    line = quarter_report(many, 2026, 1)[0]
    assert (line.letters, line.before) == (30, 9)
    assert "上升" in line.words
