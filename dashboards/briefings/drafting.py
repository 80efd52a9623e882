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
