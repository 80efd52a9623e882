"""今日态势: what needs me now?"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.queries import today
from dashboards.queries.today import Today
from dashboards.room import Looking, Visitor, back_to

router = APIRouter(include_in_schema=False)


def front_page(visitor: Visitor) -> Today:
    """Read once for all who look at the same moment; the same for every reader of the press office."""

    def make() -> Today:
        with visitor.room.services.store.read() as connection:
            return today.read(connection, visitor.office.mechanism, visitor.now)

    number = visitor.request.app.state.journal.read()
    return visitor.room.kept.get(("today", number, visitor.now.replace(second=0, microsecond=0)), make)


@router.get("/")
def show(visitor: Looking) -> Response:
    if not visitor.is_office:
        return back_to("/cases")
    found = front_page(visitor)
    return visitor.show("today.html", today=found, number=visitor.number)
