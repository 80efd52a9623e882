"""/healthz, /readyz, /metrics: for the machines that watch the machine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from dashboards.room import Room, room_of
from pipeline.store import accounts
from pipeline.telemetry import metrics_text, readiness

router = APIRouter(include_in_schema=False)
LOOPBACK = ("127.0.0.1", "::1", "testclient")


@router.get("/healthz")
def alive() -> Response:
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(room: Annotated[Room, Depends(room_of)]) -> Response:
    found = readiness(room.services)
    body = {"ready": found.ready, "troubles": list(found.troubles), "index_behind": found.index_behind}
    return JSONResponse(body, status_code=200 if found.ready else 503)


@router.get("/metrics")
def metrics(request: Request, room: Annotated[Room, Depends(room_of)]) -> Response:
    """For this machine itself, or with a token that may read."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not request.client or request.client.host not in LOOPBACK:
        with room.services.store.read() as connection:
            client = accounts.client_of(connection, given) if given else None
        if client is None or "read" not in client.scopes:
            raise HTTPException(401, "监控指标只给本机，或有“read”权限的令牌。")
    return Response(metrics_text(room.services), media_type="text/plain; version=0.0.4; charset=utf-8")
