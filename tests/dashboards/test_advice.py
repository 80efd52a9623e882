"""The page of an event says what may follow and what could be done, each line from the office's own file or its closed cases."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select

from pipeline.cases.actions import Closed, Evaluated
from pipeline.cases.happenings import Opened
from pipeline.cases.state import CaseState
from pipeline.cases.vocabulary import Origin
from pipeline.services import Services
from pipeline.store import cases as case_store
from pipeline.store.schema.events import events
from tests.dashboard_city import MORNING
from tests.dashboards.conftest import fire_of, signed_in
from tests.dashboards.test_pages import MOST_STATEMENTS, statements
from tests.dashboards.test_published_facts import page_at

LESSON = "先贴楼道、发短信，再发微博"


def earlier_fires(services: Services, count: int) -> None:
    """Closed cases of other events like the fire, a week apart, each three days long."""
    with services.store.write() as connection:
        row = connection.execute(select(events).where(events.c.id == fire_of(services))).one()
        for number in range(1, count + 1):
            opened = MORNING - timedelta(days=7 * number)
            key = f"earlier-{number}"
            other = row._asdict() | {"id": key, "title": f"旧火情{number}", "opened_at": opened, "last_at": opened}
            connection.execute(insert(events).values(other))
            case, _ = case_store.append(connection, CaseState(), key, [_opened(key, opened)], "system", opened)
            closed, learnt = Closed(note="已办结"), Evaluated(text="通知太晚", lessons=(LESSON,))
            then = opened + timedelta(days=3)
            case, _ = case_store.append(connection, case, key, [closed, learnt], "fang_yi", then)
            case_store.project(connection, case, None)


def _opened(key: str, at: datetime) -> Opened:
    return Opened(origin=Origin.MANUAL, number=f"云港舆〔2025〕{key[-1]:0>3}号", title=key, event_id=key, detected=at)


def section(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1].split("</section>")[0]


def test_measures_name_the_document_that_they_are_from_and_why_they_apply_here(services: Services) -> None:
    said = section(signed_in(services, "fang_yi").get(f"/events/{fire_of(services)}"), "measures")
    assert "国办发〔2016〕" in said
    assert "因：" in said
    assert "经验" not in said


def test_two_closed_cases_are_too_few_to_conclude_from(services: Services) -> None:
    earlier_fires(services, 2)
    said = section(signed_in(services, "fang_yi").get(f"/events/{fire_of(services)}"), "ahead")
    assert "已办结 2 件，太少，不作推断" in said


def test_what_three_closed_cases_led_to_and_what_was_learnt_from_them(services: Services) -> None:
    earlier_fires(services, 3)
    page = signed_in(services, "fang_yi").get(f"/events/{fire_of(services)}")
    assert "云港舆〔2025〕001号" in section(page, "ahead")
    assert "办结用时中位数 3.0 天" in section(page, "ahead")
    assert LESSON in section(page, "measures")
    assert "处置单 云港舆〔2025〕001号 的经验" in section(page, "measures")


def test_nobody_is_told_that_no_institution_spoke_once_we_have(services: Services) -> None:
    silent = "尚无官方声音"
    assert silent not in section(page_at(services, "15 14:30"), "ahead")


def test_many_cases_of_the_topic_keep_to_the_budget(services: Services) -> None:
    earlier_fires(services, 9)
    page_at(services, "15 14:30")
    browser, address = signed_in(services, "fang_yi"), f"/events/{fire_of(services)}"
    assert statements(services, lambda: browser.get(address)) <= MOST_STATEMENTS
    assert "已办结 9 件" in section(browser.get(address), "ahead")
