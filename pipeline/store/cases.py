"""Cases in the store (处置单): the append-only history and its projection. Functions of the caller's connection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from pipeline.cases.facts import AnyFact, read_fact, write_fact
from pipeline.cases.history import EMPTY, Head, Sealed, new_salt, seal
from pipeline.cases.state import FINISHED, CaseState, Entry
from pipeline.cases.steps import apply, fold
from pipeline.store.schema.cases import case_audit, case_changes, case_entries, case_head, cases

HEAD_ROW = 1


def load(connection: Connection, case_id: str) -> CaseState | None:
    """The case as its history makes it; None when there is none (or its content was purged)."""
    found = entries(connection, case_id)
    return fold(found) if found else None


def entries(connection: Connection, case_id: str) -> list[Entry]:
    """The history of one case, oldest first; empty when unknown or purged."""
    rows = connection.execute(
        select(case_entries).where(case_entries.c.case_id == case_id).order_by(case_entries.c.seq)
    ).all()
    if any(row.content is None for row in rows):
        return []
    return [Entry(row.case_id, row.seq, row.at, row.by, read_fact(row.content)) for row in rows]


def append(
    connection: Connection, case: CaseState, case_id: str, facts: Iterable[AnyFact], by: str, at: datetime
) -> tuple[CaseState, list[Entry]]:
    """Write facts at the end of the history, chained; answers the case after them. The projection is `project`'s."""
    head = lock_head(connection)
    made: list[Entry] = []
    rows: list[dict[str, Any]] = []
    for fact in facts:
        entry = Entry(case_id, case.entries + 1, at, by, fact)
        sealed = seal(head, case_id, entry.seq, at, by, fact.kind, write_fact(fact), new_salt())
        rows.append({name: getattr(sealed, name) for name in Sealed.__slots__})
        head = Head(sealed.position, sealed.digest)
        case = apply(case, entry)
        made.append(entry)
    if rows:
        connection.execute(insert(case_entries), rows)
        connection.execute(
            update(case_head).where(case_head.c.id == HEAD_ROW).values(position=head.position, digest=head.digest)
        )
    return case, made


def lock_head(connection: Connection) -> Head:
    """The end of the chain, locked until the transaction ends, so that two writers never take one position."""
    row = connection.execute(select(case_head).where(case_head.c.id == HEAD_ROW).with_for_update()).one_or_none()
    if row is None:
        connection.execute(insert(case_head).values(id=HEAD_ROW, position=EMPTY.position, digest=EMPTY.digest))
        return EMPTY
    return Head(row.position, row.digest)


def head(connection: Connection) -> Head:
    """The end of the chain, unlocked."""
    row = connection.execute(select(case_head).where(case_head.c.id == HEAD_ROW)).one_or_none()
    return Head(row.position, row.digest) if row else EMPTY


def project(connection: Connection, case: CaseState, next_tick: datetime | None) -> None:
    """Bring the row for lists and timers up to the state."""
    values = {
        "number": case.number,
        "origin": case.origin,
        "phase": case.phase,
        "level": case.level,
        "legal_class": case.legal_class,
        "title": case.title,
        "event_id": case.event_id,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "lead_unit": (case.lead_units or ("",))[0],
        "units": list(case.units),
        "entries": case.entries,
        "next_tick": next_tick,
    }
    changed = connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    if not changed.rowcount:
        connection.execute(insert(cases).values(id=case.id, **values))


def due(connection: Connection, at: datetime) -> list[str]:
    """Ids of the cases for which the timers have something to do by `at`, the first opened first."""
    return _first_opened_first(connection, cases.c.next_tick <= at)


def unfinished(connection: Connection, among: Collection[str] | None = None) -> list[str]:
    """Ids of the cases (of `among`, when given) that are neither finished nor purged, the first opened first."""
    where = cases.c.phase.not_in(list(FINISHED)) & cases.c.purged_at.is_(None)
    return _first_opened_first(connection, where if among is None else where & cases.c.id.in_(list(among)))


def _first_opened_first(connection: Connection, where: ColumnElement[bool]) -> list[str]:
    """Ordered here: asked to order, SQLite walks through every case by its opening instead of finding the few."""
    rows = connection.execute(select(cases.c.opened_at, cases.c.id).where(where)).all()
    return [case_id for _, case_id in sorted((row.opened_at, row.id) for row in rows)]


def changed_since(connection: Connection, position: int) -> set[str]:
    """Ids of the cases whose histories have entries behind this position of the chain."""
    query = select(case_entries.c.case_id).where(case_entries.c.position > position)
    return set(connection.execute(query.distinct()).scalars())


def exists(connection: Connection, case_id: str) -> bool:
    return connection.execute(select(cases.c.id).where(cases.c.id == case_id)).first() is not None


def of_event(connection: Connection, event_id: str) -> list[Row[Any]]:
    """The cases of an event, the latest last."""
    query = select(cases).where(cases.c.event_id == event_id).order_by(cases.c.opened_at, cases.c.number)
    return list(connection.execute(query))


def open_of_event(connection: Connection, event_id: str) -> str | None:
    """The unfinished case of an event, if any."""
    rows = [row for row in of_event(connection, event_id) if row.phase not in FINISHED]
    return rows[-1].id if rows else None


def listed(
    connection: Connection,
    *,
    phases: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    origins: Sequence[str] = (),
) -> list[Row[Any]]:
    """Rows for a list, the latest first."""
    query = select(cases).order_by(cases.c.opened_at.desc(), cases.c.number.desc())
    if phases:
        query = query.where(cases.c.phase.in_(phases))
    if origins:
        query = query.where(cases.c.origin.in_(origins))
    if since:
        query = query.where(cases.c.opened_at >= since)
    if until:
        query = query.where(cases.c.opened_at < until)
    return list(connection.execute(query))


def touched(connection: Connection, start: datetime, end: datetime) -> list[CaseState]:
    """Every unpurged case opened before `end` whose history goes on after `start`: what statistics count from."""
    recent = select(case_entries.c.case_id).where(case_entries.c.at >= start).distinct()
    query = select(cases.c.id).where(cases.c.opened_at < end, cases.c.purged_at.is_(None), cases.c.id.in_(recent))
    ids = connection.execute(query.order_by(cases.c.opened_at, cases.c.id)).scalars().all()
    return [case for case_id in ids if (case := load(connection, case_id)) is not None]


def next_number(connection: Connection, start: datetime, end: datetime) -> int:
    """The running number of the next case opened in [start, end): a year."""
    query = select(func.count()).select_from(cases).where(cases.c.opened_at >= start, cases.c.opened_at < end)
    return int(connection.execute(query).scalar_one()) + 1


def precedents(connection: Connection, query: str = "") -> list[CaseState]:
    """Cases kept as worth learning from (典型案例) whose title or lessons contain every word, the latest first."""
    words = query.split()
    found = [load(connection, row.id) for row in listed(connection, phases=("evaluated",)) if row.purged_at is None]
    said = [(case, f"{case.title}{case.evaluation}{''.join(case.lessons)}") for case in found if case]
    return [case for case, text in said if case.precedent and all(word in text for word in words)]


def length(connection: Connection, case_id: str) -> int:
    """How many entries a history has."""
    query = select(func.count()).select_from(case_entries).where(case_entries.c.case_id == case_id)
    return int(connection.execute(query).scalar_one())


def find(connection: Connection, said: str) -> str | None:
    """A case by id or number."""
    query = select(cases.c.id).where((cases.c.id == said) | (cases.c.number == said))
    return connection.execute(query).scalars().first()


def chain(connection: Connection) -> Iterator[Sealed]:
    """The whole chain, in order, as it stands."""
    query = select(case_entries).order_by(case_entries.c.position).execution_options(yield_per=1000)
    for row in connection.execute(query):
        yield Sealed(**{name: getattr(row, name) for name in Sealed.__slots__})


def chain_of(connection: Connection, case_id: str) -> list[Sealed]:
    """The rows of one case, as they stand."""
    rows = connection.execute(
        select(case_entries).where(case_entries.c.case_id == case_id).order_by(case_entries.c.seq)
    )
    return [Sealed(**{name: getattr(row, name) for name in Sealed.__slots__}) for row in rows]


def empty(connection: Connection, case_id: str, at: datetime) -> tuple[int, ...]:
    """Destroy the content of a whole case by retention; answers the positions. The caller writes the record of it."""
    query = select(case_entries.c.position).where(
        case_entries.c.case_id == case_id, case_entries.c.content.is_not(None)
    )
    positions = tuple(connection.execute(query.order_by(case_entries.c.position)).scalars())
    connection.execute(update(case_entries).where(case_entries.c.case_id == case_id).values(content=None, salt=None))
    values = {"title": "（已到期销毁）", "purged_at": at, "next_tick": None}
    connection.execute(update(cases).where(cases.c.id == case_id).values(values))
    gone = {"title": "（已到期销毁）", "text": "（已到期销毁）", "tell": []}
    connection.execute(update(case_changes).where(case_changes.c.case_id == case_id).values(gone))
    return positions


def audit(connection: Connection, at: datetime, by: str, what: str, case_id: str = "", reason: str = "") -> None:
    """Who looked at, exported or unmasked what, when and why."""
    connection.execute(insert(case_audit).values(at=at, by=by, what=what, case_id=case_id, reason=reason))


def audited(connection: Connection, case_id: str = "") -> list[Row[Any]]:
    """The audit trail, the latest first; of one case when given."""
    query = select(case_audit).order_by(case_audit.c.number.desc())
    return list(connection.execute(query.where(case_audit.c.case_id == case_id) if case_id else query))
