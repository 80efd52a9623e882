"""签收链接: the one-time link in a mail. Looking at it does nothing, because mail scanners look; the button signs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse

from dashboards.room import Room, room_of
from pipeline.cases.actions import Acknowledged
from pipeline.cases.people import Person
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState
from pipeline.notices.links import LinkRefused, Links
from pipeline.store import accounts, cases

router = APIRouter(include_in_schema=False)
InRoom = Annotated[Room, Depends(room_of)]


@router.get("/ack/{token}")
def ask(token: str, room: InRoom) -> HTMLResponse:
    """Whose signature for which case, and the button."""
    link = Links(room.services.settings.data_dir).read(token, room.now)
    with room.services.store.read() as connection:
        case = _case(cases.load(connection, link.case_id))
        person = room.desk.office(connection).directory.get(link.person_id)
    return _page(room, case, person, token)


@router.post("/ack/{token}")
def sign(token: str, room: InRoom) -> HTMLResponse:
    """Sign in the name of the person the link was made for: once."""
    now = room.now
    link = Links(room.services.settings.data_dir).read(token, now)
    with room.services.store.write() as connection:
        person = room.desk.office(connection).directory.get(link.person_id)
        if not accounts.use_link(connection, token, now):
            raise LinkRefused("这个链接已经用过；处置情况请登录查看。")
        room.keep(connection, room.desk.act(connection, link.case_id, Acknowledged(via="link"), person, now))
        case = _case(cases.load(connection, link.case_id))
    return _page(room, case, person, token)


def _case(case: CaseState | None) -> CaseState:
    if case is None:
        raise Refused("没有这件处置单，或其内容已到期销毁。")
    return case


def _page(room: Room, case: CaseState, person: Person, token: str) -> HTMLResponse:
    """The number only: whoever holds the link has not shown who he is."""
    return HTMLResponse(room.pages.bare("ack.html", case=case, person=person, token=token))
