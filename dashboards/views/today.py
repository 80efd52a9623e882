"""今日态势: what needs me now?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.queries import today
from dashboards.queries.today import Today
from dashboards.room import Looking, Room, back_to

router = APIRouter(include_in_schema=False)


def front_page(request: Request, room: Room) -> Today:
    """Read once for all who look at the same moment; the same for every reader of the press office."""
    at = room.now

    def make() -> Today:
        with room.services.store.read() as connection:
            return today.read(connection, room.desk.mechanism, at)

    number = request.app.state.journal.read()
    return room.kept.get(("today", number, at.replace(second=0, microsecond=0)), make)


@router.get("/")
def show(visitor: Looking) -> Response:
    if not visitor.is_office:
        return back_to("/cases")
    found = front_page(visitor.request, visitor.room)
    return visitor.show("today.html", today=found, number=visitor.number)
