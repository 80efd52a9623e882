"""The wall: a screen that was set up stays after everybody's session has ended, and can do nothing else."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, update

from dashboards.room import COOKIE, DISPLAY
from pipeline.services import Services
from pipeline.store.schema.accounts import api_tokens, sessions
from tests.dashboards.conftest import Browser

SignIn = Callable[[str], Browser]


def set_up(sign_in: SignIn) -> Browser:
    screen = sign_in("gu_lan")
    screen.send("/wall/stay", page="/wall")
    return screen


def test_a_screen_stays_when_every_session_has_ended(services: Services, sign_in: SignIn) -> None:
    screen = set_up(sign_in)
    with services.store.write() as connection:
        connection.execute(delete(sessions))
    answer = screen.client.get("/wall")
    assert answer.url.path == "/wall"
    assert "政务舆情" in answer.text
    assert "这台屏幕常开" not in answer.text


def test_who_sets_a_screen_up_is_signed_out_of_it(services: Services, sign_in: SignIn) -> None:
    screen = set_up(sign_in)
    assert COOKIE not in screen.client.cookies
    with services.store.read() as connection:
        assert connection.execute(select(sessions)).all() == []


def test_a_screen_opens_the_wall_and_nothing_else(sign_in: SignIn) -> None:
    screen = set_up(sign_in)
    for address in ("/", "/events", "/cases", "/search", "/people", "/statistics", "/duty"):
        assert screen.client.get(address).url.path == "/login", address
    token = screen.client.cookies[DISPLAY]
    answer = screen.client.get("/api/v1/events", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_screen_is_listed_and_ends_when_it_is_revoked(services: Services, sign_in: SignIn) -> None:
    screen = set_up(sign_in)
    assert "只看大屏" in sign_in("guan_li").get("/people")
    with services.store.write() as connection:
        connection.execute(update(api_tokens).values(revoked_at=services.clock.now()))
    assert screen.client.get("/wall").url.path == "/login"


def test_a_secretary_looks_but_sets_no_screen_up_and_a_unit_sees_none(sign_in: SignIn) -> None:
    secretary = sign_in("ming_ce")
    assert "这台屏幕常开" not in secretary.get("/wall")
    secretary.send("/wall/stay", status=403)
    unit = sign_in("feng_zhiyuan")
    unit.get("/wall", status=403)
    unit.send("/wall/stay", status=403)
