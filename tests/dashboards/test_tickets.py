"""Hotline tickets: the document says how its ticket stands; the daily mail says how many are overdue, with units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from dashboards import daily_mail
from pipeline.clock import shanghai
from pipeline.document import Document, Kind, Satisfaction, Ticket
from pipeline.services import Services
from pipeline.working import Worker
from tests.dashboard_city import MORNING
from tests.dashboards.conftest import Browser


@pytest.fixture
def ticketed(services: Services) -> Services:
    called = MORNING - timedelta(days=2)
    for number, done, answer in ((1, None, None), (2, timedelta(hours=40), Satisfaction.UNSATISFIED)):
        at = called + done if done else None
        ticket = Ticket(
            f"YG2038{number}", "投诉", "区城管局", "24小时", called + timedelta(hours=24), at, bool(at), answer
        )
        services.intake.take(
            [Document(f"ticket-{number}", f"振兴路路灯坏了{number}盏，晚上看不清路。", Kind.HOTLINE, "云港区12345热线",
                      published_at=called, collected_at=called, ticket=ticket)]
        )  # fmt: skip
    worker = Worker(services)
    worker.step()
    worker.close()
    return services


def test_the_document_says_how_its_ticket_stands(ticketed: Services, sign_in: Callable[[str], Browser]) -> None:
    page = sign_in("fang_yi").get("/documents/ticket-1")
    assert "YG20381" in page
    assert "已超时限，未办结" in page
    late = sign_in("fang_yi").get("/documents/ticket-2")
    assert "超时限办结" in late
    assert "不满意" in late


def test_the_daily_mail_says_how_many_are_overdue(ticketed: Services) -> None:
    with ticketed.store.read() as connection:
        mail = daily_mail.write(connection, ticketed.settings, shanghai(MORNING).date())
    [section] = [one for one in mail.sections if one.title == "热线与留言"]
    words = "".join(line.text for line in section.lines)
    assert "超过办理时限未办结1件，较多的是区城管局1件" in words
    assert "有1件作了满意度评价，其中不满意1件" in words
