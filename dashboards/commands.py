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
    chromium: Annotated[str, typer.Option(help="浏览器程序")] = "/usr/bin/chromium",
) -> None:
    """为主要页面截图（需要 Chromium 和 playwright）；用设置里的数据和演示账号。例：huiying screenshots --out docs/screenshots"""
    from dashboards.picturing import take_pictures

    services: Services = context.obj()
    try:
        for path in take_pictures(services, out, chromium):
            sys.stdout.write(f"{path}\n")
    finally:
        services.close()
