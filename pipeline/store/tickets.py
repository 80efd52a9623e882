"""Hotline tickets in the store (工单): what the latest export said of each. Every function takes the caller's connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from pipeline.document import Document, Satisfaction, Ticket
from pipeline.store.schema.documents import documents
from pipeline.store.schema.tickets import tickets
from pipeline.store.sources import upsert

_CHANGING = ("number", "category", "unit", "term", "due_at", "done_at", "closed", "satisfaction")


def save(connection: Connection, batch: Iterable[Document]) -> None:
    """Keep what these documents' tickets say now in place of what they said."""
    rows = {d.id: {"document_id": d.id, **_values(d.ticket)} for d in batch if d.ticket is not None}
    if rows:
        connection.execute(upsert(connection, tickets, ("document_id",), _CHANGING), list(rows.values()))


def of_document(connection: Connection, document_id: str) -> Ticket | None:
    row = connection.execute(select(tickets).where(tickets.c.document_id == document_id)).one_or_none()
    return _ticket(row) if row else None


def with_term(connection: Connection, before: datetime) -> int:
    """How many tickets that were known before `before` have a term that can be watched."""
    return _count(connection, documents.c.known_at < before, tickets.c.due_at.is_not(None))


def overdue(connection: Connection, at: datetime) -> dict[str, int]:
    """Tickets whose term was over at `at` and that were not done by then, by unit in charge ('' = not said)."""
    query = (
        select(tickets.c.unit, func.count())
        .join(documents, documents.c.id == tickets.c.document_id)
        .where(documents.c.known_at < at, tickets.c.due_at < at, _open_at(at))
        .group_by(tickets.c.unit)
    )
    return {str(unit): int(count) for unit, count in connection.execute(query)}


def answers(connection: Connection, start: datetime, end: datetime) -> dict[Satisfaction, int]:
    """How callers answered whose tickets were done from `start` to before `end`; the unasked are not among them."""
    query = (
        select(tickets.c.satisfaction, func.count())
        .where(tickets.c.done_at >= start, tickets.c.done_at < end, tickets.c.satisfaction != "")
        .group_by(tickets.c.satisfaction)
    )
    return {Satisfaction(said): int(count) for said, count in connection.execute(query)}


def _open_at(at: datetime) -> ColumnElement[bool]:
    return or_(tickets.c.done_at >= at, and_(tickets.c.done_at.is_(None), tickets.c.closed.is_(False)))


def _count(connection: Connection, *where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(tickets.join(documents, documents.c.id == tickets.c.document_id))
    return int(connection.execute(query.where(*where)).scalar_one())


def _values(ticket: Ticket | None) -> dict[str, Any]:
    return {**asdict(ticket), "satisfaction": ticket.satisfaction or ""} if ticket else {}


def _ticket(row: Row[Any]) -> Ticket:
    said = Satisfaction(row.satisfaction) if row.satisfaction else None
    return Ticket(row.number, row.category, row.unit, row.term, row.due_at, row.done_at, row.closed, said)
