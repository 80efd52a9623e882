"""What has had its time (到期), and its removal: documents, events left empty, notices; and the record of each round.

Every function takes the caller's connection. Rows that hang on a document or event go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, or_, select, update

from pipeline.document import Kind
from pipeline.store.documents import queue_for_index
from pipeline.store.schema.cases import cases
from pipeline.store.schema.digests import event_digests
from pipeline.store.schema.documents import documents
from pipeline.store.schema.events import alerts, changes, event_documents, events
from pipeline.store.schema.feedback import alert_feedback
from pipeline.store.schema.labels import labels
from pipeline.store.schema.notices import outbox
from pipeline.store.schema.retention import retention_rounds


def next_documents(connection: Connection, limits: Mapping[Kind, datetime], most: int) -> list[str]:
    """Ids of documents that came in before their kind's limit and belong to no case that is kept."""
    over = [
        # known_at is never after stored_at, and there is an index on it
        and_(documents.c.kind == kind, documents.c.known_at < limit, documents.c.stored_at < limit)
        for kind, limit in limits.items()
    ]
    held = select(event_documents.c.document_id).where(event_documents.c.event_id.in_(_events_of_cases()))
    query = select(documents.c.id).where(or_(*over), documents.c.id.not_in(held)).limit(most)
    return list(connection.execute(query).scalars())


def forget_documents(connection: Connection, ids: Sequence[str]) -> None:
    """Remove documents, all that was said of them, and their place in the index."""
    connection.execute(delete(labels).where(labels.c.document_id.in_(ids)))
    queue_for_index(connection, ids, deleted=True)
    connection.execute(delete(documents).where(documents.c.id.in_(ids)))


def next_empty_events(connection: Connection, before: datetime, most: int) -> list[str]:
    """Ids of events at rest since before `before` that have no document left and no case that is kept."""
    member = exists().where(event_documents.c.event_id == events.c.id)
    query = (
        select(events.c.id)
        .where(events.c.merged_into == "", events.c.last_at < before, ~member, events.c.id.not_in(_events_of_cases()))
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def forget_events(connection: Connection, ids: Sequence[str]) -> None:
    """Remove events with those merged into them, their alerts, what people said of these, and their journal."""
    merged = connection.execute(select(events.c.id).where(events.c.merged_into.in_(ids))).scalars()
    gone = [*ids, *merged]
    for table in (alert_feedback, alerts, changes, event_digests):
        connection.execute(delete(table).where(table.c.event_id.in_(gone)))
    connection.execute(delete(events).where(events.c.id.in_(gone)))


def forget_notices(connection: Connection, before: datetime, most: int) -> int:
    """Remove notices written before `before` that were sent or given up; how many."""
    old = select(outbox.c.key).where(outbox.c.at < before, outbox.c.state != "waiting").limit(most)
    keys = list(connection.execute(old).scalars())
    connection.execute(delete(outbox).where(outbox.c.key.in_(keys)))
    return len(keys)


def oldest_moment(connection: Connection) -> datetime | None:
    """The time of the oldest document left, as the index orders them."""
    moment = func.coalesce(documents.c.published_at, documents.c.known_at)
    found: datetime | None = connection.execute(select(func.min(moment))).scalar_one()
    return found


def is_over(connection: Connection, began_at: datetime) -> bool:
    """Whether the round that began then has nothing left to do."""
    table = retention_rounds
    query = select(table.c.ended_at).where(table.c.began_at == began_at)
    return connection.execute(query).scalar_one_or_none() is not None


def note(connection: Connection, began_at: datetime, documents: int, events: int, notices: int) -> None:
    """Add what one step removed to the record of its round."""
    table = retention_rounds
    added = {"documents": documents, "events": events, "notices": notices}
    changed = connection.execute(
        update(table)
        .where(table.c.began_at == began_at)
        .values({name: table.c[name] + number for name, number in added.items()})
    )
    if not changed.rowcount:
        connection.execute(insert(table).values(began_at=began_at, **added))


def end(connection: Connection, began_at: datetime, at: datetime, keys: int) -> None:
    """Write down that a round is over."""
    table = retention_rounds
    connection.execute(update(table).where(table.c.began_at == began_at).values(ended_at=at, keys=keys))


def rounds(connection: Connection, most: int = 30) -> list[Row[Any]]:
    """The latest rounds, newest first."""
    query = select(retention_rounds).order_by(retention_rounds.c.began_at.desc()).limit(most)
    return list(connection.execute(query))


def _events_of_cases() -> Select[tuple[str]]:
    """Events of cases whose content is kept: as named by the case, or what they were merged into."""
    kept = and_(cases.c.event_id != "", cases.c.purged_at.is_(None))
    named = select(cases.c.event_id).where(kept)
    into = select(events.c.merged_into).where(events.c.id.in_(named), events.c.merged_into != "")
    return named.union(into)  # type: ignore[return-value]
