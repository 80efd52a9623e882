"""The line over which open pages hear that something changed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from dashboards.live import Journal
from dashboards.room import Listening

router = APIRouter(include_in_schema=False)


@router.get("/live")
def listen(request: Request, _who: Listening, after: int = 0) -> StreamingResponse:
    """`after`: the number that the page was made at; a browser that comes back says what it heard last."""
    journal: Journal = request.app.state.journal
    heard = request.headers.get("last-event-id", "")
    start = int(heard) if heard.isdigit() else after
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(journal.stream(start), media_type="text/event-stream", headers=headers)
