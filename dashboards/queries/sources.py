"""信源: health, hours, runs. Five statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from dashboards.queries.coverage import Gap, gaps
from pipeline.store import ledger, sources
from pipeline.store.ledger import HourEntry
from pipeline.store.schema.documents import documents
from pipeline.store.sources import SourceState

HOURS = 24


@dataclass(frozen=True, slots=True)
class Line:
    """One source with its last hours, oldest first (None: nothing is known of that hour)."""

    state: SourceState
    hours: tuple[HourEntry | None, ...]

    @property
    def received(self) -> int:
        return sum(entry.received + entry.backfilled for entry in self.hours if entry)

    @property
    def expected(self) -> float:
        return sum(entry.expected for entry in self.hours if entry)


def read(connection: Connection, at: datetime, hours: int = HOURS) -> tuple[list[Line], list[datetime], list[Gap]]:
    """All sources, the hours shown, and the gaps in them; what is broken first."""
    last = at.replace(minute=0, second=0, microsecond=0)
    shown = [last - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    known = {
        (entry.source_id, entry.hour): entry
        for entry in ledger.entries(connection, shown[0], last + timedelta(hours=1))
    }
    lines = [
        Line(state, tuple(known.get((state.id, hour)) for hour in shown))
        for state in sources.states(connection, only_enabled=False)
    ]
    order = {"broken": 0, "silent": 1, "new": 2, "ok": 3}
    lines.sort(key=lambda line: (not line.state.enabled, order.get(line.state.health, 2), line.state.name))
    return lines, shown, gaps(connection, shown[0], at)


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One source: state, last runs, pages that were not understood, latest documents."""

    line: Line
    hours: tuple[datetime, ...]
    runs: tuple[Row[Any], ...]
    quarantined: tuple[Row[Any], ...]
    latest: tuple[Any, ...]
    held: int


def read_one(connection: Connection, source_id: str, at: datetime) -> SourcePage | None:
    state = sources.state(connection, source_id)
    if state is None:
        return None
    last = at.replace(minute=0, second=0, microsecond=0)
    shown = tuple(last - timedelta(hours=back) for back in range(71, -1, -1))
    known = {
        entry.hour: entry for entry in ledger.entries(connection, shown[0], last + timedelta(hours=1), [source_id])
    }
    latest = connection.execute(
        select(documents.c.id, documents.c.known_at, documents.c.published_at)
        .where(documents.c.source == state.name)
        .order_by(documents.c.known_at.desc())
        .limit(10)
    ).all()
    held = connection.execute(select(func.count()).where(documents.c.source == state.name)).scalar_one()
    return SourcePage(
        Line(state, tuple(known.get(hour) for hour in shown)),
        shown,
        tuple(sources.runs(connection, source_id, 20)),
        tuple(sources.quarantined(connection, source_id, 20)),
        tuple(latest),
        held,
    )
