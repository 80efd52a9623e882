"""The papers of one event's life (成套简报): 快报 ×3, 专报, the day's 日报 and the week's 周报, by one call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from dashboards.briefings import archive, daily, export, flash, special, weekly
from dashboards.briefings.content import Briefing
from pipeline.clock import shanghai
from pipeline.services import Services
from pipeline.store import cases as case_store
from pipeline.store.events import resolve
from pipeline.store.schema.events import event_documents

FIRST_AFTER = timedelta(hours=1)
LATER_AFTER = timedelta(hours=8)


def write_set(services: Services, event_id: str, last: datetime, out: Path) -> list[Path]:
    """Write and keep every paper about an event up to `last`; the files, in the order in which an office would write them."""
    files: list[Path] = []
    settings = services.settings
    with services.store.write() as connection:
        event = resolve(connection, event_id)
        first = _first_known(connection, event)
        ended = _ended(connection, event, last)
        made: list[Briefing] = []
        for at, final in ((first + FIRST_AFTER, False), (first + LATER_AFTER, False), (ended, True)):
            made.append(archive.keep(connection, flash.write(connection, settings, event, at, final), last))
        made.append(archive.keep(connection, special.write(connection, settings, event, ended), last))
        made.append(archive.keep(connection, daily.write(connection, settings, _morning_after(first)), last))
        made.append(
            archive.keep(connection, weekly.write(connection, settings, _week_end(shanghai(first).date())), last)
        )
        for briefing in made:
            files += export.write(connection, settings, briefing, out)
    return files


def _first_known(connection: Connection, event_id: str) -> datetime:
    found: datetime = connection.execute(
        select(func.min(event_documents.c.known_at)).where(event_documents.c.event_id == event_id)
    ).scalar_one()
    return found


def _ended(connection: Connection, event_id: str, last: datetime) -> datetime:
    """When its case was closed, else `last`."""
    rows = [row for row in case_store.of_event(connection, event_id) if row.closed_at]
    return min(rows[-1].closed_at + timedelta(minutes=1), last) if rows else last


def _morning_after(first: datetime) -> date:
    """The day whose 07:00 is the first after the event's second hour."""
    local = shanghai(first + FIRST_AFTER)
    return local.date() if local.hour < daily.CUT_OFF else local.date() + timedelta(days=1)


def _week_end(day: date) -> date:
    """The Sunday that ends the week of a day."""
    return day + timedelta(days=6 - day.weekday())
