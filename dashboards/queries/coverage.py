"""What was not heard (覆盖缺口): stretches of hours in which a source brought nothing it should have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select

from pipeline.store.schema.sources import source_hours, sources

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """One source, from `start` to before `end`: about so many documents are missing."""

    source_id: str
    name: str
    start: datetime
    end: datetime
    missing: float
    reason: str


def gaps(connection: Connection, start: datetime, end: datetime) -> list[Gap]:
    """Stretches between `start` and `end`, the latest first; neighbouring hours are one stretch."""
    rows = connection.execute(
        select(source_hours, sources.c.name)
        .join(sources, sources.c.id == source_hours.c.source_id)
        .where(source_hours.c.hour >= start - HOUR, source_hours.c.hour < end, sources.c.enabled)
        .where(
            or_(
                source_hours.c.missing >= 0.5,
                and_(source_hours.c.runs > 0, source_hours.c.failed >= source_hours.c.runs),
            ),
            source_hours.c.backfilled == 0,
        )
        .order_by(source_hours.c.source_id, source_hours.c.hour)
    )
    found: list[Gap] = []
    for row in rows:
        last = found[-1] if found else None
        if last and last.source_id == row.source_id and last.end == row.hour:
            found[-1] = Gap(
                last.source_id,
                last.name,
                last.start,
                row.hour + HOUR,
                last.missing + row.missing,
                row.reason or last.reason,
            )
        else:
            found.append(Gap(row.source_id, row.name, row.hour, row.hour + HOUR, row.missing, row.reason))
    return sorted(found, key=lambda gap: (gap.end, gap.source_id), reverse=True)
