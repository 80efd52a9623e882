"""`huiying notices` and `huiying mail` as an administrator uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import huiying
from pipeline.clock import SteppedClock
from pipeline.notices import outbox
from pipeline.store.engine import open_store, sqlite_url
from tests.notices.conftest import AT, Mailbox, Receiver, free_port, notice


@pytest.fixture(scope="module", autouse=True)
def mounted() -> None:
    if not any(group.name == "notices" for group in huiying.app.registered_groups):
        huiying.mount()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUIYING_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*words: str) -> Result:
    return CliRunner().invoke(huiying.app, list(words))


def test_the_dead_are_listed_and_get_another_try(folder: Path, clock: SteppedClock) -> None:
    store = open_store(sqlite_url(folder / "huiying.db"))
    with store.write() as connection:
        outbox.enqueue(connection, [notice("a"), notice("b")])
        outbox.mark_failed(connection, outbox.Waiting(notice("a"), 0, AT), AT, "550 no such user", final=True)
    listed = json.loads(_run("notices", "list", "--state", "dead", "--json").output)
    assert listed["counts"] == {"waiting": 1, "sent": 0, "dead": 1}
    assert [(one["key"], one["error"]) for one in listed["notices"]] == [("a", "550 no such user")]
    assert "550 no such user" in _run("notices", "list").output
    refused = _run("notices", "retry", "b")
    assert "退信里没有编号“b”" in str(refused.exception)
    assert json.loads(_run("notices", "retry", "a", "--json").output) == {"retried": 1}
    with store.read() as connection:
        assert outbox.counts(connection) == {"waiting": 2, "sent": 0, "dead": 0}
    store.close()


def test_a_test_notice_goes_through_every_way_and_says_which_failed(
    folder: Path, mailbox: Mailbox, receiver: Receiver
) -> None:
    (folder / "huiying.toml").write_text(
        f"""
[mail]
host = "127.0.0.1"
port = {mailbox.port}
security = "none"
[[webhooks]]
name = "值班群"
kind = "feishu"
url = "http://127.0.0.1:{receiver.port}/hook"
[[webhooks]]
name = "旧群"
kind = "dingtalk"
url = "http://127.0.0.1:{free_port()}/hook"
""",
        encoding="utf-8",
    )
    result = _run("notices", "test", "--to", "gu_lan@yungang.example", "--json")
    tried = {one["recipient"]: one["failure"] for one in json.loads(result.output)["results"]}
    assert (result.exit_code, tried) == (1, {"gu_lan@yungang.example": "", "值班群": "", "旧群": "ConnectError"})
    assert [got["Subject"] for got in mailbox.mails] == ["测试通知"]
    assert "测试通知" in receiver.posts[0][2].decode()


def test_without_a_way_out_the_commands_say_what_to_set(folder: Path) -> None:
    assert "mail.host" in str(_run("notices", "test").exception)
    assert "mail.host" in str(_run("mail", "daily").exception)
    assert "--out" in str(_run("mail", "daily", "--to", "gu_lan").exception)


def test_the_daily_mail_can_be_looked_at_before_anybody_gets_one(folder: Path) -> None:
    assert _run("mail", "daily", "--day", "2026-03-15", "--out", "day.html", "--to", "gu_lan").exit_code == 0
    page = (folder / "day.html").read_text(encoding="utf-8")
    assert "3月15日舆情" in page
    assert "data:image/png;base64," in page
    assert json.loads(_run("notices", "list", "--json").output)["notices"] == []
