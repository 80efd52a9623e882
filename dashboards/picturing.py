"""Pictures of the main pages (截图): the dashboard is served on a free port and a real browser looks at it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from dashboards.serving import Server, open_demo_accounts
from dashboards.views.login import DEMO_PASSWORD
from pipeline.errors import HuiyingError
from pipeline.lane import MAIN
from pipeline.services import Services
from pipeline.store.events import load_position
from pipeline.store.schema.cases import cases
from pipeline.store.schema.events import events

WIDTH, HEIGHT = 1366, 768


@contextmanager
def served(services: Services, port: int = 0) -> Iterator[str]:
    """The dashboard in a thread of this process, on a free port unless one is given; its address."""
    port = port or free_port()
    server = Server(services, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def last_moment(services: Services) -> datetime:
    """The moment that the flow has reached: what "now" is in a store of past days."""
    with services.store.read() as connection:
        position = load_position(connection, MAIN)
    return position.at if position else services.clock.now()


def take_pictures(services: Services, out: Path, chromium: str) -> list[Path]:
    """One PNG for each main page. HuiyingError when there is no browser or nothing to show."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise HuiyingError("截图需要 playwright；请先安装：uv pip install playwright。") from error
    if not Path(chromium).exists():
        raise HuiyingError(f"没有浏览器 {chromium}；请先安装：apt install chromium。")
    with services.store.read() as connection:
        event = connection.execute(select(events.c.id).where(events.c.merged_into == "").order_by(events.c.documents.desc())).scalars().first()  # fmt: skip
        case = (
            connection.execute(select(cases.c.id).where(cases.c.event_id == event)).scalars().first() if event else None
        )
    if event is None:
        raise HuiyingError("库里还没有事件；请先运行 huiying demo --once，再用 HUIYING_DATA_DIR 指向演示数据目录。")
    open_demo_accounts(services)
    pages = {
        "today": ("/", WIDTH, HEIGHT),
        "events": ("/events", WIDTH, HEIGHT),
        "event": (f"/events/{event}", WIDTH, HEIGHT),
        "search": ("/search?q=沙洲 OR 火灾", WIDTH, HEIGHT),
        "sources": ("/sources", WIDTH, HEIGHT),
        "wall": ("/wall", 1920, 1080),
        "phone": ("/", 390, 844),
    } | ({"case": (f"/cases/{case}", WIDTH, HEIGHT)} if case else {})
    out.mkdir(parents=True, exist_ok=True)
    made = []
    with served(services) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
        page = context.new_page()
        page.goto(f"{address}/login")
        page.fill("#name", "fang_yi")
        page.fill("#password", DEMO_PASSWORD)
        with page.expect_navigation(wait_until="load"):
            page.click("button.main")
        for name, (path, width, height) in pages.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(address + path)
            page.evaluate(
                "Promise.all([...document.images].map(i => i.complete || new Promise(d => i.onload = i.onerror = d)))"
            )
            page.wait_for_timeout(300)
            target = out / f"{name}.png"
            page.screenshot(path=target)
            made.append(target)
        browser.close()
    return made
