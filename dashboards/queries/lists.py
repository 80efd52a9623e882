"""事件一览 and 预警一览: filtered, sorted, paged. Two statements each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from pipeline.store.schema.events import alerts, events

PAGE = 40
SORTS = {
    "heat": (events.c.heat.desc(), events.c.id),
    "last": (events.c.last_at.desc(), events.c.id),
    "documents": (events.c.documents.desc(), events.c.id),
}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What is asked of the list; '' = all."""

    stage: str = ""
    scope: str = ""
    topic: str = ""
    words: str = ""
    sort: str = "last"


def read_events(connection: Connection, asked: EventFilter, page: int) -> tuple[int, list[Row[Any]]]:
    """How many there are, and one page of them."""
    where = [events.c.merged_into == ""]
    for column, value in ((events.c.stage, asked.stage), (events.c.scope, asked.scope), (events.c.topic, asked.topic)):
        if value:
            where.append(column == value)
    if asked.words:
        where.append(events.c.title.contains(asked.words, autoescape=True))
    total = int(connection.execute(select(func.count()).select_from(events).where(*where)).scalar_one())
    query = select(events).where(*where).order_by(*SORTS.get(asked.sort, SORTS["last"]))
    return total, list(connection.execute(query.limit(PAGE).offset(page * PAGE)))


@dataclass(frozen=True, slots=True)
class TownLine:
    """A town or street on the map: live events that name it, their documents, the negative ones among them."""

    name: str
    events: int
    documents: int
    negative: int


def by_town(connection: Connection, towns: Sequence[str], since: datetime) -> list[TownLine]:
    """Towns in the order of the configuration. An event counts for every town that it names."""
    query = select(events.c.documents, events.c.negative, events.c.state["places"].label("places")).where(
        events.c.merged_into == "", events.c.last_at >= since, events.c.stage != "quiet"
    )
    counted = {town: [0, 0, 0] for town in towns}
    for row in connection.execute(query.order_by(events.c.last_at.desc()).limit(2000)):
        for town in counted.keys() & set(row.places or ()):
            for at, value in enumerate((1, row.documents, row.negative)):
                counted[town][at] += value
    return [TownLine(town, *numbers) for town, numbers in counted.items()]


def read_alerts(connection: Connection, since: datetime, level: int = 0) -> list[Row[Any]]:
    """Alerts raised or grown since, the latest first."""
    query = (
        select(alerts, events.c.title.label("event_title"), events.c.stage.label("event_stage"))
        .outerjoin(events, events.c.id == alerts.c.event_id)
        .where(alerts.c.updated_at >= since)
        .order_by(alerts.c.updated_at.desc(), alerts.c.id)
        .limit(300)
    )
    return list(connection.execute(query.where(alerts.c.level == level) if level else query))


def alert(connection: Connection, alert_id: str) -> Row[Any] | None:
    return connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
