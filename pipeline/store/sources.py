"""Sources in the store (信源): the timetable's state, claims, runs, pages seen, and learned places of sites.

Every function takes the caller's connection. A source is claimed by one worker at a time, and each due moment has one row
in `source_runs`, so that two machines never crawl one source twice and no due run is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Table, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.document import Counts
from pipeline.store import leases
from pipeline.store.schema.documents import documents, observations
from pipeline.store.schema.sources import page_quarantine, pages, site_places, source_hours, source_runs, sources

_ONE = select(sources).where(sources.c.id == bindparam("key"))
_ONE_FOR_UPDATE = _ONE.with_for_update()
FILL = "fill_since"  # in a source's memory: a person asked for what was published from that moment on
COUNTERS = ("likes", "reposts", "comments", "reads", "dislikes")


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as the timetable and the health page know it."""

    id: str
    name: str
    kind: str
    enabled: bool
    interval: timedelta
    next_due: datetime
    last_run: datetime | None
    last_success: datetime | None
    last_new: datetime | None
    failures: int
    health: str
    health_since: datetime | None
    reason: str
    rate_fast: float
    rate_slow: float
    rated_at: datetime | None
    memory: dict[str, Any]
    definition: str
    profile: tuple[float, ...] = ()
    profiled_at: datetime | None = None
    known_since: datetime | None = None
    longest_quiet: timedelta = timedelta(0)

    @property
    def fill_since(self) -> datetime | None:
        """From when a person wants it filled (补采); None when nobody asked, or a good run has done it."""
        asked = self.memory.get(FILL)
        return datetime.fromisoformat(asked) if asked else None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to crawl a source for one due moment."""

    source_id: str
    due_at: datetime
    state: SourceState


def register(
    connection: Connection, source_id: str, name: str, kind: str, enabled: bool, interval: timedelta, due: datetime
) -> None:
    """Enter a source, or bring its name, kind and switch up to date; its state stays."""
    known = connection.execute(select(sources.c.id).where(sources.c.id == source_id)).one_or_none()
    if known:
        connection.execute(
            update(sources).where(sources.c.id == source_id).values(name=name, kind=kind, enabled=enabled)
        )
        return
    connection.execute(
        upsert(connection, sources, ("id",), ()).values(
            id=source_id,
            name=name,
            kind=kind,
            enabled=enabled,
            interval_seconds=interval.total_seconds(),
            next_due=due,
            memory={},
        )
    )


def define(connection: Connection, source_id: str, definition: str, person: str) -> None:
    """Keep the TOML of a source that was added in the office, and who added it."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(definition=definition, added_by=person))


def definitions(connection: Connection) -> dict[str, str]:
    """The TOML of every source that was added in the office, by id."""
    rows = connection.execute(select(sources.c.id, sources.c.definition).where(sources.c.definition != ""))
    return {row.id: row.definition for row in rows}


def fill(connection: Connection, source_id: str, since: datetime | None, now: datetime) -> bool:
    """Ask the next run, which is due now, to read back to `since` (None: no longer). False while a run is going on."""
    row = connection.execute(_ONE_FOR_UPDATE, {"key": source_id}).one()
    if row.holder and row.held_until and row.held_until > now:
        return False
    memory = {name: value for name, value in (row.memory or {}).items() if name != FILL}
    values: dict[str, Any] = {"memory": memory}
    if since is not None:
        values = {"memory": memory | {FILL: since.isoformat()}, "next_due": now}
    connection.execute(update(sources).where(sources.c.id == source_id).values(values))
    return True


def disable_others(connection: Connection, kept: Iterable[str]) -> None:
    """Sources that no file or office defines any more are switched off, never deleted: their ledger stays."""
    connection.execute(update(sources).where(sources.c.id.not_in(list(kept))).values(enabled=False))


def states(connection: Connection, only_enabled: bool = True) -> list[SourceState]:
    """All sources by id."""
    query = select(sources).order_by(sources.c.id)
    return [_state(row) for row in connection.execute(query.where(sources.c.enabled) if only_enabled else query)]


def state(connection: Connection, source_id: str) -> SourceState | None:
    row = connection.execute(_ONE, {"key": source_id}).one_or_none()
    return _state(row) if row else None


def claim(
    connection: Connection,
    source_id: str,
    worker: str,
    now: datetime,
    lasting: timedelta,
    host: str,
    early: bool = False,
) -> Claim | None:
    """Take a due source for one run; None when it is not due, held by another worker, or its host is.

    `early` takes it although it is not due yet (a person asked for it): that run's due moment is now.
    """
    row = connection.execute(_ONE_FOR_UPDATE, {"key": source_id}).one_or_none()
    if row is None or (row.holder and row.holder != worker and row.held_until and row.held_until > now):
        return None
    if row.next_due > now and not early:
        return None
    if host and not leases.take(connection, f"host:{host}", worker, lasting):
        return None
    due = min(row.next_due, now)
    held = {"holder": worker, "held_until": now + lasting, "last_run": now}
    _set(connection, sources, {"id": source_id}, held)
    run = {"source_id": source_id, "due_at": due, "started_at": now, "outcome": "running", "missed": [], "warnings": []}
    connection.execute(upsert(connection, source_runs, ("source_id", "due_at"), ("started_at", "outcome")), run)
    return Claim(source_id, due, _state(row))


def let_host_go(connection: Connection, host: str, worker: str) -> None:
    """Other workers may crawl this host again."""
    leases.give_back(connection, f"host:{host}", worker)


def finish(connection: Connection, claim: Claim, run: dict[str, Any], values: dict[str, Any]) -> None:
    """Close a run: `run` are columns of its row, `values` the source's new state (next_due, interval, health …)."""
    _set(connection, source_runs, {"source_id": claim.source_id, "due_at": claim.due_at}, run)
    _set(connection, sources, {"id": claim.source_id}, {**values, "holder": "", "held_until": None})


def postpone(connection: Connection, source_id: str, until: datetime) -> None:
    """Nothing before `until`, for a source that is not running."""
    connection.execute(update(sources).where(sources.c.id == source_id).values(next_due=until))


def earliest_due(connection: Connection) -> datetime | None:
    moment: datetime | None = connection.execute(
        select(func.min(sources.c.next_due)).where(sources.c.enabled)
    ).scalar_one()
    return moment


def runs(connection: Connection, source_id: str, limit: int = 50) -> list[Row[Any]]:
    """The latest runs of a source, newest first."""
    query = select(source_runs).where(source_runs.c.source_id == source_id).order_by(source_runs.c.due_at.desc())
    return list(connection.execute(query.limit(limit)))


def forget(connection: Connection, runs_before: datetime, notes_before: datetime) -> None:
    """Drop old rows of runs; and, much later, old hours of the ledger and notes of pages."""
    connection.execute(delete(source_runs).where(source_runs.c.started_at < runs_before))
    connection.execute(delete(source_hours).where(source_hours.c.hour < notes_before))
    connection.execute(delete(pages).where(pages.c.last_at < notes_before))


# ---------------------------------------------------------------------- pages
def pages_by_key(connection: Connection, source_id: str, keys: Sequence[str]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        found += connection.execute(select(pages).where(pages.c.source_id == source_id, pages.c.key.in_(part)))
    return found


def pages_due(connection: Connection, source_id: str, now: datetime, limit: int) -> list[Row[Any]]:
    """Known documents' pages that should be looked at again, longest due first."""
    return list(
        connection.execute(
            select(pages)
            .where(pages.c.source_id == source_id, pages.c.next_visit <= now, pages.c.gone_at.is_(None))
            .order_by(pages.c.next_visit, pages.c.key)
            .limit(limit)
        )
    )


def keep_pages(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Note pages that were visited. An earlier visit's first time and document stay."""
    changing = ("document_id", "etag", "last_modified", "sha256", "last_at", "visits", "next_visit", "gone_at")
    if rows:
        connection.execute(upsert(connection, pages, ("source_id", "key"), changing), list(rows))


def quarantine_page(connection: Connection, row: dict[str, Any]) -> None:
    statement = upsert(connection, page_quarantine, ("source_id", "key"), ("at", "reason", "detail", "capture_id"))
    connection.execute(statement.values(row))


def quarantined(connection: Connection, source_id: str = "", limit: int = 100) -> list[Row[Any]]:
    query = select(page_quarantine).order_by(page_quarantine.c.at.desc()).limit(limit)
    return list(connection.execute(query.where(page_quarantine.c.source_id == source_id) if source_id else query))


def release_pages(connection: Connection, source_id: str, keys: Sequence[str]) -> None:
    """Pages that are understood now leave quarantine."""
    for start in range(0, len(keys), 500):
        part = page_quarantine.c.key.in_(keys[start : start + 500])
        connection.execute(delete(page_quarantine).where(page_quarantine.c.source_id == source_id, part))


def known_documents(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these documents the store has."""
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        found |= set(connection.execute(select(documents.c.id).where(documents.c.id.in_(part))).scalars())
    return found


def last_counts(connection: Connection, document_id: str) -> Counts:
    """The counters of a document as last seen."""
    columns = [observations.c[name] for name in COUNTERS]
    row = connection.execute(
        select(*columns).where(observations.c.document_id == document_id).order_by(observations.c.at.desc()).limit(1)
    ).one_or_none()
    if row is None:
        columns = [documents.c[name] for name in COUNTERS]
        row = connection.execute(select(*columns).where(documents.c.id == document_id)).one_or_none()
    return Counts(*row) if row else Counts()


def recent_documents(
    connection: Connection, source: str, kind: str, since: datetime, limit: int
) -> list[tuple[str, str, datetime]]:
    """Id, address and time of a source's latest documents: whose counters are worth asking again."""
    rows = connection.execute(
        select(documents.c.id, documents.c.url, documents.c.known_at)
        .where(documents.c.source == source, documents.c.kind == kind, documents.c.known_at >= since)
        .where(or_(documents.c.deleted_at.is_(None)))
        .order_by(documents.c.known_at.desc())
        .limit(limit)
    )
    return [(row.id, row.url, row.known_at) for row in rows]


# ---------------------------------------------------------------------- learned places
def all_places(connection: Connection) -> dict[str, dict[str, list[str]]]:
    """What was learned of every site, by host: shape of address → places."""
    return {row.host: row.places for row in connection.execute(select(site_places))}


def save_places(connection: Connection, host: str, places: dict[str, list[str]], at: datetime) -> None:
    """Keep what is known of a host now in place of what was."""
    statement = upsert(connection, site_places, ("host",), ("places", "at"))
    connection.execute(statement.values(host=host, places=places, at=at))


def _set(connection: Connection, table: Table, keys: dict[str, Any], values: dict[str, Any]) -> None:
    parameters = {f"key_{name}": value for name, value in keys.items()}
    parameters |= {f"new_{name}": value for name, value in values.items()}
    connection.execute(_update(table, tuple(keys), tuple(sorted(values))), parameters)


@cache
def _update(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Update:
    """Built once: every visit updates the same columns, and building the statement costs more than running it."""
    where = (table.c[name] == bindparam(f"key_{name}") for name in keys)
    return update(table).where(*where).values({name: bindparam(f"new_{name}") for name in columns})


def upsert(connection: Connection, table: Table, keys: Sequence[str], changing: Sequence[str]) -> Any:
    """INSERT … ON CONFLICT (keys) DO UPDATE of `changing` columns, on either engine; without any, DO NOTHING."""
    return _upsert(connection.dialect.name, table, tuple(keys), tuple(changing))


@cache
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], changing: tuple[str, ...]) -> Any:
    insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not changing:
        return insert.on_conflict_do_nothing()
    return insert.on_conflict_do_update(index_elements=list(keys), set_={c: insert.excluded[c] for c in changing})


def _state(row: Row[Any]) -> SourceState:
    return SourceState(
        id=row.id,
        name=row.name,
        kind=row.kind,
        enabled=row.enabled,
        interval=timedelta(seconds=row.interval_seconds),
        next_due=row.next_due,
        last_run=row.last_run,
        last_success=row.last_success,
        last_new=row.last_new,
        failures=row.failures,
        health=row.health,
        health_since=row.health_since,
        reason=row.reason,
        rate_fast=row.rate_fast,
        rate_slow=row.rate_slow,
        rated_at=row.rated_at,
        memory=dict(row.memory or {}),
        definition=row.definition,
        profile=tuple(row.profile or ()),
        profiled_at=row.profiled_at,
        known_since=row.known_since,
        longest_quiet=timedelta(hours=row.longest_quiet_hours),
    )
