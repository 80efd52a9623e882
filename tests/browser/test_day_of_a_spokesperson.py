"""What the pages are for, done with mouse and keys in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from sqlalchemy import delete, select

from dashboards.picturing import free_port, served
from pipeline.services import Services
from pipeline.store.schema.accounts import sessions
from pipeline.store.schema.cases import cases
from pipeline.store.schema.events import events

from .conftest import follow

Visit = Callable[..., Any]
PAGES = [
    "/",
    "/events",
    "/alerts",
    "/cases",
    "/search?q=化工园",
    "/sources",
    "/rules",
    "/duty",
    "/people",
    "/labels",
    "/statistics",
    "/briefings",
    "/replies",
    "/audit",
    "/wall",
]
MOST_BYTES = 300_000


def fire_of(services: Services) -> tuple[str, str]:
    with services.store.read() as connection:
        fire = connection.execute(select(events.c.id).order_by(events.c.documents.desc())).scalars().first()
        return str(fire), str(connection.execute(select(cases.c.id).where(cases.c.event_id == fire)).scalars().one())


def said(page: Any, where: str, what: str, patience: int = 30_000) -> None:
    """Wait until that part of the page says it."""
    page.locator(where, has_text=what).wait_for(timeout=patience)


def do(page: Any, kind: str, **fields: str) -> None:
    """Open an action's form on the page of a case, fill it, send it."""
    form = page.locator(f'form[action$="/{kind}"]')
    details = page.locator("details", has=form)
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    for name, value in fields.items():
        box = form.locator(f'input[type=checkbox][name="{name}"][value="{value}"]')
        if box.count():
            box.check()
            continue
        field = form.locator(f'[name="{name.replace("__", ".")}"]')
        if field.get_attribute("type") == "file":
            field.set_input_files({"name": f"{value}.txt", "mimeType": "text/plain", "buffer": value.encode()})
        elif field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    follow(page, form.locator("button"))
    assert page.locator(".told").count() == 1, page.locator(".refused").all_inner_texts()


def test_from_the_front_page_to_the_press_conference(services: Services, visit: Visit) -> None:
    fire, case = fire_of(services)
    chief = visit("fang_yi")
    follow(chief, chief.locator(f'#today a[href="/events/{fire}"]').first)  # one click to the event
    assert "批评与不满" in chief.content()
    follow(chief, chief.locator(f'#work a[href="/cases/{case}"]'))  # and one to its case
    do(chief, "acknowledged")
    do(chief, "assessed", unverified="网传三人死亡", demands="有没有人受伤", opinion_kind="重大问题", consequences__spread="担心",
       consequences__gathering="追问", consequences__hot="质疑迟报")  # fmt: skip
    do(chief, "class_set", legal_class="other", reason="未达重大标准")
    do(chief, "decided", decision="answer", reason="公众关切集中")
    do(chief, "grade_set", level="4", reason="火势已灭")
    do(chief, "assigned", unit="区应急管理局", asked="报起火原因和伤亡", due="2026-03-15T10:30")
    do(chief, "drafted", text="火已扑灭，4人轻伤，空气监测正常。", secrecy="public")
    for person in ("bao_mi", "jian_shen"):
        do(visit(person, f"/cases/{case}"), "step_approved")
    chief.goto(chief.url.partition("?")[0])
    assert "审签完成" in chief.content()
    do(
        chief,
        "responded",
        form="press_conference",
        title="沙洲镇火灾新闻发布会",
        moment="2026-03-15T09:00",
        archive="发布会实录",
        answers="有没有人受伤",
    )
    page = chief.locator("#file").inner_text()
    assert "新闻发布会" in page
    assert "按时完成" in chief.locator("#side").inner_text()


def test_another_browser_sees_it_within_two_seconds_without_reload(services: Services, visit: Visit) -> None:
    _, case = fire_of(services)
    watcher, officer = visit("fang_yi", f"/cases/{case}"), visit("gu_lan", f"/cases/{case}")
    said(watcher, "#live", "实时")
    assert "待签收" in watcher.locator("#head").inner_text()
    watcher.evaluate("window.stayed = true")
    do(officer, "acknowledged")
    said(watcher, "#head", "会商研判")  # how soon: benchmarks/pages
    assert watcher.evaluate("window.stayed") is True


def test_the_wall_comes_back_after_a_restart(services: Services, chromium: Any) -> None:
    port = free_port()
    context = chromium.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    with served(services, port) as address:
        page.goto(f"{address}/login?next=/wall")
        page.fill("#name", "gu_lan")
        page.fill("#password", "Huiying-2026")
        follow(page, page.locator("button.main"))
        said(page, "#live", "实时")
        assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    said(page, "#live", "正在重连")
    with served(services, port):
        said(page, "#live", "实时")
    context.close()


def test_the_wall_stays_for_weeks_without_growing(services: Services, visit: Visit) -> None:
    """Set up to stay, it outlives its person's session; refreshes leave nothing behind in the browser."""
    page = visit("gu_lan", "/wall", width=1920, height=1080)
    follow(page, page.locator("footer button"))
    with services.store.write() as connection:
        connection.execute(delete(sessions))
    said(page, "#live", "实时")
    inside = page.context.new_cdp_session(page)
    inside.send("HeapProfiler.enable")
    refreshed(page, 20)
    before = counted(inside)
    refreshed(page, 120)
    after = counted(inside)
    assert page.url.endswith("/wall")
    assert after["jsEventListeners"] <= before["jsEventListeners"]
    assert after["documents"] <= before["documents"]
    assert after["nodes"] <= before["nodes"] + 50
    assert after["heap"] <= before["heap"] + 500_000
    said(page, "#live", "实时")


def refreshed(page: Any, times: int) -> None:
    """The page asks for itself so often, each time to the end (as at a network that comes back)."""
    page.evaluate(
        """async (times) => {
            const root = document.documentElement;
            for (let done = 0; done < times; done++) {
                delete root.dataset.refreshed;
                dispatchEvent(new Event("online"));
                while (!root.dataset.refreshed) await new Promise((go) => setTimeout(go, 5));
            }
            delete root.dataset.refreshed;
        }""",
        times,
    )


def counted(inside: Any) -> dict[str, int]:
    """What the browser holds of the page when everything that nobody needs is swept away."""
    for _ in range(3):
        inside.send("HeapProfiler.collectGarbage")
    heap = inside.send("Runtime.getHeapUsage")
    return {**inside.send("Memory.getDOMCounters"), "heap": int(heap["usedSize"])}


def test_everything_works_without_javascript(services: Services, visit: Visit) -> None:
    _, case = fire_of(services)
    page = visit("gu_lan", f"/cases/{case}", script=False)
    follow(page, page.locator(f'form[action="/cases/{case}/acknowledged"] button'))
    assert "签收：已记录" in page.locator(".told").inner_text()
    page.goto(page.url.partition("/cases")[0] + "/search?q=化工园")
    assert page.locator("mark").count() > 0


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_needs_no_sideways_scrolling(visit: Visit, path: str) -> None:
    page = visit("guan_li" if path in ("/people", "/audit") else "fang_yi", path, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_no_page_asks_anybody_else_and_first_loads_are_light(services: Services, visit: Visit, address: str) -> None:
    fire, case = fire_of(services)
    page = visit("fang_yi")
    asked: list[str] = []
    weights: list[int] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "response",
        lambda answer: weights.append(
            answer.request.sizes()["responseBodySize"]
            if not answer.url.endswith("/live") and "/live?" not in answer.url
            else 0
        ),
    )
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    session = page.context.new_cdp_session(page)
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in (*PAGES, f"/events/{fire}", f"/cases/{case}", "/documents/hostile-1"):
        weights.clear()
        page.goto(address + path)
        page.wait_for_timeout(100)
        assert sum(weights) <= MOST_BYTES, path
    assert all(url.startswith(address) for url in asked)
    assert not complaints


def test_hostile_text_neither_runs_nor_reorders_nor_breaks_the_page(visit: Visit) -> None:
    page = visit("fang_yi", "/documents/hostile-1")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.reload()
    assert "<img src=//evil" in page.locator("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366


def test_an_event_prints_to_paper(services: Services, visit: Visit) -> None:
    fire, _ = fire_of(services)
    page = visit("fang_yi", f"/events/{fire}")
    page.wait_for_load_state("load")
    document = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
    text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    assert "发生了什么" in text
    assert "内部资料" in text
    assert "退出" not in text
    assert len(document) <= 8


def test_the_keyboard_reaches_the_content_and_the_navigation(visit: Visit) -> None:
    page = visit("fang_yi")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/events"
    page.keyboard.press("Enter")
    page.wait_for_url("**/events")
