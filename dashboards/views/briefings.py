"""简报: which papers are there, what do they say, who has signed, got and read them? And 已阅, a leader's own link."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from config.settings import Settings
from dashboards.briefings import archive, daily, export, flash, language_model, monthly, shelf, special, weekly
from dashboards.briefings.content import Briefing, Picture
from dashboards.queries import briefing as queries
from dashboards.room import OfficeLooking, Posted, Room, Visitor, back_to, room_of
from pipeline.cases.people import Role
from pipeline.clock import shanghai
from pipeline.errors import HuiyingError
from pipeline.store import cases as case_store

router = APIRouter(include_in_schema=False)
MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
}
Writer = Callable[[Connection, Settings, date], Briefing]
EventWriter = Callable[[Connection, Settings, str, datetime], Briefing]
OF_A_DAY: dict[str, Writer] = {"daily": daily.write, "weekly": weekly.write, "monthly": monthly.write}
OF_AN_EVENT: dict[str, EventWriter] = {
    "flash": flash.write,
    "final": lambda connection, settings, event, at: flash.write(connection, settings, event, at, True),
    "special": special.write,
}


@router.get("/briefings/read/{token}")
def ask(room: Annotated[Room, Depends(room_of)], token: str) -> HTMLResponse:
    """Only a person's press counts: programs that look at links in mails open them too."""
    del token
    return HTMLResponse(room.pages.bare("briefing_read.html", title="", refused=""))


@router.post("/briefings/read/{token}")
def confirm(request: Request, room: Annotated[Room, Depends(room_of)], token: str) -> HTMLResponse:
    """Keep when it was read, once."""
    if not room.signing.passes(f"read {request.client.host if request.client else ''}", 60):
        return HTMLResponse(
            room.pages.bare("briefing_read.html", title="", refused="请求太频繁；请过几分钟再点。"), 429
        )
    with room.services.store.write() as connection:
        title = archive.confirm(connection, token, room.now)
    if title is None:
        refused = "这个链接不对或已作废；请用邮件里的原链接。"
        return HTMLResponse(room.pages.bare("briefing_read.html", title="", refused=refused), 404)
    return HTMLResponse(room.pages.bare("briefing_read.html", title=title, refused=""))


# ---------------------------------------------------------------------- the shelf
@router.get("/briefings")
def listed(visitor: OfficeLooking) -> Response:
    services = visitor.room.services
    with services.store.read() as connection:
        papers = shelf.listed(connection, services.settings, visitor.office.directory)
    return visitor.show("briefings.html", papers=papers, may=_may(visitor), today=shanghai(visitor.now).date())


@router.get("/briefings/{briefing_id}")
def one(visitor: OfficeLooking, briefing_id: str) -> Response:
    """The paper as it reads, and what may be done with it now."""
    services, directory = visitor.room.services, visitor.office.directory
    with services.store.read() as connection:
        paper = shelf.find(connection, services.settings, directory, briefing_id)
        if paper is None:
            raise HTTPException(404, "没有这份简报。")
        made = archive.load(connection, briefing_id)
        readers = archive.readers_of(connection, services.settings, made, directory)
    return visitor.show(
        "briefing.html",
        paper=paper,
        made=made,
        lines=queries.lines(made),
        forms=export.FORMS,
        readers=[person.id for person in readers],
        people=[person for person in directory.all() if person.active and person.mail],
        may=_may(visitor),
        may_sign=visitor.person.has(Role.SPOKESPERSON, Role.LEADER),
    )


@router.get("/briefings/{briefing_id}/picture/{number}.png")
def picture(visitor: OfficeLooking, briefing_id: str, number: int) -> Response:
    with visitor.room.services.store.read() as connection:
        made = archive.load(connection, briefing_id)
    pictures = [block for block in made.blocks if isinstance(block, Picture)]
    if number >= len(pictures):
        raise HTTPException(404, "没有这张图。")
    return Response(b64decode(pictures[number].png), media_type="image/png")


@router.get("/briefings/{briefing_id}/file/{form}")
def file(visitor: OfficeLooking, briefing_id: str, form: str) -> Response:
    """The paper to print or to carry; who took it is written down."""
    if form not in export.FORMS:
        raise HTTPException(404, "没有这种格式。")
    services = visitor.room.services
    with services.store.write() as connection:
        name, content = shelf.file(connection, services.settings, briefing_id, form)
        case_store.audit(connection, visitor.now, visitor.person.id, "export", "", f"简报 {name}")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=MEDIA[form], headers=headers)


# ---------------------------------------------------------------------- what a person does with a paper
@router.post("/briefings")
def draft(sent: Posted) -> Response:
    """起草: a paper of a day, or of an event up to now. Drafted again, a draft is renewed; what is signed stays."""
    visitor = _working(sent.by)
    services, now = visitor.room.services, visitor.now
    kind = sent.text("kind")
    with services.store.read() as connection:
        if kind in OF_A_DAY:
            made = OF_A_DAY[kind](connection, services.settings, _day(sent.text("day"), now))
        elif kind in OF_AN_EVENT:
            made = OF_AN_EVENT[kind](connection, services.settings, sent.text("event"), now)
        else:
            raise HuiyingError("请选择简报种类。")
        made = language_model.helped(made, services.settings.language_model, connection)
    with services.store.write() as connection:
        made = archive.keep(connection, made, now)
    return back_to(f"/briefings/{made.id}", "已起草。" if made.draft else "这一份已经签发，保持原样。")


@router.post("/briefings/{briefing_id}/approve")
def approve(sent: Posted, briefing_id: str) -> Response:
    """签发: numbers are asked again; what changed is said on the paper and here."""
    visitor = sent.by
    with visitor.room.services.store.write() as connection:
        made = archive.approve(connection, briefing_id, visitor.person, visitor.now)
        _note(connection, visitor, f"签发简报 {briefing_id}")
    return back_to(f"/briefings/{briefing_id}", "已签发。" + "".join(made.notes)[:200])


@router.post("/briefings/{briefing_id}/send")
def send(sent: Posted, briefing_id: str) -> Response:
    """报送 to the people ticked, each with a link of their own."""
    visitor = _working(sent.by)
    services = visitor.room.services
    people = [visitor.office.directory.get(key) for key in sent.all("to")]
    with services.store.write() as connection:
        archive.send(connection, services.settings, briefing_id, people, visitor.now)
        _note(connection, visitor, f"报送简报 {briefing_id}：{'、'.join(person.name for person in people)}")
    return back_to(f"/briefings/{briefing_id}", f"已交发件箱，共 {len(people)} 人。")


@router.post("/briefings/{briefing_id}/correct")
def correct(sent: Posted, briefing_id: str) -> Response:
    """更正: a draft of its own, to be signed and sent to the same people."""
    visitor = _working(sent.by)
    with visitor.room.services.store.write() as connection:
        made = archive.correct(
            connection, briefing_id, sent.text("wrong"), sent.text("right"), visitor.person, visitor.now
        )
        _note(connection, visitor, f"更正简报 {briefing_id}")
    return back_to(f"/briefings/{made.id}", "更正已起草；签发后报送给原收件人。")


def _may(visitor: Visitor) -> bool:
    return visitor.person.has(Role.SPOKESPERSON, Role.DUTY_OFFICER)


def _working(visitor: Visitor) -> Visitor:
    if not _may(visitor):
        raise HTTPException(403, "简报由值班员或新闻发言人起草和报送。")
    return visitor


def _day(said: str, now: datetime) -> date:
    try:
        return date.fromisoformat(said) if said else shanghai(now).date()
    except ValueError as error:
        raise HuiyingError(f"“{said[:20]}”不是日期；请写成 2026-03-15。") from error


def _note(connection: Connection, visitor: Visitor, said: str) -> None:
    case_store.audit(connection, visitor.now, visitor.person.id, "briefings", "", said)
