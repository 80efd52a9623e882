"""今日态势: what needs me now?"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.queries import today
from dashboards.room import Looking, back_to

router = APIRouter(include_in_schema=False)


@router.get("/")
def show(visitor: Looking) -> Response:
    if not visitor.is_office:
        return back_to("/cases")
    room = visitor.room
    with room.services.store.read() as connection:
        found = today.read(connection, visitor.office.mechanism, visitor.now)
    return visitor.show("today.html", today=found, number=visitor.request.app.state.journal.number)
