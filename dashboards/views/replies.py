"""答复: were people answered, and how well: to the point, in full, with reasons, in time? Units beside each other, the weakest first.

Judged is the answer, never who asked. A month is read once an hour: what is shown says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.room import OfficeLooking, Visitor
from pipeline.answers import Answering, answering
from pipeline.clock import SHANGHAI, shanghai
from pipeline.errors import HuiyingError

router = APIRouter(include_in_schema=False)
MONTHS = 12
LISTED = 60


@router.get("/replies")
def show(visitor: OfficeLooking, month: str = "", unit: str = "") -> Response:
    """A month of messages by when they came; `unit` opens the list behind its line."""
    start, end = _bounds(month, visitor.now)
    found = _read(visitor, start, end)
    answers = [one for one in found.answers if not unit or one.unit == unit]
    return visitor.show(
        "replies.html",
        found=found,
        answers=answers[:LISTED],
        more=max(0, len(answers) - LISTED),
        unit=unit,
        month=f"{start:%Y-%m}",
        months=_months(visitor.now),
    )


def _read(visitor: Visitor, start: datetime, end: datetime) -> Answering:
    room, hour = visitor.room, visitor.now.replace(minute=0, second=0, microsecond=0)

    def make() -> Answering:
        with room.services.store.read() as connection:
            return answering(connection, start, end, visitor.now)

    return room.kept.get(("replies", start, end, hour), make)


def _bounds(month: str, now: datetime) -> tuple[datetime, datetime]:
    """The month in Shanghai, 2026-03; this month when none is named."""
    try:
        start = datetime.strptime(month, "%Y-%m").replace(tzinfo=SHANGHAI) if month else _first(shanghai(now))
    except ValueError as error:
        raise HuiyingError(f"“{month[:20]}”不是月份；请写成 2026-03。") from error
    return start, _first(start + timedelta(days=32))


def _first(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _months(now: datetime) -> list[str]:
    """This month and those before, the latest first."""
    first = _first(shanghai(now))
    found = []
    for _ in range(MONTHS):
        found.append(f"{first:%Y-%m}")
        first = _first(first - timedelta(days=1))
    return found
