"""A source from an address: looked at, previewed, added, paused; a wrong one is said in one line."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.clock import SHANGHAI
from pipeline.services import Services
from pipeline.store import sources as book
from tests.dashboard_city import MORNING
from tests.dashboards.conftest import Browser, signed_in

SignIn = Callable[[str], Browser]
ARTICLE = (
    '<html><head><meta name="ArticleTitle" content="云港区第{n}号便民公告"><meta name="PubDate" content="2026-03-1{n} 09:00">'
    "</head><body><h1>云港区第{n}号便民公告</h1><div class=content>{text}</div></body></html>"
)


class Site(BaseHTTPRequestHandler):
    """A list and six articles."""

    def do_GET(self) -> None:
        found = re.fullmatch(r"/art/2026/3/1\d/art_1001_500(\d)\.html", self.path)
        if self.path == "/robots.txt":
            return self._send("User-agent: *\nAllow: /\n", "text/plain")
        if found:
            text = "".join(
                f"<p>石桥街道第{found[1]}批路灯更换今日完工，请市民注意通行安全，如有问题请拨打服务热线反映。</p>"
                for _ in range(4)
            )
            return self._send(ARTICLE.format(n=found[1], text=text))
        links = "".join(
            f'<li><a href="/art/2026/3/1{n}/art_1001_500{n}.html">云港区第{n}号便民公告</a> 2026-03-1{n}</li>'
            for n in range(1, 7)
        )
        return self._send(f"<html><head><title>公告</title></head><body><ul>{links}</ul></body></html>")

    def _send(self, text: str, kind: str = "text/html") -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_an_address_becomes_a_source_after_a_preview(services: Services, site: str) -> None:
    crawl = services.settings.crawl.model_copy(update={"private_hosts": ("127.0.0.1",)})
    allowed = replace(services, settings=services.settings.model_copy(update={"crawl": crawl}))
    officer = signed_in(allowed, "gu_lan")
    preview = officer.send("/sources/preview", "/sources", url=site, name="石桥公告", kind="news")
    assert "云港区第1号便民公告" in preview
    definition = unescape(re.search(r'name="definition"[^>]*>(.*?)</textarea>', preview, re.DOTALL)[1])  # type: ignore[index]
    page = officer.send("/sources/add", "/sources", definition=definition)
    assert "已添加" in page
    source_id = re.search(r'^id = "([^"]+)"', definition, re.MULTILINE)[1]  # type: ignore[index]
    assert "已暂停" in officer.send(f"/sources/{source_id}/pause", "/sources")
    assert "‖ 已暂停" in officer.get("/sources")
    assert "已恢复" in officer.send(f"/sources/{source_id}/resume", "/sources")


def test_a_private_address_and_a_broken_definition_are_refused(sign_in: SignIn, site: str) -> None:
    officer = sign_in("gu_lan")
    assert "没有办成" in officer.send("/sources/preview", "/sources", url=site, status=422)
    assert "不是网址" in officer.send("/sources/preview", "/sources", url="石桥", status=422)
    assert "没有办成" in officer.send("/sources/add", "/sources", definition="id = 1", status=422)


def test_who_may_not_manage_sources_may_look(services: Services, sign_in: SignIn) -> None:
    secretary = sign_in("ming_ce")
    assert "由一个网址添加信源" not in secretary.get("/sources")
    assert "由值班员" in secretary.send("/sources/preview", url="https://example.cn/", status=403)


def test_the_past_is_asked_for_by_a_day_of_the_last_ninety(services: Services) -> None:
    with services.store.write() as connection:
        book.register(connection, "gazette", "云港公报", "news", True, timedelta(hours=1), MORNING + timedelta(hours=1))
    officer = signed_in(services, "gu_lan")
    for said, refused in (("2025-12-14", "最近 90 天之内"), ("2026-03-16", "最近 90 天之内"), ("昨天", "这样的日期")):
        assert refused in officer.send("/sources/gazette/fill", since=said, status=422)
    assert "补到 2025-12-15" in officer.send("/sources/gazette/fill", since="2025-12-15")
    assert 'value="2025-12-15"' in officer.get("/sources/gazette")
    with services.store.read() as connection:
        state = book.state(connection, "gazette")
    assert state is not None
    assert state.next_due == MORNING
    assert state.fill_since == datetime(2025, 12, 15, tzinfo=SHANGHAI)
    assert "已取消补采" in officer.send("/sources/gazette/fill", since="")
    assert "由值班员" in signed_in(services, "ming_ce").send("/sources/gazette/fill", since="2026-03-01", status=403)
