"""The canary: a page → crawl → store → flow → outbox → mail; missing is told once, back is told once; never a document."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from pipeline import canaries
from pipeline.clock import iso
from pipeline.store.schema.documents import documents
from pipeline.store.schema.notices import outbox
from tests.crawlers.misbehaving import Answer


@pytest.fixture
def hourly(site, source, crawling, services, clock):
    """Crawls and lets the flow tell; `publish=False` leaves the page as it is."""
    worker = crawling(
        source(
            "canary",
            options={"mail": "canary@yungang.example"},
            interval={"min_minutes": 30, "start_minutes": 30, "max_minutes": 30},
        )
    )

    def hour(publish=True, crawl=True):
        if publish:
            site.html("/", f"<p>huiying-canary {iso(clock.now())}</p>")
        if crawl:
            worker.crawl_due()
        canaries.tell(services.store, services.settings, clock.now())
        clock.advance(timedelta(hours=1))

    return hour


def _mails(services):
    with services.store.read() as connection:
        rows = connection.execute(select(outbox.c.recipient, outbox.c.subject).order_by(outbox.c.at)).all()
    return [subject for recipient, subject in rows if recipient == "canary@yungang.example"]


def test_every_hour_brings_one_mail_and_no_document(hourly, services):
    for _ in range(3):
        hourly()
    assert [mail[:6] for mail in _mails(services)] == ["【链路检验】"] * 3
    with services.store.read() as connection:
        assert connection.execute(select(documents)).all() == []


def test_the_same_canary_is_told_once(hourly, services):
    hourly()
    hourly(publish=False)
    assert len(_mails(services)) == 1


@pytest.mark.parametrize("kept_away", [{"publish": False}, {"crawl": False, "publish": False}])
def test_one_that_stays_away_is_told_once_and_its_return_once(hourly, services, kept_away):
    hourly()
    for _ in range(4):
        hourly(**kept_away)
    hourly()
    hourly()
    mails = _mails(services)
    assert [("告警" in mail, "恢复" in mail) for mail in mails] == [
        (False, False), (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_one_that_never_came_is_told_to_the_administrators_too(hourly, services, site):
    site.pages["/"] = Answer(b"", 404)
    for _ in range(4):
        hourly(publish=False)
    assert [mail[:6] for mail in _mails(services)] == ["【链路告警】"]
    with services.store.read() as connection:
        assert connection.execute(select(outbox.c.key)).all() != []


def test_a_page_without_the_line_is_named(site, source, crawling):
    site.html("/", "<p>维护中</p>")
    report = crawling(source("canary")).crawl_due().runs[0]
    assert (report.outcome, report.reason) == ("failed", "not_understood")
