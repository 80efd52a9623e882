"""The web application (看板): wiring only. Pages are in views/, what they read in queries/, what they show in templates/."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from dashboards.live import Journal
from dashboards.pages import STATIC, Pages
from dashboards.room import Room, SignInFirst
from dashboards.security import Brake, LimitedBody, SafeHeaders
from dashboards.views import all_routers
from pipeline.analysis.district import District
from pipeline.cases.desk import Desk
from pipeline.errors import HuiyingError
from pipeline.services import Services

SIGN_INS, SIGN_IN_SECONDS = 20, 300.0  # tries of one address


class LongKept(StaticFiles):
    """Our own files bear their digest in the address: a browser may keep them."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def create_app(services: Services) -> FastAPI:
    """The application on these services. It opens nothing of its own and closes nothing that it was given."""
    journal = Journal(services.store)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with journal.running():
            yield

    app = FastAPI(
        title="回应 API",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.journal = journal
    app.state.room = Room(
        services=services,
        desk=Desk.of(services.settings),
        district=District.load(services.settings.config_dir),
        pages=Pages(),
        signing=Brake(SIGN_INS, SIGN_IN_SECONDS),
        clients=Brake(120, 60.0),
    )
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(LimitedBody)
    app.add_middleware(SafeHeaders)
    app.mount("/static", LongKept(directory=STATIC), name="static")
    for router in all_routers():
        app.include_router(router)
    app.add_exception_handler(SignInFirst, _sign_in)
    app.add_exception_handler(HuiyingError, _refused)
    app.add_exception_handler(StarletteHTTPException, _failed)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(Exception, _broken)
    return app


async def _sign_in(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInFirst)
    return RedirectResponse(error.address, status_code=303)


async def _refused(request: Request, error: Exception) -> Response:
    return _told(request, 422, str(error))


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException | StarletteHTTPException)
    said = {404: "没有这一页，或您无权查看。", 405: "这个地址不接受这样的请求。"}
    detail = str(error.detail)
    return _told(request, error.status_code, said.get(error.status_code, detail) if detail.isascii() else detail)


async def _misread(request: Request, error: Exception) -> Response:
    """An address or a body that cannot be read: which field, in one line."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    return _told(request, 422, f"“{field}”的值不行：{first['msg']}；请对照 /api/v1/openapi.json 改正。")


async def _broken(request: Request, _error: Exception) -> Response:
    """A fault of ours: it is in the log with its traceback; the person gets one line."""
    return _told(request, 500, "程序出错，已记入日志；请稍后再试，仍不行请告知管理员。")


def _told(request: Request, status: int, reason: str) -> Response:
    """The one line that says what is wrong: as JSON for programs, as a page for people."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"status": status, "message": reason}}, status_code=status)
    room: Room = request.app.state.room
    page = room.pages.bare(
        "error.html",
        status=status,
        reason=reason,
        back=request.headers.get("referer", "/"),
        typed=request.method == "POST",
    )
    return HTMLResponse(page, status_code=status)
