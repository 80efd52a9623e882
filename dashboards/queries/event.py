"""事件: what is it, how did it spread, what do people think? At most twelve statements; what is costly is kept ready (pipeline.digesting)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from dashboards.queries import alike, published
from dashboards.queries.alike import Alike
from dashboards.queries.hours import hour_bucket, hour_of
from pipeline import digesting
from pipeline.cases.state import CaseState
from pipeline.clock import shanghai
from pipeline.digesting import Digest, latest
from pipeline.document import EventState, Judged, Polarity
from pipeline.events.consequences import PastCase
from pipeline.store.events import state_of
from pipeline.store.schema.documents import analyses, copies, documents
from pipeline.store.schema.events import alerts, changes, event_documents, events

LISTED = 30


@dataclass(frozen=True, slots=True)
class Spread:
    """One source of the event: when it first spoke, how often, how many of these were copies."""

    kind: str
    source: str
    first: datetime
    documents: int
    copied: int
    negative: int


@dataclass(frozen=True, slots=True)
class Told:
    """A document as listed: itself, and how many copies are folded under it."""

    judged: Judged
    copies: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of the timeline."""

    start: datetime
    documents: int
    negative: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Everything on the page of an event."""

    row: Row[Any]
    state: EventState
    words: Digest
    timeline: tuple[Bucket, ...]
    stages: tuple[Row[Any], ...]
    history: tuple[Row[Any], ...]
    spread: tuple[Spread, ...]
    listed: tuple[Told, ...]
    cases: tuple[CaseState, ...]
    alerts: tuple[Row[Any], ...]
    similar: tuple[Alike, ...]
    past: tuple[PastCase, ...]
    opinion_kind: str
    published: published.Published


def find(connection: Connection, event_id: str) -> Row[Any] | None:
    """The event's row; of a merged one, the row that answers for it."""
    row = connection.execute(select(events).where(events.c.id == event_id)).one_or_none()
    if row is not None and row.merged_into:
        return connection.execute(select(events).where(events.c.id == row.merged_into)).one_or_none()
    return row


def read(connection: Connection, row: Row[Any]) -> EventPage:
    """The page of one event. A digest that is missing is made on the spot (and kept by the pipeline when it is idle)."""
    state = state_of(row.state)
    judged = latest(connection, row.id, LISTED + 20)
    words = digesting.kept(connection, row.id, row.documents)
    history = connection.execute(select(changes).where(changes.c.event_id == row.id).order_by(changes.c.number)).all()
    handled = alike.read(connection, row)
    return EventPage(
        row=row,
        state=state,
        words=words or digesting.make(latest(connection, row.id, digesting.READ)),
        timeline=timeline(connection, row.id),
        stages=tuple(one for one in history if one.type == "stage"),
        history=tuple(history),
        spread=_spread(connection, row.id),
        listed=_folded(connection, judged),
        cases=handled.own,
        alerts=tuple(connection.execute(select(alerts).where(alerts.c.event_id == row.id).order_by(alerts.c.at))),
        similar=_similar(row, state, handled.others),
        past=tuple(handled.past),
        opinion_kind=alike.opinion_kind(current(handled.own), judged),
        published=published.of_event(connection, row.id, handled.own),
    )


def current(own: Sequence[CaseState]) -> CaseState | None:
    """The case that answers for the event: the latest that was not folded into another."""
    return next((case for case in own if not case.folded_into), None)


def timeline(connection: Connection, event_id: str) -> tuple[Bucket, ...]:
    """Documents by the hour, by six hours or by the day, whichever gives at most about 100 bars."""
    table = event_documents
    bucket = hour_bucket(connection, table.c.known_at)
    rows = connection.execute(
        select(
            bucket.label("hour"),
            func.count().label("documents"),
            func.sum(case((analyses.c.sentiment == Polarity.NEGATIVE.value, 1), else_=0)).label("negative"),
        )
        .join(analyses, analyses.c.document_id == table.c.document_id)
        .where(table.c.event_id == event_id)
        .group_by(bucket)
        .order_by(bucket)
    ).all()
    counted = [(hour_of(row.hour), row.documents, row.negative) for row in rows]
    if not counted:
        return ()
    hours = (counted[-1][0] - counted[0][0]).total_seconds() / 3600
    step = 1 if hours <= 120 else 6 if hours <= 600 else 24
    summed: dict[datetime, list[int]] = {}
    for moment, count, negative in counted:
        local = shanghai(moment)
        start = local.replace(hour=local.hour // step * step)
        cell = summed.setdefault(start, [0, 0])
        cell[0] += count
        cell[1] += negative
    start, end = min(summed), max(summed)
    found: list[Bucket] = []
    while start <= end and len(found) < 1000:
        count, negative = summed.get(start, [0, 0])
        found.append(Bucket(start, count, negative))
        start += timedelta(hours=step)
    return tuple(found)


def _spread(connection: Connection, event_id: str) -> tuple[Spread, ...]:
    """By source, in the order in which they first spoke."""
    said_at = func.coalesce(documents.c.published_at, documents.c.known_at)
    rows = connection.execute(
        select(
            documents.c.kind,
            documents.c.source,
            func.min(said_at, type_=documents.c.known_at.type).label("first"),
            func.count().label("documents"),
            func.count(copies.c.document_id).label("copied"),
            func.sum(case((analyses.c.sentiment == Polarity.NEGATIVE.value, 1), else_=0)).label("negative"),
        )
        .join(event_documents, event_documents.c.document_id == documents.c.id)
        .join(analyses, analyses.c.document_id == documents.c.id)
        .outerjoin(copies, copies.c.document_id == documents.c.id)
        .where(event_documents.c.event_id == event_id)
        .group_by(documents.c.kind, documents.c.source)
        .order_by(func.min(said_at))
    )
    return tuple(Spread(row.kind, row.source, row.first, row.documents, row.copied, row.negative) for row in rows)


def _folded(connection: Connection, judged: Sequence[Judged]) -> tuple[Told, ...]:
    """The latest documents, each with the copies of it that lie under it."""
    rows = connection.execute(
        select(copies.c.document_id, copies.c.original_id).where(
            copies.c.document_id.in_([one.document.id for one in judged])
        )
    )
    original = {row.document_id: row.original_id for row in rows}
    present = {one.document.id for one in judged}
    under = Counter(to for key, to in original.items() if to in present)
    own = [one for one in judged if original.get(one.document.id) not in present]
    return tuple(Told(one, under[one.document.id]) for one in reversed(own))[:LISTED]


def _similar(row: Row[Any], state: EventState, others: Sequence[Alike]) -> tuple[Alike, ...]:
    """The earlier ones, those of the same finer topic and place first, then the latest."""
    earlier: dict[str, Alike] = {}
    for one in others:
        if one.row.opened_at < row.last_at:
            earlier.setdefault(one.row.id, one)
    return tuple(sorted(earlier.values(), key=lambda one: -_likeness(state, one.state))[:4])


def _likeness(state: EventState, other: EventState) -> int:
    return 2 * (state.topic_sub == other.topic_sub and state.topic_sub != "") + len(
        set(state.places) & set(other.places)
    )
