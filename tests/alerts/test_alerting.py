"""Alerting: one alert per event and level, growth updates it, nothing is told twice, also after a restart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts.alerting import RAISED, UPDATED, AlertChange, Alerting
from pipeline.alerts.rules import load_rules
from pipeline.document import Alert, EventState, Stage
from tests.events.growth import NIGHT, Life, burn


@dataclass
class Kept:
    alert: Alert
    documents: int
    stage: Stage | None


def grown() -> list[EventState]:
    """The fire's states, one per document, as living through it shows them."""
    life = Life()
    states = []
    full = Life()
    burn(full)
    for row in full.rows:
        life.see(row.event_id, row.judged, row.copy)
        states.append(life.book.state("fire", row.at))
    return states


STATES = grown()


def follow(alerting: Alerting, states: list[EventState]) -> list[AlertChange]:
    return [change for state in states for change in alerting.consider(state, None, state.at)]


def test_the_first_alert_comes_within_tens_of_minutes_and_each_level_once() -> None:
    changes = follow(Alerting(load_rules()), STATES)
    raised = [change for change in changes if change.what == RAISED]
    assert raised[0].alert.at - NIGHT <= timedelta(minutes=30)
    levels = [change.alert.level for change in raised]
    assert levels == sorted(set(levels), reverse=True)
    assert len({change.alert.id for change in raised}) == len(raised)


def test_growth_updates_the_alert_in_force_and_wakes_nobody_twice() -> None:
    changes = follow(Alerting(load_rules()), STATES)
    updated = [change for change in changes if change.what == UPDATED]
    assert updated
    known: dict[str, set[str]] = {}
    for change in changes:
        told = known.setdefault(change.alert.id, set())
        assert not told & set(change.newly)
        told |= set(change.newly)
    assert any("增至" in change.why for change in updated)


def test_a_milder_rule_after_a_graver_one_raises_nothing_new() -> None:
    alerting = Alerting(load_rules())
    hot = next(state for state in STATES if state.stage is Stage.HOT)
    alerting.consider(hot, None, hot.at)
    calmer = replace(hot, stage=Stage.GATHERING)
    assert [c for c in alerting.consider(calmer, None, hot.at) if c.what == RAISED] == []


@given(cut=st.integers(1, len(STATES) - 1))
@settings(max_examples=20, deadline=None)
def test_a_restart_raises_nothing_again_and_loses_nothing(cut: int) -> None:
    whole = follow(Alerting(load_rules()), STATES)
    first = Alerting(load_rules())
    before = []
    kept: dict[str, Kept] = {}
    for state in STATES[:cut]:
        for change in first.consider(state, None, state.at):
            before.append(change)
            kept[change.alert.id] = Kept(change.alert, state.documents, state.stage)
    second = Alerting(load_rules())
    second.restore(kept.values())  # type: ignore[arg-type]
    assert before + follow(second, STATES[cut:]) == whole


def test_merged_events_keep_the_graver_alert() -> None:
    alerting = Alerting(load_rules())
    early = next(state for state in STATES if state.stage is Stage.GATHERING)
    hot = replace(next(state for state in STATES if state.stage is Stage.HOT), event_id="other", first_document_id="o1")
    alerting.consider(early, None, early.at)
    alerting.consider(hot, None, hot.at)
    alerting.merge("fire", "other")
    again = replace(hot, event_id="fire")
    assert [c for c in alerting.consider(again, None, hot.at) if c.what == RAISED] == []


def test_other_subjects_are_told_once_per_id() -> None:
    alerting = Alerting(load_rules())
    alert = Alert("a1", "source-silent", NIGHT, 4, "", "信源中断：云港论坛", "…", audience=("administrator",))
    assert [change.what for change in alerting.consider_other([alert, alert])] == [RAISED]
    assert alerting.consider_other([alert]) == []


def test_a_sign_that_lasts_is_told_again_only_after_its_window_also_after_a_restart() -> None:
    week = timedelta(days=7)
    signs = [
        Alert(f"s{day}", "early-sign", NIGHT + timedelta(days=day), 4, "", "苗头：柳渡镇 房屋拆迁", "…")
        for day in range(15)
    ]
    lived = Alerting(load_rules())
    told = [change.alert.id for sign in signs for change in lived.consider_other([sign], week)]
    assert told == ["s0", "s7", "s14"]
    restored = Alerting(load_rules())
    restored.restore([Kept(signs[0], 0, None)])  # type: ignore[list-item]
    assert [c.alert.id for sign in signs[1:] for c in restored.consider_other([sign], week)] == ["s7", "s14"]
