"""通知: what came back is seen and sent again; whom the page is not for does not see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from pipeline.notices.outbox import counts
from pipeline.services import Services
from pipeline.store.schema.notices import outbox
from tests.dashboards.conftest import Browser


def _kill_one(services: Services) -> str:
    with services.store.write() as connection:
        key = str(connection.execute(select(outbox.c.key).order_by(outbox.c.key)).scalars().first())
        dead = {"state": "dead", "tries": 10, "error": "550 no such user"}
        connection.execute(update(outbox).where(outbox.c.key == key).values(dead))
    return key


def test_the_dead_are_shown_with_the_reason_and_sent_again(
    services: Services, sign_in: Callable[[str], Browser]
) -> None:
    key = _kill_one(services)
    browser = sign_in("fang_yi")
    assert "550 no such user" in browser.get("/notices")
    assert "1 封退信将再发" in browser.send("/notices/retry", page="/notices", key=key)
    with services.store.read() as connection:
        assert counts(connection)["dead"] == 0
    assert "没有退信通知" in browser.get("/notices")
    assert "重发退信1封" in browser.get("/audit?what=notices")


def test_a_test_without_a_way_out_says_so(sign_in: Callable[[str], Browser]) -> None:
    assert "还没有设置邮件服务器" in sign_in("fang_yi").send("/notices/test", page="/notices")


@pytest.mark.parametrize("person", ["gu_lan", "feng_zhiyuan", "lv_heng"])
def test_whom_the_page_is_not_for_gets_nothing(
    services: Services, sign_in: Callable[[str], Browser], person: str
) -> None:
    _kill_one(services)
    browser = sign_in(person)
    browser.get("/notices", status=403)
    browser.send("/notices/retry", status=403)
    with services.store.read() as connection:
        assert counts(connection)["dead"] == 1
