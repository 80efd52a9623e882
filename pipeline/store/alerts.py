"""Alerts in the store: one row per alert, updated as its event grows; the journal keeps every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from pipeline.document import Alert, Stage
from pipeline.store.schema.events import alerts


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert with how big its event was when it last grew (None: it has no event)."""

    alert: Alert
    documents: int
    stage: Stage | None


def save(connection: Connection, alert: Alert, documents: int = 0, stage: Stage | None = None) -> None:
    """Keep a raised or grown alert; `at` of a new one stays when it grows."""
    values: dict[str, Any] = {
        "updated_at": alert.at,
        "title": alert.title,
        "reason": alert.reason,
        "legal_class": alert.legal_class,
        "event_id": alert.event_id,
        "evidence": list(alert.evidence),
        "audience": list(alert.audience),
        "documents": documents,
        "stage": stage or "",
    }
    if connection.execute(update(alerts).where(alerts.c.id == alert.id).values(values)).rowcount:
        return
    values |= {
        "id": alert.id,
        "rule": alert.rule,
        "at": alert.at,
        "level": alert.level,
    }
    connection.execute(insert(alerts).values(values))


def all_since(connection: Connection, since: datetime) -> Iterator[StoredAlert]:
    """Alerts raised or grown since `since`, in the order in which they were raised."""
    query = (
        select(alerts).where(or_(alerts.c.at >= since, alerts.c.updated_at >= since)).order_by(alerts.c.at, alerts.c.id)
    )
    for row in connection.execute(query):
        yield StoredAlert(alert_of(row), row.documents, Stage(row.stage) if row.stage else None)


def latest_of_event(connection: Connection, event_id: str) -> Alert | None:
    """The alert of the event that was raised or grew last; None = it has none."""
    query = (
        select(alerts).where(alerts.c.event_id == event_id).order_by(alerts.c.updated_at.desc(), alerts.c.id).limit(1)
    )
    row = connection.execute(query).one_or_none()
    return alert_of(row) if row else None


def move_event(connection: Connection, merged: str, kept: str) -> None:
    """Alerts of a merged event are now the kept one's."""
    connection.execute(update(alerts).where(alerts.c.event_id == merged).values(event_id=kept))


def alert_of(row: Row[Any]) -> Alert:
    """`at` is when it last grew, as it was when the flow handed it over."""
    return Alert(
        id=row.id,
        rule=row.rule,
        at=row.updated_at,
        level=row.level,
        legal_class=row.legal_class,
        title=row.title,
        reason=row.reason,
        event_id=row.event_id,
        evidence=tuple(row.evidence),
        audience=tuple(row.audience),
    )
