"""What effects are measured from (回应效果的依据): voices and stages of events, never later than the moment asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from pipeline.cases.effect import Voice
from pipeline.document import Polarity, Stage
from pipeline.store.schema.cases import cases
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import changes, event_documents, events

SIMILAR_AT_MOST = 60


def voices(connection: Connection, event_id: str, own_sources: Sequence[str], until: datetime) -> list[Voice]:
    """Every document of an event known before `until`; those of `own_sources` are the office's own."""
    rows = connection.execute(
        select(event_documents.c.known_at, documents.c.source, analyses.c.sentiment, analyses.c.detail)
        .join(documents, documents.c.id == event_documents.c.document_id)
        .join(analyses, analyses.c.document_id == event_documents.c.document_id)
        .where(event_documents.c.event_id == event_id, event_documents.c.known_at < until)
        .order_by(event_documents.c.known_at, event_documents.c.document_id)
    )
    return [
        Voice(
            at=row.known_at,
            negative=row.sentiment == Polarity.NEGATIVE,
            asks=tuple(row.detail.get("asks", ())),
            official=any(name in row.source for name in own_sources),
        )
        for row in rows
    ]


def first_published(connection: Connection, event_id: str, since: datetime) -> datetime | None:
    """When the event was first seen anywhere: the earliest publication of its documents, not before `since`."""
    query = (
        select(func.min(documents.c.published_at))
        .join(event_documents, event_documents.c.document_id == documents.c.id)
        .where(event_documents.c.event_id == event_id, documents.c.published_at >= since)
    )
    return connection.execute(query).scalar_one_or_none()


def stage_at(connection: Connection, event_id: str, moment: datetime) -> str:
    """The stage of an event at a moment, by the journal; 散播 before its first change."""
    row = connection.execute(
        select(changes.c.what)
        .where(changes.c.event_id == event_id, changes.c.type == "stage", changes.c.at <= moment)
        .order_by(changes.c.number.desc())
        .limit(1)
    ).scalar_one_or_none()
    return str(row or Stage.SPREAD)


def similar(
    connection: Connection, event_id: str, own_sources: Sequence[str], age: timedelta, hours: int, at: datetime
) -> list[list[Voice]]:
    """Voices of the latest events of the same topic without a case, old enough for the same stretch to be over by `at`."""
    topic = connection.execute(select(events.c.topic).where(events.c.id == event_id)).scalar_one_or_none()
    if topic is None:
        return []
    with_case = select(cases.c.event_id).where(cases.c.event_id != "")
    ids = connection.execute(
        select(events.c.id)
        .where(
            events.c.topic == topic,
            events.c.id != event_id,
            events.c.merged_into == "",
            events.c.opened_at <= at - age - timedelta(hours=hours),
            events.c.id.not_in(with_case),
        )
        .order_by(events.c.opened_at.desc(), events.c.id)
        .limit(SIMILAR_AT_MOST)
    ).scalars()
    return [voices(connection, other, own_sources, at) for other in ids]
