"""Every page shows itself to those it is for, in few statements, and says nothing that it must not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from pipeline.hostile import plain
from pipeline.services import Services
from tests.dashboard_city import FORMULA_ID, HOSTILE_ID
from tests.dashboards.conftest import Browser, case_of, fire_of, signed_in

MOST_STATEMENTS = 15
PAGES = ["/", "/events", "/events?stage=hot&sort=heat", "/alerts", "/cases", "/cases?show=closed", "/search", "/search?q=沙洲 OR 火灾",
         "/sources", "/rules", "/duty", "/people", "/labels", "/statistics", "/briefings", "/replies", "/notices", "/audit", "/wall"]  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_shown_in_at_most_fifteen_statements(
    kept_services: Services, spokesperson: Browser, address: str
) -> None:
    counted = statements(kept_services, lambda: spokesperson.get(address))
    assert counted <= MOST_STATEMENTS


def test_event_case_and_document_keep_to_the_budget_too(kept_services: Services, spokesperson: Browser) -> None:
    fire = fire_of(kept_services)
    for address in (f"/events/{fire}", f"/cases/{case_of(kept_services, fire)}", f"/documents/{HOSTILE_ID}"):
        assert statements(kept_services, lambda address=address: spokesperson.get(address)) <= MOST_STATEMENTS


def statements(services: Services, work: Any) -> int:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    sqlalchemy_event.listen(services.store.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sqlalchemy_event.remove(services.store.engine, "before_cursor_execute", note)
    return len(seen)


def test_the_front_page_shows_the_fire_its_clock_and_who_is_on_duty(
    kept_services: Services, spokesperson: Browser
) -> None:
    page = spokesperson.get("/")
    assert f"/events/{fire_of(kept_services)}" in page
    assert "还剩" in page
    assert "值班员" in page


def test_the_event_page_keeps_the_critics_and_links_each_sentence_to_its_source(
    kept_services: Services, spokesperson: Browser
) -> None:
    page = spokesperson.get(f"/events/{fire_of(kept_services)}")
    assert "批评与不满" in page
    summary = page.split("发生了什么")[1].split("怎样传开的")[0]
    assert summary.count("/documents/") >= 2


def test_the_timeline_is_a_picture_with_words_and_a_table(kept_services: Services, spokesperson: Browser) -> None:
    fire = fire_of(kept_services)
    page = spokesperson.get(f"/events/{fire}")
    alternative = re.search(r'alt="(声量时间线[^"]+)"', page)
    assert alternative
    assert "最多在" in alternative[1]
    assert "用表格看" in page
    assert spokesperson.get(f"/events/{fire}/timeline.svg").startswith("<svg")


def test_hostile_text_is_text_on_every_page(kept_services: Services, spokesperson: Browser) -> None:
    for address in (f"/documents/{HOSTILE_ID}", "/search?q=云港", "/events", "/labels"):
        page = spokesperson.get(address)
        assert "<script>alert" not in page
        assert "<img src=//evil" not in page
        assert "\u202e" not in page
    assert plain("\u202e<b>") == "[U+202E]<b>"
    assert "&lt;img src=//evil" in spokesperson.get(f"/documents/{HOSTILE_ID}")
    assert "=1+1" in spokesperson.get(f"/documents/{FORMULA_ID}")


def test_no_page_names_or_ranks_or_filters_by_author(kept_services: Services, spokesperson: Browser) -> None:
    with kept_services.store.read() as connection:
        pseudonyms = [
            row[0] for row in connection.exec_driver_sql("select distinct author from documents where author != ''")
        ]
    assert pseudonyms
    for address in (*PAGES, f"/events/{fire_of(kept_services)}"):
        page = spokesperson.get(address)
        assert not any(name in page for name in pseudonyms)
        assert "作者排行" not in page
        assert 'name="author"' not in page
    assert "不提供按作者检索" in spokesperson.get("/search?q=author:someone")


def test_private_accounts_are_one_line_and_institutions_are_named(
    kept_services: Services, spokesperson: Browser
) -> None:
    page = spokesperson.get(f"/events/{fire_of(kept_services)}")
    spread = page.split("首次出现")[1].split("</table>")[0]
    assert "网民与其他账号" in spread
    assert "云港论坛" in spread


def test_every_page_forbids_inline_script_and_foreign_hosts(spokesperson: Browser) -> None:
    for address in PAGES:
        answer = spokesperson.client.get(address)
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'none'" in policy
        assert " style=" not in answer.text
        assert "<script>" not in answer.text
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_unknown_things_are_said_in_chinese_with_the_right_status(spokesperson: Browser) -> None:
    assert "没有这个事件" in spokesperson.get("/events/nothing", status=404)
    assert "没有这件处置单" in spokesperson.get("/cases/nothing", status=422)
    assert "没有这一页" in spokesperson.get("/nothing", status=404)
    assert "括号" in spokesperson.get("/search?q=(火灾")


def test_the_navigation_leads_nobody_to_a_page_that_refuses_them(kept_services: Services) -> None:
    for person in ("fang_yi", "gu_lan", "guan_li", "ming_ce", "lv_heng", "feng_zhiyuan"):
        browser = signed_in(kept_services, person)
        page = browser.get("/duty")
        for address in re.findall(r'href="(/[a-z]*)"', page.partition("<nav")[2].partition("</nav>")[0]):
            browser.get(address)
    assert 'href="/audit"' not in signed_in(kept_services, "gu_lan").get("/duty")
