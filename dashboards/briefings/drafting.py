"""Drafting by the timetable (定时起草): the daily at its cut-off, the weekly on Monday, the monthly on the first; drafts only.

Who must sign or send is reminded before the hour by which a paper must be out (config/briefings.toml).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import archive, daily, monthly, shelf, weekly
from dashboards.briefings.content import Briefing
from dashboards.briefings.distribution import Distribution
from pipeline.cases.desk import Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.people import Role
from pipeline.clock import shanghai
from pipeline.document import Notice
from pipeline.notices.outbox import enqueue, notice_key
from pipeline.services import Services
from pipeline.store import briefings as store

Writer = Callable[[Connection, Settings, date], Briefing]


def due(services: Services, now: datetime) -> list[Briefing]:
    """Draft what is due and not kept yet; answers what was drafted. A paper of a day is drafted once."""
    made = []
    settings = services.settings
    with services.store.write() as connection:
        for write, day in _wanted(now):
            briefing = write(connection, settings, day)
            if store.get(connection, briefing.id) is None:
                made.append(archive.keep(connection, briefing, now))
    return made


def remind(services: Services, now: datetime) -> int:
    """Tell the spokespersons and who is on duty of a paper that is not out shortly before its hour; once each. How many."""
    settings = services.settings
    if not settings.mail.host:
        return 0
    rules = Distribution.load(settings.file("briefings.toml"))
    with services.store.write() as connection:
        directory = Desk.of(settings).office(connection).directory
        officers = set(now_on_duty(connection, now).officers)
        told = [person for person in directory.all() if person.has(Role.SPOKESPERSON) or person.id in officers]
        new = 0
        for paper in shelf.listed(connection, settings, directory, limit=20):
            start = rules.remind_from(paper.kind, shanghai(paper.cut_off).date())
            if (
                paper.sent_at
                or paper.corrects
                or paper.out_by is None
                or start is None
                or not start <= now < paper.out_by
            ):
                continue
            step = "签发" if paper.state == "draft" else "报送"
            text = f"{paper.title}还没有{step}，应于{shanghai(paper.out_by):%H:%M}前送出。"
            link = f"查看：{settings.office.base_url.rstrip('/')}/briefings/{paper.id}"
            notices = [
                Notice(
                    key=notice_key("briefing-late", paper.id, person.id),
                    at=now,
                    channel="mail",
                    recipient=f"{person.name} <{person.mail}>",
                    subject=f"【待{step}】{paper.title}"[:80],
                    text=f"{text}\n\n{link}",
                    thread=paper.id,
                )
                for person in told
                if person.active and person.mail
            ]
            new += enqueue(connection, notices)
        return new


class Drafting:
    """Drafts on the clock of the working process; looks once an hour, and once a minute whether a paper is late."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._looked: datetime | None = None
        self._minute: datetime | None = None

    def remind_due(self) -> int:
        """How many reminders are new."""
        now = self.services.clock.now()
        minute = now.replace(second=0, microsecond=0)
        if self._minute == minute:
            return 0
        self._minute = minute
        return remind(self.services, now)

    def draft_due(self) -> int:
        """How many papers were drafted now."""
        now = self.services.clock.now()
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._looked == hour:
            return 0
        made = len(due(self.services, now))
        self._looked = hour
        return made


def _wanted(now: datetime) -> list[tuple[Writer, date]]:
    local = shanghai(now)
    today = local.date()
    wanted: list[tuple[Writer, date]] = []
    if local.hour >= daily.CUT_OFF:
        wanted.append((daily.write, today))
    if local.weekday() == 0:
        wanted.append((weekly.write, today - timedelta(days=1)))
    if local.day == 1:
        wanted.append((monthly.write, today - timedelta(days=1)))
    return wanted
