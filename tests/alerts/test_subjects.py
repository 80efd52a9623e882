"""Subjects besides events: what the store says of cases near their deadline and of days on which nothing fired."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert

from config.settings import Settings
from pipeline.alerts.rules import OTHER, load_rules
from pipeline.alerts.subjects import CaseDues, is_full_hour, is_morning, silences, watch
from pipeline.cases.desk import Desk
from pipeline.clock import SHANGHAI
from pipeline.document import Alert, Stage
from pipeline.store import alerts
from pipeline.store.engine import Store
from pipeline.store.schema.sources import sources
from tests.events.growth import NIGHT, Life, burn


def _source(store: Store, name: str, health: str = "ok") -> None:
    row = {"id": name, "name": name, "kind": "news", "health": health, "health_since": NIGHT, "last_new": NIGHT}
    with store.write() as connection:
        connection.execute(insert(sources).values(row | {"interval_seconds": 600, "next_due": NIGHT, "memory": {}}))


def test_an_unanswered_case_is_seen_coming_to_its_deadline(store: Store) -> None:
    life = Life()
    burn(life)
    desk = Desk.of(Settings())
    state = life.book.state("fire", life.now)
    alert = Alert("a1", "local-hot", life.now, 2, OTHER, state.title, "本地事件进入热议。", "fire")
    with store.write() as connection:
        desk.open_for_alert(connection, alert, state, life.now, ())
        dues = CaseDues(desk.mechanism)
        early = dues.at(connection, life.now + timedelta(minutes=10))
        assert early
        late = dues.at(connection, early[0].due_at - timedelta(hours=1))
        assert dues.at(connection, early[0].due_at + timedelta(days=30)) == []
    rules = load_rules()
    assert [a for due in early for a in rules.test_case(due)] == []
    told = [a for due in late for a in rules.test_case(due)]
    assert [a.rule for a in told] == ["case-near-deadline"]
    assert "剩 1.0 小时" in told[0].reason


def test_a_day_without_an_alert_is_stated_with_what_was_asked_and_who_was_silent(store: Store) -> None:
    _source(store, "澜州日报")
    _source(store, "海棠发布", "silent")
    rules, morning = load_rules(), (NIGHT + timedelta(days=1)).replace(hour=7, minute=0)
    with store.read() as connection:
        seen = watch(connection, rules, morning)
        assert [silence.source for silence in silences(connection, morning)] == ["海棠发布"]
    assert seen is not None
    assert (seen.alive, seen.silent) == (("澜州日报",), ("海棠发布",))
    said = rules.statement(seen)[0].reason
    assert "海棠发布" in said
    assert rules.queries()[0] in said


def test_nothing_is_stated_where_an_alert_fired_or_nobody_listened(store: Store) -> None:
    rules, morning = load_rules(), NIGHT.replace(hour=7, minute=0)
    with store.write() as connection:
        assert watch(connection, rules, morning) is None
    _source(store, "澜州日报")
    with store.write() as connection:
        alerts.save(connection, Alert("a", "local-hot", NIGHT, 2, "", "火灾", "…", "fire"), 3, Stage.HOT)
        assert watch(connection, rules, morning) is None


def test_the_hours_of_looking_are_the_offices_own() -> None:
    assert is_morning(datetime(2026, 3, 15, 7, 0, tzinfo=SHANGHAI))
    assert not is_morning(datetime(2026, 3, 15, 7, 10, tzinfo=SHANGHAI))
    assert is_full_hour(datetime(2026, 3, 15, 9, 0, tzinfo=SHANGHAI))
