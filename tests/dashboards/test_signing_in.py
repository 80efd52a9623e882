"""Who may come in, and what a stranger, a forger and a guesser meet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient

from dashboards.app import create_app
from pipeline.services import Services
from pipeline.store.schema.accounts import sessions
from tests.dashboard_city import PASSWORD
from tests.dashboards.conftest import Browser, case_of, fire_of


def test_a_stranger_is_led_to_the_sign_in_and_back(services: Services) -> None:
    client = TestClient(create_app(services))
    answer = client.get("/events", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fevents"
    answer = client.post(
        "/login", data={"name": "gu_lan", "password": PASSWORD, "next": "/events"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/events"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_nobody_is_led_to_a_foreign_page(services: Services) -> None:
    client = TestClient(create_app(services))
    for bad in ("//evil.example", "https://evil.example", "/\\evil.example"):
        answer = client.post(
            "/login", data={"name": "gu_lan", "password": PASSWORD, "next": bad}, follow_redirects=False
        )
        assert answer.headers["location"] == "/"


def test_a_wrong_password_says_neither_what_was_wrong_nor_lets_anybody_guess_on(services: Services) -> None:
    client = TestClient(create_app(services))
    for _ in range(5):
        answer = client.post("/login", data={"name": "gu_lan", "password": "wrong"})
        assert answer.status_code == 403
        assert "账号、密码或动态码不对" in answer.text
    assert "已暂时锁定" in client.post("/login", data={"name": "gu_lan", "password": PASSWORD}).text
    for _ in range(20):
        answer = client.post("/login", data={"name": "nobody", "password": "wrong"})
    assert answer.status_code == 429


def test_a_form_without_the_sessions_own_mark_changes_nothing(
    services: Services, sign_in: Callable[[str], Browser]
) -> None:
    fire = fire_of(services)
    case = case_of(services, fire)
    browser = sign_in("gu_lan")
    assert browser.client.post(f"/cases/{case}/acknowledged", data={}).status_code == 403
    assert browser.client.post(f"/cases/{case}/acknowledged", data={"csrf": "guessed"}).status_code == 403
    assert "待签收" in browser.get(f"/cases/{case}")


def test_an_idle_session_ends_and_a_live_page_does_not_keep_it(
    services: Services, sign_in: Callable[[str], Browser]
) -> None:
    browser = sign_in("gu_lan")
    idle = timedelta(minutes=services.settings.web.idle_minutes, seconds=5)
    with services.store.write() as connection:
        seen = connection.execute(sessions.select()).one().seen_at
        connection.execute(sessions.update().values(seen_at=seen - idle + timedelta(seconds=60)))
    assert browser.client.get("/", headers={"x-live": "1"}).url.path == "/"
    with services.store.write() as connection:
        assert connection.execute(sessions.select()).one().seen_at < seen
        connection.execute(sessions.update().values(seen_at=seen - idle))
    assert browser.client.get("/").url.path == "/login"


def test_signing_out_ends_the_session(sign_in: Callable[[str], Browser]) -> None:
    browser = sign_in("gu_lan")
    browser.send("/logout")
    assert browser.client.get("/").url.path == "/login"


def test_demo_accounts_are_shown_only_when_the_settings_say_so(services: Services) -> None:
    assert PASSWORD in TestClient(create_app(services)).get("/login").text
    closed = services.settings.model_copy(
        update={"web": services.settings.web.model_copy(update={"demo_accounts": False})}
    )
    from dataclasses import replace

    assert PASSWORD not in TestClient(create_app(replace(services, settings=closed))).get("/login").text
