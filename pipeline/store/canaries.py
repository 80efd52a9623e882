"""Canaries in the store (金丝雀): when the last was seen, by when the next must be. Functions take the caller's connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from pipeline.store.schema.canaries import canaries
from pipeline.store.schema.sources import sources
from pipeline.store.sources import upsert


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a visit saw: the time that the item bore (None: nothing readable) and by when the next must have been seen."""

    published_at: datetime | None
    due_by: datetime
    recipient: str = ""


def note(connection: Connection, source_id: str, name: str, seen: Sighting, at: datetime) -> None:
    """Keep a sighting. One that bears no later time than the last changes nothing but whom to tell."""
    row = {"source_id": source_id, "name": name, "recipient": seen.recipient, "due_by": seen.due_by}
    connection.execute(upsert(connection, canaries, ("source_id",), ("name", "recipient")).values(row))
    if seen.published_at is not None:
        later = or_(canaries.c.published_at.is_(None), canaries.c.published_at < seen.published_at)
        values = {"published_at": seen.published_at, "seen_at": at, "due_by": seen.due_by, "told_at": None}
        connection.execute(update(canaries).where(canaries.c.source_id == source_id, later).values(values))


def untold(connection: Connection, at: datetime) -> list[Row[Any]]:
    """Canaries that were seen and not told, or are missing at `at` and that is not told; only of sources switched on."""
    seen = canaries.c.published_at.is_not(None) & canaries.c.told_at.is_(None)
    missing = (canaries.c.due_by < at) & canaries.c.missed_at.is_(None)
    query = (
        select(canaries)
        .join(sources, sources.c.id == canaries.c.source_id)
        .where(sources.c.enabled, or_(seen, missing))
    )
    return list(connection.execute(query.order_by(canaries.c.source_id)))


def told(connection: Connection, source_id: str, at: datetime) -> None:
    """The last canary stands in the outbox; when it came in time, it is not missing any more."""
    of_it = update(canaries).where(canaries.c.source_id == source_id)
    connection.execute(of_it.values(told_at=at))
    connection.execute(of_it.where(canaries.c.due_by >= at).values(missed_at=None))


def missed(connection: Connection, source_id: str, at: datetime) -> None:
    """Its absence stands in the outbox."""
    connection.execute(update(canaries).where(canaries.c.source_id == source_id).values(missed_at=at))
