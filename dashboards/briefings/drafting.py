"""Drafting by the timetable (定时起草): the daily at its cut-off, the weekly on Monday, the monthly on the first; drafts only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import archive, daily, monthly, weekly
from dashboards.briefings.content import Briefing
from pipeline.clock import shanghai
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


class Drafting:
    """Drafts on the clock of the working process; looks once an hour."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._looked: datetime | None = None

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
