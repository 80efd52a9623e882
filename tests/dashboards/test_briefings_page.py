"""The shelf of papers: drafted, signed, sent, read and corrected from the pages, each by whom it may."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import select

from pipeline.services import Services
from pipeline.store.schema.briefings import briefings
from pipeline.store.schema.cases import case_audit
from pipeline.store.schema.notices import outbox
from tests.dashboards.conftest import Browser, fire_of

SignIn = Callable[[str], Browser]


def drafted(services: Services, officer: Browser) -> str:
    """The address of the fire's first flash, drafted by a press on the event's page."""
    fire = fire_of(services)
    page = officer.send("/briefings", f"/events/{fire}", kind="flash", event=fire)
    assert "已起草" in page
    with services.store.read() as connection:
        return "/briefings/" + str(connection.execute(select(briefings.c.id)).scalar_one())


def test_a_flash_from_the_event_to_its_readers_and_its_correction(services: Services, sign_in: SignIn) -> None:
    officer, chief = sign_in("gu_lan"), sign_in("fang_yi")
    paper = drafted(services, officer)
    assert "草稿" in officer.get(paper)
    assert "不能签发" in officer.send(f"{paper}/approve", paper, status=422)
    assert "草稿不能报送" in officer.send(f"{paper}/send", paper, to="lu_zhiming", status=422)
    assert "已签发" in chief.send(f"{paper}/approve", paper)
    page = officer.get(paper)
    assert re.search(r'value="lu_zhiming" checked', page)
    assert "共 1 人" in officer.send(f"{paper}/send", paper, to="lu_zhiming")
    assert "未阅" in officer.get(paper)
    with services.store.read() as connection:
        mail = connection.execute(select(outbox).where(outbox.c.recipient.contains("lu_zhiming"))).mappings().all()
    token = next(found for row in mail if (found := re.search(r"/briefings/read/([0-9a-f]{40})", str(dict(row)))))[1]
    officer.client.post(f"/briefings/read/{token}")
    assert "已阅 3月15日" in officer.get(paper)
    sentence = re.search(r'class="quiet"[^>]*><bdi>([^<]{8,40})', officer.get(paper))
    assert sentence
    corrected = officer.send(f"{paper}/correct", paper, wrong=sentence[1][:6], right="更正后的话")
    assert "更正已起草" in corrected
    assert f'href="{paper}"' in corrected


def test_files_open_as_what_they_are_and_taking_one_is_written_down(services: Services, sign_in: SignIn) -> None:
    officer = sign_in("gu_lan")
    paper = drafted(services, officer)
    for form, head in (("docx", b"PK"), ("pdf", b"%PDF"), ("txt", b"")):
        answer = officer.client.get(f"{paper}/file/{form}")
        assert answer.status_code == 200
        assert answer.content.startswith(head)
        assert "attachment" in answer.headers["content-disposition"]
    officer.get(f"{paper}/file/exe", status=404)
    with services.store.read() as connection:
        taken = connection.execute(select(case_audit.c.reason).where(case_audit.c.what == "export")).scalars().all()
    assert len(taken) == 3


def test_a_daily_is_drafted_by_its_date_and_stands_on_the_shelf_with_its_hour(sign_in: SignIn) -> None:
    officer = sign_in("gu_lan")
    assert "日报" in officer.send("/briefings", "/briefings", kind="daily", day="2026-03-15")
    shelf = officer.get("/briefings")
    assert "3月15日 08:00" in shelf
    assert "已过" in shelf
    assert "不是日期" in officer.send("/briefings", "/briefings", kind="daily", day="昨天", status=422)


def test_papers_are_the_press_offices(services: Services, sign_in: SignIn) -> None:
    paper = drafted(services, sign_in("gu_lan"))
    unit, secretary = sign_in("feng_zhiyuan"), sign_in("ming_ce")
    for address in ("/briefings", paper, f"{paper}/file/docx"):
        unit.get(address, status=403)
    assert "起草</button>" not in secretary.get("/briefings")
    secretary.send("/briefings", kind="daily", status=403)
    secretary.send(f"{paper}/send", to="lu_zhiming", status=403)
