"""What every page is handed (看板的家当): the services, the desk, the district, the templates, who is looking.

A page is a function of a `Visitor`; `Visitor.person` is an active member of the office, or the page is not shown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import Depends, HTTPException, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from dashboards.keeping import Kept
from dashboards.pages import Pages
from dashboards.security import Brake
from pipeline.analysis.district import District
from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.office import Office
from pipeline.cases.people import Person, Role
from pipeline.clock import Clock, SystemClock
from pipeline.notices.telling import Telling
from pipeline.services import Services
from pipeline.store import accounts, duty
from pipeline.store.accounts import Session
from pipeline.store.events import record

COOKIE = "huiying"
DISPLAY = "huiying_wall"  # the cookie of a screen on the wall, and the scope of its token
OFFICE_ROLES = (Role.SPOKESPERSON, Role.DUTY_OFFICER, Role.SECRETARY, Role.ADMINISTRATOR, Role.LEADER)
_WORKING = (Role.SPOKESPERSON, Role.DUTY_OFFICER, Role.SECRETARY, Role.ADMINISTRATOR)
_LEADING = (Role.SPOKESPERSON, Role.ADMINISTRATOR)
MENU: tuple[tuple[str, str, tuple[Role, ...]], ...] = (  # address, name, whose page it is (nobody named = everybody's)
    ("/", "今日态势", OFFICE_ROLES), ("/events", "事件", OFFICE_ROLES), ("/cases", "处置单", ()), ("/search", "检索", OFFICE_ROLES),
    ("/briefings", "简报", OFFICE_ROLES), ("/sources", "信源", OFFICE_ROLES), ("/duty", "值班", ()), ("/replies", "答复", OFFICE_ROLES),
    ("/statistics", "统计", OFFICE_ROLES), ("/rules", "规则", _WORKING), ("/labels", "标注", _WORKING), ("/people", "人员", _WORKING),
    ("/notices", "通知", _LEADING), ("/audit", "审计", _LEADING), ("/wall", "大屏", OFFICE_ROLES),
)  # fmt: skip
_TOUCH_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Room:
    """Built once by `create_app`. Sessions run on the wall's clock: a stepped one would end them at once."""

    services: Services
    desk: Desk
    district: District
    pages: Pages
    signing: Brake
    clients: Brake
    kept: Kept = field(default_factory=Kept)
    wall_clock: Clock = field(default_factory=SystemClock)

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    def keep(self, connection: Connection, changes: Sequence[CaseChange]) -> None:
        """What a person did goes into the journal, and to those who must hear of it."""
        telling = Telling(self.services.settings, self.desk, self.services.clock.now)
        record(connection, [change.line() for change in changes])
        for change in changes:
            telling.on_case(connection, change)


@dataclass(frozen=True)
class Visitor:
    """Who is looking at a page now."""

    room: Room
    request: Request
    person: Person
    session: Session
    office: Office
    number: int  # of the journal, noted before anything is read: what comes later is told over the live line

    @property
    def now(self) -> datetime:
        return self.room.now

    @property
    def is_office(self) -> bool:
        """The press office and its leaders see what is collected; units see the cases that are theirs."""
        return self.person.has(*OFFICE_ROLES)

    def may(self, kind: str) -> bool:
        """May this person do this kind of thing at all (mechanism.permissions)?"""
        permitted = self.office.mechanism.permissions.get(kind, ())
        return bool(self.person.roles and set(self.person.roles) & set(permitted))

    @property
    def places(self) -> list[tuple[str, str]]:
        """The pages that this person may open, for the navigation."""
        return [(address, name) for address, name, roles in MENU if not roles or self.person.has(*roles)]

    def show(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A page of ours."""
        return HTMLResponse(self.room.pages.page(template, self, values), status_code=status)


class SignInFirst(Exception):
    """Nobody is signed in: the page leads to the sign-in."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.address = f"/login?next={quote(wanted, safe='')}"


def room_of(request: Request) -> Room:
    return cast(Room, request.app.state.room)


def visitor(request: Request, room: Annotated[Room, Depends(room_of)]) -> Visitor:
    """The person behind the session cookie. A live update does not count as being there."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    token = request.cookies.get(COOKIE, "")
    number: int = request.app.state.journal.number
    at = room.wall_clock.now()
    idle = timedelta(minutes=room.services.settings.web.idle_minutes)
    with room.services.store.read() as connection:
        session = accounts.session_of(connection, token, at, idle) if token else None
        directory = duty.directory(connection, room.desk.shipped) if session else None
    person = directory.find(session.person_id) if session and directory else None
    if session is None or directory is None or person is None or not person.active:
        raise SignInFirst(wanted if request.method == "GET" else "/")
    if at - session.seen_at > _TOUCH_EVERY and "x-live" not in request.headers:
        with room.services.store.write() as connection:
            accounts.touch(connection, token, at)
    return Visitor(room, request, person, session, Office(room.desk.mechanism, directory), number)


def office_visitor(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Somebody of the press office or a leader; a unit is led to its cases."""
    if not found.is_office:
        raise HTTPException(403, "这一页供新闻办使用；交办给贵单位的事项请见“处置单”。")
    return found


def administrator(found: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    if not found.person.has(Role.ADMINISTRATOR):
        raise HTTPException(403, "这一页供管理员使用。")
    return found


def is_display(request: Request, room: Room) -> bool:
    """A screen that somebody of the office has set up: it may see the wall and hear changes, nothing else, until it is revoked."""
    token = request.cookies.get(DISPLAY, "")
    if not token:
        return False
    with room.services.store.read() as connection:
        client = accounts.client_of(connection, token)
    return client is not None and DISPLAY in client.scopes


def watcher(request: Request, room: Annotated[Room, Depends(room_of)]) -> Visitor | None:
    """Who looks at the wall: somebody of the press office, or nobody in person (None) at a screen of the office."""
    try:
        return office_visitor(visitor(request, room))
    except SignInFirst:
        if is_display(request, room):
            return None
        raise


def listener(request: Request, room: Annotated[Room, Depends(room_of)]) -> None:
    """It is enough that somebody is signed in, or that a screen of the office listens: only numbers go out."""
    if not is_display(request, room):
        visitor(request, room)


@dataclass(frozen=True)
class Sent:
    """A form that was sent from one of our own pages by the person who is signed in."""

    by: Visitor
    form: FormData

    def text(self, name: str) -> str:
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def all(self, name: str) -> list[str]:
        return [value.strip() for value in self.form.getlist(name) if isinstance(value, str) and value.strip()]


async def sent(request: Request, found: Annotated[Visitor, Depends(visitor)]) -> AsyncIterator[Sent]:
    """The form, when it bears the session's own mark (CSRF); its files are closed when the answer is made."""
    async with request.form(max_files=3, max_fields=300) as form:
        if form.get("csrf") != found.session.csrf:
            raise HTTPException(403, "页面已过期；请返回上一页，刷新后再提交。")
        yield Sent(found, form)


Looking = Annotated[Visitor, Depends(visitor)]
OfficeLooking = Annotated[Visitor, Depends(office_visitor)]
Watching = Annotated[Visitor | None, Depends(watcher)]
Administering = Annotated[Visitor, Depends(administrator)]
Listening = Annotated[None, Depends(listener)]
Posted = Annotated[Sent, Depends(sent)]


def back_to(address: str, told: str = "") -> Response:
    """After a form: to the page that shows what it did. Only our own addresses."""
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        address = "/"  # browsers drop tabs and line ends: "/<tab>/elsewhere" would lead elsewhere
    address = quote(address, safe="/?&=#%:,;+@!$'()*~")
    if told:
        address += ("&" if "?" in address else "?") + "told=" + quote(told)
    return Response(status_code=303, headers={"location": address})
