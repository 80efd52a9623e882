"""The coverage ledger in the store (覆盖台账): by source and hour, and the changes of health that people are told.

Every function takes the caller's connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from pipeline.store.schema.sources import source_changes, source_hours, sources
from pipeline.store.sources import upsert

_BETWEEN = select(source_hours).where(source_hours.c.hour >= bindparam("start"), source_hours.c.hour < bindparam("end"))
_OF_ONE = _BETWEEN.where(source_hours.c.source_id == bindparam("key")).order_by(source_hours.c.hour)
_CHANGING = ("expected", "received", "runs", "failed", "missing", "reason", "backfilled")


@dataclass(frozen=True, slots=True)
class HourEntry:
    """One source in one hour. `missing` are documents that likely were not had; `backfilled` came later."""

    source_id: str
    hour: datetime
    expected: float = 0.0
    received: int = 0
    runs: int = 0
    failed: int = 0
    missing: float = 0.0
    reason: str = ""
    backfilled: int = 0


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A source broke, fell silent or was mended: told once."""

    source_id: str
    name: str
    at: datetime
    health: str  # broken | silent | ok
    reason: str


@dataclass(frozen=True, slots=True)
class Unwell:
    """A source that is broken or silent now: `since` its last new document; `expected` what should have come by `at`."""

    source_id: str
    name: str
    kind: str
    health: str
    since: datetime
    at: datetime
    expected: float
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What can be said of a stretch of time (“没有发现”的依据): nothing found is a fact only where nothing is missing."""

    start: datetime
    end: datetime
    sources: int
    runs: int
    failed: int
    received: int
    missing: float
    gaps: tuple[tuple[str, datetime, str], ...]  # source, hour, reason

    @property
    def complete(self) -> bool:
        return self.sources > 0 and not self.gaps and self.missing < 0.5


def entries(connection: Connection, start: datetime, end: datetime, source_ids: Sequence[str] = ()) -> list[HourEntry]:
    """The ledger from `start` to before `end`, by hour and source."""
    query, asked = _BETWEEN, {"start": start, "end": end}
    if source_ids:
        query = query.where(source_hours.c.source_id.in_(list(source_ids)))
    return [
        _entry(row) for row in connection.execute(query.order_by(source_hours.c.hour, source_hours.c.source_id), asked)
    ]


def entries_of(connection: Connection, source_id: str, start: datetime, end: datetime) -> list[HourEntry]:
    """The ledger of one source: asked at every visit."""
    return [_entry(row) for row in connection.execute(_OF_ONE, {"key": source_id, "start": start, "end": end})]


def write(connection: Connection, batch: Sequence[HourEntry]) -> None:
    """Put entries in place of what the ledger says of their hours."""
    if batch:
        rows = [{name: getattr(entry, name) for name in ("source_id", "hour", *_CHANGING)} for entry in batch]
        connection.execute(upsert(connection, source_hours, ("source_id", "hour"), _CHANGING), rows)


def tell(connection: Connection, source_id: str, at: datetime, health: str, reason: str) -> None:
    """A change of health; one row for each, so that it is told once."""
    statement = upsert(connection, source_changes, ("source_id", "at"), ("health", "reason"))
    connection.execute(statement.values(source_id=source_id, at=at, health=health, reason=reason))


def changes(connection: Connection, after: datetime, until: datetime) -> list[SourceChange]:
    """Changes later than `after`, up to and with `until`, in their order."""
    rows = connection.execute(
        select(source_changes, sources.c.name)
        .join(sources, sources.c.id == source_changes.c.source_id)
        .where(source_changes.c.at > after, source_changes.c.at <= until)
        .order_by(source_changes.c.at, source_changes.c.source_id)
    )
    return [SourceChange(row.source_id, row.name, row.at, row.health, row.reason) for row in rows]


def unwell(connection: Connection, at: datetime) -> list[Unwell]:
    """Sources that are broken or silent as of their last run, by id: what the rules on 信源中断 test."""
    query = select(sources).where(sources.c.enabled, sources.c.health.in_(("broken", "silent"))).order_by(sources.c.id)
    return [
        Unwell(row.id, row.name, row.kind, row.health, since, at, row.lacking, row.reason)
        for row in connection.execute(query)
        if (since := row.last_new or row.health_since) is not None and since <= at
    ]


def statement(connection: Connection, start: datetime, end: datetime, source_ids: Sequence[str] = ()) -> Statement:
    """What was looked at from `start` to `end` and what is missing; an hour that was never looked at is a gap too."""
    found = entries(connection, start, end, source_ids)
    looked = {(entry.source_id, entry.hour): entry for entry in found}
    asked = list(source_ids) or list(
        connection.execute(select(sources.c.id).where(sources.c.enabled).order_by(sources.c.id)).scalars()
    )
    gaps = tuple(
        (entry.source_id, entry.hour, entry.reason) for entry in found if entry.missing >= 0.5 or _unseen(entry)
    )
    silent = [key for key in asked if not any(looked_key[0] == key for looked_key in looked)]
    return Statement(
        start=start,
        end=end,
        sources=len(asked),
        runs=sum(entry.runs for entry in found),
        failed=sum(entry.failed for entry in found),
        received=sum(entry.received + entry.backfilled for entry in found),
        missing=sum(entry.missing for entry in found),
        gaps=gaps + tuple((key, start, "not_run") for key in silent),
    )


def by_hour(found: Sequence[HourEntry]) -> Mapping[datetime, HourEntry]:
    return {entry.hour: entry for entry in found}


def _unseen(entry: HourEntry) -> bool:
    """Nobody looked in this hour, or every look failed; and no later look has made up for it."""
    return bool(entry.reason) and entry.failed >= entry.runs


def _entry(row: Row[Any]) -> HourEntry:
    return HourEntry(
        row.source_id, row.hour, row.expected, row.received, row.runs, row.failed, row.missing, row.reason,
        row.backfilled,
    )  # fmt: skip
