"""Who is told of an alert, by which way, and once: groups, people, people whose group is gone, and after a catch-up."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Row, select

from config.settings import Settings, Webhook, load_settings
from pipeline.alerts.alerting import RAISED, AlertChange
from pipeline.alerts.routing import About
from pipeline.cases.desk import Desk
from pipeline.clock import SteppedClock
from pipeline.document import Alert, Secrecy
from pipeline.notices.telling import Telling
from pipeline.store import alerts
from pipeline.store.engine import Store
from pipeline.store.schema.notices import outbox
from tests.notices.conftest import AT

ROUTES = """
[quiet]
start = "00:00"
end = "00:00"
[digest]
late_minutes = 60
many = 3
[[person]]
id = "gu_lan"
channels = ["mail", "dingtalk"]
[[person]]
id = "shen_yue"
channels = ["dingtalk"]
"""
GROUPS = [
    Webhook.model_validate({"name": name, "kind": "dingtalk", "url": "http://x.example"}) for name in ("一组", "二组")
]


def _settings(folder: Path, groups: list[Webhook]) -> Settings:
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "routing.toml").write_text(ROUTES, encoding="utf-8")
    return load_settings(data_dir=folder).model_copy(update={"webhooks": tuple(groups)})


def _change(number: int, at: datetime = AT) -> AlertChange:
    alert = Alert(f"a{number}", "rule", at, 2, "", f"第{number}件", "文档 40 篇", audience=("gu_lan", "shen_yue"))
    return AlertChange(RAISED, alert, alert.audience, "首次预警")


def _tell(store: Store, settings: Settings, changes: list[AlertChange], now: datetime = AT) -> None:
    clock = SteppedClock(now)
    telling = Telling(settings, Desk.of(settings), clock.now)
    with store.write() as connection:
        for change in changes:
            alerts.save(connection, change.alert, 40, None)
            telling.on_alert(connection, change, None, (), change.alert.at, About())
        telling.flush(connection, changes[-1].alert.at)
        telling.tell_late(connection, now)


def _rows(store: Store) -> list[Row[tuple[str, ...]]]:
    with store.read() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.channel, outbox.c.recipient)))


def _ways(store: Store) -> list[tuple[str, str]]:
    return [(row.channel, row.recipient.split(" ")[0]) for row in _rows(store)]


def test_a_group_is_told_once_whoever_wished_it(store: Store, tmp_path: Path) -> None:
    _tell(store, _settings(tmp_path, GROUPS), [_change(1)])
    assert _ways(store) == [("dingtalk", "一组"), ("dingtalk", "二组"), ("mail", "顾澜")]
    assert {row.secrecy for row in _rows(store)} == {Secrecy.INTERNAL}


def test_without_a_group_each_hears_by_mail_and_nobody_twice(store: Store, tmp_path: Path) -> None:
    _tell(store, _settings(tmp_path, []), [_change(1)])
    assert _ways(store) == [("mail", "沈越"), ("mail", "顾澜")]


def test_what_is_told_again_after_a_crash_is_the_same_row(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        _tell(store, _settings(tmp_path, GROUPS), [_change(1)])
    assert len(_rows(store)) == 3


@pytest.mark.parametrize("groups", [GROUPS, []])
def test_alerts_long_past_are_told_in_one_digest_each(store: Store, tmp_path: Path, groups: list[Webhook]) -> None:
    now = AT + timedelta(hours=5)
    _tell(store, _settings(tmp_path, groups), [_change(n) for n in range(6)], now)
    rows = _rows(store)
    assert len(rows) == (3 if groups else 2)
    assert all("共 6 条预警" in row.subject and row.at == now for row in rows)
