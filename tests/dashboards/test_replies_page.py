"""How well people were answered: units with the weakest first, each number opening into its messages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.document import Document, Kind, Reply
from pipeline.services import Services
from pipeline.working import Worker
from tests.dashboard_city import MORNING
from tests.dashboards.conftest import Browser

SignIn = Callable[[str], Browser]
ASKED = "石桥街道振兴路路灯坏了三盏，晚上看不清路，请问什么时候能修好？井盖也松了，请一并处理。"
GOOD = (
    "网友您好！经现场核实，振兴路三盏路灯因线路老化熄灭。依据《城市照明管理规定》，我局已于3月11日更换线路和灯头，"
    "路灯已恢复；松动的井盖已重新固定。联系电话 0512-12345678。"
)
POOR = "您的来信收悉，感谢您的支持，已转交有关单位，请耐心等待。"


@pytest.fixture
def answered(services: Services) -> Services:
    for key, unit, text, days in (("good-1", "区城管局", GOOD, 3), ("poor-1", "区住建局", POOR, 12)):
        asked = MORNING - timedelta(days=13)
        reply = Reply(text, unit, asked + timedelta(days=days))
        services.intake.take(
            [Document(key, ASKED, Kind.MESSAGE, "云港区区长信箱", title="振兴路路灯", published_at=asked,
                      collected_at=asked + timedelta(hours=1), reply=reply)]
        )  # fmt: skip
    worker = Worker(services)
    worker.step()
    worker.close()
    return services


def test_units_stand_weakest_first_and_open_into_their_messages(answered: Services, sign_in: SignIn) -> None:
    page = sign_in("fang_yi").get("/replies")
    assert page.index("unit=%E5%8C%BA%E4%BD%8F%E5%BB%BA%E5%B1%80") < page.index(
        "unit=%E5%8C%BA%E5%9F%8E%E7%AE%A1%E5%B1%80"
    )
    only = sign_in("fang_yi").get("/replies?unit=区城管局")
    assert "/documents/good-1" in only
    assert "/documents/poor-1" not in only


def test_the_document_says_how_good_its_answer_is_and_why(answered: Services, sign_in: SignIn) -> None:
    page = sign_in("fang_yi").get("/documents/poor-1")
    assert "答复质量" in page
    assert "留言后12.0天答复" in page


def test_a_month_is_written_as_a_month(kept_services: Services, spokesperson: Browser) -> None:
    assert "不是月份" in spokesperson.get("/replies?month=三月", status=422)
    assert "还没有答复" in spokesperson.get("/replies?month=2025-12")
