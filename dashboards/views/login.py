"""登录 and 退出: who are you?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from dashboards.room import COOKIE, Posted, Room, back_to, room_of
from pipeline.store import accounts, duty
from pipeline.store.accounts import SignInRefused

router = APIRouter(include_in_schema=False)
DEMO_PASSWORD = "Huiying-2026"
DEMO_PEOPLE = ("fang_yi", "gu_lan", "feng_zhiyuan", "ming_ce", "lv_heng", "guan_li")


@router.get("/login")
def show(room: Annotated[Room, Depends(room_of)], wanted: str = "/", next: str = "/") -> HTMLResponse:  # noqa: A002 (the name in the address)
    return HTMLResponse(_page(room, next or wanted))


@router.post("/login")
async def enter(request: Request, room: Annotated[Room, Depends(room_of)]) -> Response:
    """A fresh session, or the one line that says no; tries are counted by address and by account."""
    form = await request.form(max_files=0)
    name, password, code, wanted = (str(form.get(key, "")) for key in ("name", "password", "code", "next"))
    address = request.client.host if request.client else ""
    if not room.signing.passes(address):
        return HTMLResponse(_page(room, wanted, "登录尝试过多；请过几分钟再试。"), status_code=429)
    try:
        token = await run_in_threadpool(_sign_in, room, name.strip(), password, code.strip())
    except SignInRefused as error:
        return HTMLResponse(_page(room, wanted, str(error)), status_code=403)
    response = back_to(wanted or "/")
    secure = room.services.settings.web.secure_cookies
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure, path="/")
    return response


def _sign_in(room: Room, name: str, password: str, code: str) -> str:
    """The failure is counted whatever is raised, so the transaction is committed either way."""
    outcome: str | SignInRefused
    with room.services.store.write() as connection:
        try:
            outcome = accounts.sign_in(connection, name, password, code, room.wall_clock.now())
        except SignInRefused as error:
            outcome = error
    if isinstance(outcome, SignInRefused):
        raise outcome
    return outcome


@router.post("/logout")
def leave(sent: Posted) -> Response:
    room = sent.by.room
    with room.services.store.write() as connection:
        accounts.sign_out(connection, sent.by.request.cookies.get(COOKIE, ""))
    response = back_to("/login")
    response.delete_cookie(COOKIE, path="/")
    return response


def _page(room: Room, wanted: str, refused: str = "") -> str:
    settings = room.services.settings
    demo = []
    if settings.web.demo_accounts:
        with room.services.store.read() as connection:
            directory = duty.directory(connection, room.desk.shipped)
        demo = [person for key in DEMO_PEOPLE if (person := directory.find(key))]
    return room.pages.bare(
        "login.html", settings=settings, wanted=wanted, refused=refused, demo=demo, password=DEMO_PASSWORD
    )
