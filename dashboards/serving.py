"""Serving the dashboard (提供看板): uvicorn until it is told to stop; demo accounts when the settings ask for them."""

from __future__ import annotations

from socket import socket

import uvicorn

from dashboards.app import create_app
from dashboards.live import Journal
from dashboards.views.login import DEMO_PASSWORD, DEMO_PEOPLE
from pipeline.clock import SystemClock
from pipeline.errors import HuiyingError
from pipeline.services import Services
from pipeline.store import accounts

BACKLOG = 256


def serve_until_stopped(services: Services) -> None:
    """Blocks until SIGINT or SIGTERM. HuiyingError when the port is taken."""
    web = services.settings.web
    if web.demo_accounts:
        open_demo_accounts(services)
    try:
        Server(services, web.host, web.port).run()
    except (OSError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            return
        raise HuiyingError(
            f"面板打不开 {web.host}:{web.port}：端口可能已被占用；请改设置 web.port（环境变量 HUIYING_WEB__PORT）。"
        ) from error


class Server(uvicorn.Server):
    """uvicorn with our application; pages that listen for changes are let go first, so that it stops at once."""

    def __init__(self, services: Services, host: str, port: int) -> None:
        app = create_app(services)
        self._journal: Journal = app.state.journal
        super().__init__(
            uvicorn.Config(
                app, host=host, port=port, log_level="warning", backlog=BACKLOG, timeout_graceful_shutdown=3,
                server_header=False, date_header=False,
            )
        )  # fmt: skip

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._journal.end()
        await super().shutdown(sockets)


def open_demo_accounts(services: Services) -> None:
    """The known accounts of the demo city; one that exists stays as it is."""
    at = SystemClock().now()
    with services.store.write() as connection:
        for person_id in DEMO_PEOPLE:
            if not accounts.has_account(connection, person_id):
                accounts.set_password(connection, person_id, DEMO_PASSWORD, at)
