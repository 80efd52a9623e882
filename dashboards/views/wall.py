"""大屏: the duty room's wall, readable from five metres; it brings itself up to date and survives a restart."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.queries import lists
from dashboards.queries.lists import EventFilter
from dashboards.room import OfficeLooking
from dashboards.views.today import front_page

router = APIRouter(include_in_schema=False)


@router.get("/wall")
def wall(visitor: OfficeLooking) -> Response:
    found = front_page(visitor)
    with visitor.room.services.store.read() as connection:
        _, hottest = lists.read_events(connection, EventFilter(scope="local", sort="last"), 0)
    live = [row for row in hottest if row.stage in ("hot", "gathering", "cooling")]
    live.sort(key=lambda row: ({"hot": 0, "gathering": 1}.get(row.stage, 2), -row.heat))
    return visitor.show("wall.html", today=found, live=live[:6], number=visitor.number)
