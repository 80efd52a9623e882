"""The anonymous visitor and the department user at the web application: getting in, riding along, reaching out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, select, update

from dashboards.app import SIGN_INS
from dashboards.room import COOKIE, back_to
from dashboards.security import HEADERS, largest_body
from dashboards.views import all_routers
from pipeline.services import Services
from pipeline.store.accounts import LOCKED_FOR, MOST_FAILURES
from pipeline.store.schema.accounts import accounts
from tests.security.conftest import PASSWORD, mark_of

SignIn = Callable[[str], TestClient]
OPEN = {
    "/login",
    "/healthz",
    "/readyz",
    "/metrics",
    "/ack/{token}",
    "/briefings/read/{token}",
}  # each guarded otherwise
HOSTILE = (
    "' OR 1=1 --", '"; drop table documents; --', "%' union select password from accounts --", "\\", "%00", "\x00",
    "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "((((((((((((", "NOT NOT NOT", "kind:", 'text:"', "*" * 2_000,
    "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fpyproject.toml",
)  # fmt: skip


def routes(method: str) -> Iterator[str]:
    """The addresses of all pages and forms (the API has tokens instead: tests/dashboards/test_api.py)."""
    for router in all_routers():
        for route in router.routes:
            if isinstance(route, APIRoute) and method in route.methods and not route.path.startswith("/api/"):
                yield route.path


def filled(path: str, value: str = "x") -> str:
    return re.sub(r"\{[^}]+\}", value, path)


def test_no_page_is_shown_to_a_stranger(stranger: TestClient) -> None:
    seen = 0
    for path in sorted(set(routes("GET")) - OPEN):
        answer = stranger.get(filled(path, "1"))
        assert answer.status_code in (303, 401, 403, 404), path
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/login?next="), path
        seen += 1
    assert seen > 25


def test_no_form_is_taken_from_a_stranger_or_without_the_sessions_own_mark(
    stranger: TestClient, sign_in: SignIn
) -> None:
    admin, other = sign_in("guan_li"), sign_in("fang_yi")
    paths = sorted(set(routes("POST")) - OPEN)
    assert len(paths) > 15
    for path in paths:
        address = filled(path, "1")
        assert stranger.post(address, data={"csrf": "x"}).headers.get("location", "").startswith("/login"), path
        for forged in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": mark_of(other)}):
            answer = admin.post(address, data=forged, headers={"origin": "https://evil.example"})
            assert answer.status_code == 403, (path, forged)


def test_a_session_cannot_be_fixed_beforehand(app: FastAPI) -> None:
    victim = TestClient(app, follow_redirects=False)
    victim.cookies.set(COOKIE, "chosen-by-an-attacker")
    answer = victim.post("/login", data={"name": "guan_li", "password": PASSWORD, "next": "/"})
    given_out = answer.cookies[COOKIE]
    assert given_out != "chosen-by-an-attacker"
    assert len(given_out) >= 43  # 256 bits
    attacker = TestClient(app, follow_redirects=False)
    attacker.cookies.set(COOKIE, "chosen-by-an-attacker")
    assert attacker.get("/duty").status_code == 303
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags


def test_an_account_is_locked_after_wrong_tries_and_opens_again(services: Services, stranger: TestClient) -> None:
    def enter(password: str) -> int:
        return stranger.post("/login", data={"name": "fang_yi", "password": password, "next": "/"}).status_code

    assert [enter(f"guess-{n}") for n in range(MOST_FAILURES)] == [403] * MOST_FAILURES
    assert enter(PASSWORD) == 403
    mine = accounts.c.person_id == "fang_yi"
    with services.store.write() as connection:
        until = connection.execute(select(accounts.c.locked_until).where(mine)).scalar_one()
        connection.execute(update(accounts).where(mine).values(locked_until=until - LOCKED_FOR))
    assert enter(PASSWORD) == 303


def test_one_address_cannot_try_many_names(stranger: TestClient) -> None:
    statuses = [
        stranger.post("/login", data={"name": f"n{n}", "password": "x", "next": "/"}).status_code
        for n in range(SIGN_INS + 1)
    ]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {403}


@pytest.mark.parametrize("path", ["/login", "/nothing", "/static/nothing", "/healthz", "/api/v1/events", "/duty"])
def test_every_answer_carries_the_headers(stranger: TestClient, path: str) -> None:
    for method in ("get", "put"):
        answer = getattr(stranger, method)(path)
        for name, value in HEADERS:
            assert answer.headers[name.decode()] == value.decode(), (method, path, name)
        assert "server" not in answer.headers


def test_nothing_outside_the_static_folder_is_served(stranger: TestClient) -> None:
    for path in ("../app.py", "..%2fapp.py", "%2e%2e/%2e%2e/pyproject.toml", "....//....//etc/passwd", "/etc/passwd",
                 "..%5c..%5capp.py", "%00", "huiying.css%00.py"):  # fmt: skip
        answer = stranger.get(f"/static/{path}")
        assert answer.status_code == 404, path


def test_hostile_words_in_any_address_are_only_words(services: Services, sign_in: SignIn) -> None:
    """SQL, the query language, templates, paths: whatever stands in an address, nothing breaks, leaks or runs."""
    admin = sign_in("guan_li")
    tables = set(inspect(services.store.engine).get_table_names())
    for words in HOSTILE:
        for path in ("/search", "/events", "/cases", "/audit", "/sources", "/notices"):
            answer = admin.get(path, params={"q": words, "page": words, "stage": words, "sort": words, "days": words})
            assert answer.status_code < 500, (path, words)
            assert "root:" not in answer.text
            assert "<script>alert" not in answer.text
            assert ">49<" not in answer.text
    for path in sorted(set(routes("GET")) - OPEN - {"/live"}):
        for words in ("..%2f..%2f..%2fetc%2fpasswd", "%27%20OR%201%3D1", "%00", "-1", "9" * 40):
            if "{" in path:
                answer = admin.get(filled(path, words))
                assert answer.status_code < 500, (path, words)
                assert "root:" not in answer.text
    assert set(inspect(services.store.engine).get_table_names()) == tables


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/\r\nx: y",
               "\x00/", "/\n/evil.example", ""]
)  # fmt: skip
def test_signing_in_leads_only_to_our_own_pages(stranger: TestClient, wanted: str) -> None:
    answer = stranger.post("/login", data={"name": "guan_li", "password": PASSWORD, "next": wanted})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "x" not in answer.headers


@given(st.text(max_size=40), st.text(max_size=10))
def test_wherever_a_form_leads_is_here(address: str, told: str) -> None:
    location = back_to("/" + address, told).headers["location"]
    assert re.fullmatch(r"/(?!/)[\x21-\x7e]*", location)
    assert "\\" not in location


def test_a_body_that_would_fill_the_memory_is_refused(stranger: TestClient, sign_in: SignIn) -> None:
    """By what it says of itself, and by what really comes."""
    much = b"x" * (largest_body("/login") + 1)
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert stranger.post("/login", content=much, headers=form).status_code == 413
    assert stranger.post("/login", content=iter([much[:-1], b"xx"]), headers=form).status_code == 413
    declared = {"content-length": str(largest_body("/api/v1/documents") + 1), "content-type": "application/json"}
    assert stranger.post("/api/v1/documents", content=b"{}", headers=declared).status_code == 413
    assert largest_body("/cases/1/respond") > 50 * 2**20


def test_a_token_of_another_scope_or_a_cookie_opens_no_api(sign_in: SignIn) -> None:
    admin = sign_in("guan_li")
    assert admin.get("/api/v1/events").status_code == 401
    assert admin.get("/api/v1/events", headers={"authorization": "Bearer x"}).status_code == 401
