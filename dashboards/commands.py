"""`huiying serve` and `huiying screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.services import Services


def serve(context: typer.Context) -> None:
    """打开面板，直到停止；地址和端口在设置 web 里。例：huiying serve"""
    from dashboards.serving import serve_until_stopped

    services: Services = context.obj()
    web = services.settings.web
    sys.stderr.write(f"面板：http://{web.host}:{web.port} （按 Ctrl-C 结束）\n")
    try:
        serve_until_stopped(services)
    finally:
        services.close()


def screenshots(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="写到哪个目录")] = Path("docs/screenshots"),
    at: Annotated[str, typer.Option(help="页面上的“现在”，如 2026-03-15T09:00；默认是库里最后一刻")] = "",
    chromium: Annotated[str, typer.Option(help="浏览器程序")] = "/usr/bin/chromium",
) -> None:
    """为主要页面截图（需要 Chromium 和 playwright）；用设置里的数据和演示账号。例：huiying screenshots --out docs/screenshots"""
    from dataclasses import replace

    from dashboards.picturing import last_moment, take_pictures
    from pipeline.clock import SteppedClock, parse_time

    services: Services = context.obj()
    services = replace(services, clock=SteppedClock(parse_time(at) if at else last_moment(services)))
    try:
        for path in take_pictures(services, out, chromium):
            sys.stdout.write(f"{path}\n")
    finally:
        services.close()
