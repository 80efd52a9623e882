"""大屏: the duty room's wall, readable from five metres; it brings itself up to date, survives a restart and stays for weeks.

A person's session ends when idle; a screen that shall stay gets a token of its own, which opens this page and nothing else.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import HTMLResponse, Response

from dashboards import town_map
from dashboards.queries import lists
from dashboards.queries.lists import EventFilter
from dashboards.room import COOKIE, DISPLAY, Posted, Room, Visitor, Watching, back_to, room_of
from dashboards.views.lists import LIVE
from dashboards.views.today import front_page
from pipeline.cases.people import Role
from pipeline.store import accounts, duty
from pipeline.store import cases as case_store
from pipeline.store.accounts import Client

router = APIRouter(include_in_schema=False)
STAYS = 400 * 86_400  # seconds that a browser keeps the cookie of a screen at most


@router.get("/wall")
def wall(request: Request, room: Annotated[Room, Depends(room_of)], watching: Watching) -> Response:
    number = request.app.state.journal.number
    found = front_page(request, room)
    gazetteer = room.district.places.town
    with room.services.store.read() as connection:
        _, hottest = lists.read_events(connection, EventFilter(scope="local", sort="last"), 0)
        towns = lists.by_town(connection, [town.name for town in gazetteer], room.now - LIVE)
        directory = watching.office.directory if watching else duty.directory(connection, room.desk.shipped)
    live = [row for row in hottest if row.stage in ("hot", "gathering", "cooling")]
    live.sort(key=lambda row: ({"hot": 0, "gathering": 1}.get(row.stage, 2), -row.heat))
    page = room.pages.bare(
        "wall.html",
        today=found,
        live=live[:6],
        towns=towns,
        town_map=town_map.drawn(gazetteer),
        number=number,
        now=room.now,
        directory=directory,
        district=room.services.settings.office.district,
        csrf=watching.session.csrf if watching and _may_set_up(watching) else "",
    )
    return HTMLResponse(page)


@router.post("/wall/stay")
def stay(sent: Posted) -> Response:
    """This screen stays: it gets a token of its own, and the person who set it up is signed out of it."""
    visitor = sent.by
    if not _may_set_up(visitor):
        raise HTTPException(403, "大屏由值班员、新闻发言人或管理员设置。")
    room, at = visitor.room, visitor.now
    with room.services.store.write() as connection:
        name = f"大屏 {room.wall_clock.now():%Y%m%d%H%M%S%f} {visitor.person.name}"[:80]
        token = accounts.make_token(connection, Client(name, (DISPLAY,), 600), visitor.person.id, at)
        case_store.audit(connection, at, visitor.person.id, "people", "", f"设置{name}")
        accounts.sign_out(connection, visitor.request.cookies.get(COOKIE, ""))
    response = back_to("/wall")
    response.delete_cookie(COOKIE, path="/")
    secure = room.services.settings.web.secure_cookies
    response.set_cookie(DISPLAY, token, max_age=STAYS, httponly=True, samesite="lax", secure=secure, path="/")
    return response


def _may_set_up(visitor: Visitor) -> bool:
    return visitor.person.has(Role.ADMINISTRATOR, Role.SPOKESPERSON, Role.DUTY_OFFICER)
