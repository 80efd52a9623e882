"""Cases for lists and clocks (处置单一览): many cases in two statements, each the fold of its history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from dashboards.keeping import Kept
from pipeline.cases.clocks import ClockView, Standing, clocks
from pipeline.cases.facts import read_fact
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.people import Person
from pipeline.cases.permissions import View, view
from pipeline.cases.state import FINISHED, CaseState, Entry
from pipeline.cases.steps import fold
from pipeline.store.schema.cases import case_audit, case_changes, case_entries, cases

MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that somebody must look at: which case, which duty, how it stands."""

    case: CaseState
    clock: ClockView


_folded = Kept(most=5000)


def load_many(connection: Connection, where: ColumnElement[bool], limit: int = 500) -> list[CaseState]:
    """Unpurged cases for which `where` (on the projection) holds, the latest opened first.

    A history only grows: the state after so many entries is kept, and only what has grown is read and folded again.
    """
    query = select(cases.c.id, cases.c.entries).where(where, cases.c.purged_at.is_(None))
    wanted = connection.execute(query.order_by(cases.c.opened_at.desc()).limit(limit)).all()
    store = str(connection.engine.url)
    found = {row.id: _folded.find((store, row.id, row.entries)) for row in wanted}
    grown = [key for key, case in found.items() if case is None]
    if grown:
        rows = connection.execute(
            select(case_entries)
            .where(case_entries.c.case_id.in_(grown))
            .order_by(case_entries.c.case_id, case_entries.c.seq)
        )
        for key, part in groupby(rows, key=lambda row: row.case_id):
            case = fold(Entry(row.case_id, row.seq, row.at, row.by, read_fact(row.content)) for row in part)
            _folded.put((store, key, case.entries), case)
            found[key] = case
    return [case for row in wanted if (case := found[row.id]) is not None]


def unfinished(connection: Connection) -> list[CaseState]:
    return load_many(connection, cases.c.phase.not_in([phase.value for phase in FINISHED]))


def touched(connection: Connection, start: datetime, end: datetime) -> list[CaseState]:
    """Cases opened before `end` whose history goes on after `start`, the first opened first: what statistics count from."""
    recent = select(case_entries.c.case_id).where(case_entries.c.at >= start).distinct()
    found = load_many(connection, (cases.c.opened_at < end) & cases.c.id.in_(recent), MOST_COUNTED)
    return list(reversed(found))


def of_events(connection: Connection, event_ids: Sequence[str]) -> list[CaseState]:
    return load_many(connection, cases.c.event_id.in_(list(event_ids))) if event_ids else []


def seen_by(found: Iterable[CaseState], person: Person) -> list[CaseState]:
    """Those that the person may see at all."""
    return [case for case in found if view(person, case) is not View.NONE]


def running(found: Iterable[CaseState], mechanism: Mechanism, at: datetime) -> list[Running]:
    """Clocks that run or are overdue, nearest deadline first."""
    open_ones = (Standing.RUNNING, Standing.OVERDUE)
    views = [Running(case, one) for case in found for one in clocks(case, mechanism, at) if one.standing in open_ones]
    return sorted(views, key=lambda each: (each.clock.due, each.case.id))


def changes_of(connection: Connection, case_id: str, limit: int = 200) -> list[Row[Any]]:
    query = select(case_changes).where(case_changes.c.case_id == case_id).order_by(case_changes.c.at.desc())
    return list(connection.execute(query.limit(limit)))


def looks_at(connection: Connection, limit: int = 300, what: str = "", by: str = "") -> list[Row[Any]]:
    """The audit trail, the latest first."""
    query = select(case_audit, cases.c.number.label("case_number")).outerjoin(cases, cases.c.id == case_audit.c.case_id)
    if what:
        query = query.where(case_audit.c.what == what)
    if by:
        query = query.where(case_audit.c.by == by)
    return list(connection.execute(query.order_by(case_audit.c.number.desc()).limit(limit)))
