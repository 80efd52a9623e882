"""The daily mail: at its hour, one to each reader, in its order, with its picture, and nothing that a reader must not see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from dashboards import daily_mail
from dashboards.daily_mail import Line, Section
from dashboards.daily_round import DailyRound
from dashboards.pages import Pages
from pipeline.cases.people import Person, Role
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.notices.mail import Mail
from pipeline.notices.outbox import notice_of
from pipeline.services import Services
from pipeline.store.schema.notices import outbox

DAY = date(2026, 3, 15)
ORDER = ["到期与逾期", "重点事件", "苗头", "热线与留言", "昨日回应与效果", "周边可借鉴", "信源覆盖", "今日值班"]


@pytest.fixture(scope="module")
def written(kept_services: Services) -> Iterator[daily_mail.DailyMail]:
    with kept_services.store.read() as connection:
        yield daily_mail.write(connection, kept_services.settings, DAY)


def _with_mail(services: Services, at: datetime) -> Services:
    mail = services.settings.mail.model_copy(update={"host": "127.0.0.1"})
    settings = services.settings.model_copy(update={"mail": mail})
    return replace(services, settings=settings, clock=SteppedClock(at))


def _daily(services: Services) -> list[tuple[str, str]]:
    with services.store.read() as connection:
        rows = connection.execute(select(outbox).where(outbox.c.thread.startswith("daily-"))).all()
    return [(row.key, row.recipient) for row in rows]


def test_it_is_written_at_its_hour_once_for_each_reader_whatever_restarts(services: Services) -> None:
    def at(hour: int, minute: int) -> Services:
        return _with_mail(services, datetime(2026, 3, 15, hour, minute, tzinfo=SHANGHAI))

    assert DailyRound(at(7, 29)).write_due() == 0
    first = DailyRound(at(7, 31))
    new = first.write_due()
    mails = _daily(services)
    assert new == len(mails) == len({recipient for _, recipient in mails}) > 5
    assert first.write_due() == DailyRound(at(7, 40)).write_due() == DailyRound(at(18, 0)).write_due() == 0
    assert _daily(services) == mails


def test_a_machine_that_wakes_in_the_afternoon_and_an_office_without_mail_write_none(services: Services) -> None:
    assert DailyRound(_with_mail(services, datetime(2026, 3, 15, 15, 0, tzinfo=SHANGHAI))).write_due() == 0
    assert DailyRound(services).write_due() == 0
    assert _daily(services) == []


def test_its_parts_stand_in_the_order_of_what_is_needed_first(
    written: daily_mail.DailyMail, kept_services: Services
) -> None:
    reader = Person(id="gu_lan", name="顾澜", roles=frozenset({Role.DUTY_OFFICER}), mail="gu_lan@yungang.example")
    notice = daily_mail.addressed(written, reader, kept_services.settings, Pages())
    assert re.findall(r"<h2[^>]*>([^<]+)", notice.html) == re.findall(r"【(\S+)】", notice.text) == ORDER
    assert 0 < len(written.sections[1].lines) <= 3
    assert "化工园" in notice.text
    assert notice.html.count("width=device-width") == 1
    assert "<style" not in notice.html  # a mail reader drops it: every rule stands in its element
    assert "http://127.0.0.1:8600/cases/" in notice.html
    assert "13812345678" not in notice.html + notice.text
    assert "<script" not in notice.html


def test_its_picture_goes_along(written: daily_mail.DailyMail, kept_services: Services) -> None:
    reader = Person(id="gu_lan", name="顾澜", roles=frozenset({Role.DUTY_OFFICER}), mail="gu_lan@yungang.example")
    message = Mail(kept_services.settings.mail).message(
        daily_mail.addressed(written, reader, kept_services.settings, Pages())
    )
    pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == ["<volume>"]
    assert pictures[0].get_content().startswith(b"\x89PNG")
    assert "cid:volume" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(("days", "lost"), [(1, False), (3, True)])
def test_what_is_owed_is_said_with_the_time_left_or_lost(kept_services: Services, days: int, lost: bool) -> None:
    """The answer to the fire is due 48 hours after it was found; nobody has signed for it."""
    with kept_services.store.read() as connection:
        mail = daily_mail.write(connection, kept_services.settings, DAY + timedelta(days=days))
    owed = [line for line in mail.sections[0].lines if "火灾" in line.text or "化工园" in line.text]
    assert [line.urgent for line in owed if "签收" in line.text] == [True]
    answers = [line for line in owed if "予以回应" in line.text]
    assert [line.urgent for line in answers] == [lost]
    assert ("已逾期" if lost else "还有") in answers[0].text


def test_it_tells_only_what_was_known_at_its_hour(kept_services: Services, written: daily_mail.DailyMail) -> None:
    with kept_services.store.read() as connection:
        again = daily_mail.write(connection, kept_services.settings, DAY)
        before = daily_mail.write(connection, kept_services.settings, DAY - timedelta(days=1))
    assert (again.sections, again.chart) == (written.sections, written.chart)
    assert not any("火灾" in line.head + line.text for section in before.sections for line in section.lines)


def test_a_unit_that_people_complain_of_does_not_read_of_it(
    written: daily_mail.DailyMail, kept_services: Services
) -> None:
    lines = (Line("群众举报某事", "举报", accused=("区城管局",)), Line("别的事", "别的"))
    mail = replace(written, sections=(written.sections[0], Section("重点事件", lines, ""), *written.sections[2:]))

    def read_by(unit: str) -> str:
        person = Person(id="a", name="甲", unit=unit, roles=frozenset({Role.LEADER}), mail="a@yungang.example")
        notice = daily_mail.addressed(mail, person, kept_services.settings, Pages())
        return notice.text + notice.html

    assert "群众举报某事" in read_by("区委宣传部")
    assert "群众举报某事" not in read_by("区城管局")
    assert "别的事" in read_by("区城管局")


def test_what_is_kept_is_what_is_read_back(services: Services) -> None:
    DailyRound(_with_mail(services, datetime(2026, 3, 15, 8, 0, tzinfo=SHANGHAI))).write_due()
    with services.store.read() as connection:
        row = connection.execute(select(outbox).where(outbox.c.thread.startswith("daily-")).limit(1)).one()
    assert notice_of(row).images[0][1].startswith(b"\x89PNG")
