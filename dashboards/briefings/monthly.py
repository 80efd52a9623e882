"""月报: a calendar month, with the body of the weekly one."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import weekly
from dashboards.briefings.content import Briefing, BriefingKind
from dashboards.briefings.material import Period, at_clock


def write(connection: Connection, settings: Settings, day: date) -> Briefing:
    """The month that `day` lies in."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    period = Period(at_clock(day.replace(day=1).isoformat(), 0), at_clock(following.isoformat(), 0))
    return weekly.write_period(connection, settings, BriefingKind.MONTHLY, period)
