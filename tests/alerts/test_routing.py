"""Routing: the right people, at an hour they can bear, one digest in place of many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.routing import SHIPPED, About, Quiet, Routing, RoutingError, letters, route
from pipeline.clock import SHANGHAI
from pipeline.document import Alert

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI)
NIGHT = datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)


@dataclass(frozen=True)
class Person:
    id: str
    unit: str
    roles: frozenset[str]
    active: bool = True


STAFF = (
    Person("gu_lan", "区委宣传部", frozenset({"duty_officer"})),
    Person("shen_yue", "区委宣传部", frozenset({"duty_officer"})),
    Person("fang_yi", "区委宣传部", frozenset({"spokesperson", "unit"})),
    Person("lu", "区应急管理局", frozenset({"unit"})),
    Person("mo", "区教育局", frozenset({"unit"})),
    Person("left", "区委宣传部", frozenset({"spokesperson"}), active=False),
)
ABOUT = About(topics=("安全生产",), places=("沙洲镇",), units=("区应急管理局",))


def alert(level: int = 2, at: datetime = NOON, number: int = 1) -> Alert:
    return Alert(
        f"a{number}", "local-hot", at, level, "", "恒泰新材料火灾", "本地事件进入热议。",
        audience=("duty_officer", "spokesperson", "unit"),
    )  # fmt: skip


def names(deliveries: list) -> list[str]:  # type: ignore[type-arg]
    return [delivery.person_id for delivery in deliveries]


def test_duty_officers_spokespersons_and_only_the_responsible_unit_are_told() -> None:
    told = route(alert(), ABOUT, STAFF, Routing.load(), NOON)
    assert names(told) == ["gu_lan", "shen_yue", "fang_yi", "lu"]


def test_of_the_duty_officers_only_the_shift_is_told() -> None:
    assert "shen_yue" not in names(route(alert(), ABOUT, STAFF, Routing.load(), NOON, on_duty={"gu_lan"}))


def test_a_unit_complained_of_is_never_told() -> None:
    accused = replace(ABOUT, accused=("区应急管理局",))
    assert "lu" not in names(route(alert(), accused, STAFF, Routing.load(), NOON))


def test_at_night_grave_alerts_come_through_and_others_wait_for_morning() -> None:
    routing = Routing.load()
    grave = {d.person_id: d.due_at for d in route(alert(2, NIGHT), ABOUT, STAFF, routing, NIGHT)}
    mild = {d.person_id: d.due_at for d in route(alert(3, NIGHT), ABOUT, STAFF, routing, NIGHT)}
    assert grave["fang_yi"] == NIGHT
    assert mild["fang_yi"] == NIGHT.replace(hour=7, minute=0)
    assert mild["gu_lan"] == NIGHT  # the duty officer asked not to be spared


def test_a_person_may_want_only_some_levels_topics_and_places() -> None:
    routing = Routing.load()
    assert "fang_yi" not in names(route(alert(4), ABOUT, STAFF, routing, NOON))
    picky = Routing.model_validate({"quiet": routing.quiet, "person": [{"id": "lu", "places": ["柳渡镇"]}]})
    assert "lu" not in names(route(alert(), ABOUT, STAFF, picky, NOON))
    picky = Routing.model_validate({"quiet": routing.quiet, "person": [{"id": "lu", "topics": ["安全生产"]}]})
    assert "lu" in names(route(alert(), ABOUT, STAFF, picky, NOON))


def test_a_catch_up_gives_one_digest_and_no_flood() -> None:
    routing = Routing.load()
    deliveries = [
        d
        for number in range(40)
        for d in route(
            alert(2, NOON - timedelta(hours=30) + timedelta(minutes=number), number), ABOUT, STAFF, routing, NOON
        )
    ]
    sent = letters(deliveries, routing, NOON)
    assert sorted(letter.person_id for letter in sent) == ["fang_yi", "gu_lan", "lu", "shen_yue"]
    assert all(len(letter.alerts) == 40 and "补报" in letter.subject for letter in sent)
    assert letters(deliveries, routing, NOON) == sent


def test_what_waits_for_one_morning_comes_as_one_letter() -> None:
    routing = Routing.load()
    waiting = [
        d for n in range(4) for d in route(alert(3, NIGHT, n), ABOUT, STAFF, routing, NIGHT) if d.person_id == "lu"
    ]
    sent = letters(waiting, routing, NIGHT)
    assert len(sent) == 1
    assert sent[0].due_at == NIGHT.replace(hour=7, minute=0)


def test_a_present_alert_is_its_own_letter_with_a_fixed_key() -> None:
    routing = Routing.load()
    deliveries = route(alert(), ABOUT, STAFF, routing, NOON)
    first, again = letters(deliveries, routing, NOON), letters(list(reversed(deliveries)), routing, NOON)
    assert len(first) == len(deliveries)
    assert first == again
    assert "橙色" in first[0].subject


@given(st.integers(0, 24 * 60 - 1), st.times(), st.times())
def test_quiet_hours_end_in_the_future_and_within_a_day(minute: int, start: object, end: object) -> None:
    quiet = Quiet.model_validate({"start": start, "end": end})
    at = NOON.replace(hour=0) + timedelta(minutes=minute)
    until = quiet.until(at)
    assert until is None or at < until <= at + timedelta(days=1)


def test_a_wrong_key_names_file_and_key(tmp_path: Path) -> None:
    bad = tmp_path / "routing.toml"
    bad.write_text(SHIPPED.read_text("utf-8").replace("through_level = 2", "thru = 2", 1), "utf-8")
    with pytest.raises(RoutingError, match=r"routing.toml 的 quiet.thru"):
        Routing.load(bad)
