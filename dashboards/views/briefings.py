"""已阅: a leader's own link from the mail records that a briefing was read; no account, no other page behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from dashboards.briefings import archive
from dashboards.room import Room, room_of

router = APIRouter(include_in_schema=False)


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
