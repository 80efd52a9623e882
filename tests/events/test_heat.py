"""Heat: one public formula, each term visible, and nothing in it that a person cannot add up."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Copy, Counts, EventState, Kind
from tests.events.growth import NIGHT, Life, judged


def _state(hours: float = 0.0) -> EventState:
    life = Life()
    life.see("e", judged(1, NIGHT, Kind.NEWS, "澜州日报", author="x"))
    life.see(
        "e", judged(2, NIGHT, author="y", counts=Counts(reposts=16, comments=9)), Copy("d00002", "d00001", 0.9, "near")
    )
    return life.book.state("e", NIGHT + timedelta(hours=hours))


def test_the_terms_add_up_to_the_heat() -> None:
    state = _state()
    values = {term.name: term.value for term in state.heat_terms}
    assert values == {"文档": 4.0, "作者": 2.0, "转载": 1.0, "权威": 3.0, "转发": 8.0, "评论": 6.0}
    assert state.heat == pytest.approx(sum(values.values()))


def test_heat_halves_in_twelve_hours_and_is_gone_after_seventy_two() -> None:
    fresh, later, gone = _state(), _state(12), _state(74)
    at = {term.name: term.value for term in later.heat_terms}
    assert at["文档"] == pytest.approx(fresh.heat_terms[0].value / 2)
    assert at["转发"] == pytest.approx(8 / math.sqrt(2), abs=0.06)
    assert gone.heat == 0


def test_each_term_explains_itself() -> None:
    for term in _state().heat_terms:
        assert any(sign.isdigit() for sign in term.explanation)


@given(st.integers(0, 5000), st.integers(0, 5000))
@settings(max_examples=30, deadline=None)
def test_more_reposts_never_cool(few: int, more: int) -> None:
    def warmth(reposts: int) -> float:
        life = Life()
        life.see("e", judged(1, NIGHT, counts=Counts(reposts=reposts)))
        return life.book.state("e", NIGHT).heat

    assert warmth(min(few, more)) <= warmth(max(few, more))
