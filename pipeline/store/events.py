"""Events in the store: members, last known state, and the journal of every change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, insert, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.analysis.accusation import accused_units
from pipeline.document import (
    Copy,
    EventState,
    Forecast,
    HeatTerm,
    Judged,
    Kind,
    Observation,
    Placement,
    Scope,
    Stage,
)
from pipeline.store.documents import analysis_columns, analysis_of, document_of, observation_of, queue_for_index
from pipeline.store.schema.documents import analyses, copies, documents, observations
from pipeline.store.schema.events import changes, event_documents, events, flow_state


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the journal: something changed at a moment, for a reason."""

    at: datetime
    type: str  # event | stage | alert | case
    what: str
    reason: str
    event_id: str = ""
    subject: str = ""
    by: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A placed document: what the flow's memory is rebuilt from."""

    judged: Judged
    event_id: str
    copy: Copy | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """How far a lane has come: the moment it has reached, and the last tick of its grid."""

    at: datetime
    ticked_at: datetime


def record(connection: Connection, batch: Sequence[Change]) -> None:
    """Append to the journal."""
    if batch:
        names = [f.name for f in fields(Change)]
        connection.execute(insert(changes), [{name: getattr(c, name) for name in names} for c in batch])


def journal(
    connection: Connection, after: int = 0, event_id: str = "", limit: int | None = None
) -> Iterator[tuple[int, Change]]:
    """The journal in order, numbered; of one event when `event_id` is given."""
    query = select(changes).where(changes.c.number > after).order_by(changes.c.number)
    if event_id:
        query = query.where(changes.c.event_id == event_id)
    for row in connection.execute(query.limit(limit) if limit else query):
        change = Change(row.at, row.type, row.what, row.reason, row.event_id, row.subject, row.by, row.detail)
        yield row.number, change


def add_members(connection: Connection, placements: Sequence[tuple[Placement, datetime]]) -> None:
    """Keep which event each document joined, when and why."""
    if placements:
        connection.execute(
            insert(event_documents),
            [
                {
                    "document_id": p.document_id,
                    "event_id": p.event_id,
                    "known_at": at,
                    "score": p.score,
                    "reason": p.reason,
                }
                for p, at in placements
            ],
        )


def redirect(connection: Connection, merged: str, kept: str) -> None:
    """`merged` is now part of `kept`: its documents move, its id keeps answering."""
    connection.execute(
        update(events).where(or_(events.c.id == merged, events.c.merged_into == merged)).values(merged_into=kept)
    )
    moved = connection.execute(
        select(event_documents.c.document_id).where(event_documents.c.event_id == merged)
    ).scalars()
    queue_for_index(connection, list(moved))
    connection.execute(update(event_documents).where(event_documents.c.event_id == merged).values(event_id=kept))


def save_states(connection: Connection, states: Sequence[EventState]) -> None:
    """Keep events as last computed; a title that a person gave stays."""
    if not states:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(events)
    values: dict[str, Any] = {c.name: c for c in statement.excluded if c.name in _STATE_COLUMNS}
    values["title"] = case((events.c.named_by == "", statement.excluded.title), else_=events.c.title)
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=values)
    connection.execute(statement, [_event_row(state) for state in states])


def resolve(connection: Connection, event_id: str) -> str:
    """The id that answers for `event_id` today (itself, unless it was merged)."""
    into = connection.execute(select(events.c.merged_into).where(events.c.id == event_id)).scalar_one_or_none()
    return into or event_id


def members(connection: Connection, start: datetime, before: datetime | None = None) -> Iterator[Member]:
    """Documents placed from `start` on (and before `before`), with their events' ids, in the order of placing."""
    table = event_documents
    until = table.c.known_at < before if before else true()
    yield from _members(connection, and_(table.c.known_at >= start, until))


def _members(connection: Connection, where: ColumnElement[bool]) -> Iterator[Member]:
    table = event_documents
    rows = connection.execute(
        select(
            documents,
            *analysis_columns(),
            table.c.event_id,
            table.c.known_at.label("placed_at"),
            copies.c.original_id,
            copies.c.similarity,
            copies.c.how,
        )
        .join(table, table.c.document_id == documents.c.id)
        .join(analyses, analyses.c.document_id == documents.c.id)
        .outerjoin(copies, copies.c.document_id == documents.c.id)
        .where(where)
        .order_by(table.c.number),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        copy = Copy(row.id, row.original_id, row.similarity, row.how) if row.original_id else None
        yield Member(Judged(document_of(row), analysis_of(row)), row.event_id, copy, row.placed_at)


def members_of(connection: Connection, event_ids: Sequence[str]) -> Iterator[Member]:
    """All documents of these events, in the order of placing."""
    return _members(connection, event_documents.c.event_id.in_(list(event_ids)))


def observations_of(connection: Connection, event_ids: Sequence[str]) -> Iterator[tuple[str, Observation]]:
    """Counters that the flow has counted, of the documents of these events, with their events' ids, by time."""
    table = event_documents
    rows = connection.execute(
        select(observations, table.c.event_id)
        .join(table, table.c.document_id == observations.c.document_id)
        .where(observations.c.applied.is_(True), table.c.event_id.in_(list(event_ids)))
        .order_by(observations.c.at, observations.c.document_id),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        yield row.event_id, observation_of(row)


def live_states(connection: Connection, since: datetime) -> list[EventState]:
    """Events with something since `since`, as last computed, oldest first."""
    rows = connection.execute(
        select(events.c.state)
        .where(events.c.last_at >= since, events.c.merged_into == "")
        .order_by(events.c.opened_at, events.c.id)
    )
    return [state_of(row.state) for row in rows]


def get_state(connection: Connection, event_id: str) -> EventState | None:
    state = connection.execute(select(events.c.state).where(events.c.id == event_id)).scalar_one_or_none()
    return state_of(state) if state else None


def parted(connection: Connection, since: datetime) -> list[tuple[str, str]]:
    """Pairs of events, with something since then, that a person has split, by the ids that answer for them today."""
    pairs = connection.execute(
        select(changes.c.event_id, changes.c.detail).where(
            changes.c.type == "event", changes.c.what == "split", changes.c.by != ""
        )
    ).all()
    found = {
        tuple(sorted((resolve(connection, pair.event_id), resolve(connection, pair.detail["new"])))) for pair in pairs
    }
    ids = {name for pair in found for name in pair}
    live = set(connection.execute(select(events.c.id).where(events.c.id.in_(ids), events.c.last_at >= since)).scalars())
    return sorted((left, right) for left, right in found if left != right and {left, right} <= live)


def assignments(connection: Connection) -> list[tuple[str, str]]:
    """(document id, final event id) of every placed document, by document id."""
    rows = connection.execute(
        select(event_documents.c.document_id, event_documents.c.event_id).order_by(event_documents.c.document_id)
    )
    return [(row.document_id, row.event_id) for row in rows]


def load_position(connection: Connection, lane: str) -> Position | None:
    row = connection.execute(select(flow_state).where(flow_state.c.name == lane)).one_or_none()
    if row is None:
        return None
    return Position(row.at, datetime.fromisoformat(row.detail["ticked_at"]))


def save_position(connection: Connection, lane: str, position: Position) -> None:
    values = {"at": position.at, "detail": {"ticked_at": position.ticked_at.isoformat()}}
    changed = connection.execute(
        update(flow_state).where(flow_state.c.name == bindparam("lane")).values(values), {"lane": lane}
    )
    if not changed.rowcount:
        connection.execute(insert(flow_state).values(name=lane, **values))


_MOMENTS = ("at", "opened_at", "last_at", "stage_since")
_STATE_COLUMNS = (
    "last_at", "stage", "stage_since", "stage_reason", "heat", "documents", "negative", "scope", "topic", "state",
)  # fmt: skip


def _event_row(state: EventState) -> dict[str, Any]:
    detail = _flat(state)
    detail["heat_terms"] = [_flat(term) for term in state.heat_terms]
    detail["forecasts"] = [_flat(forecast) for forecast in state.forecasts]
    detail |= {name: detail[name].isoformat() for name in _MOMENTS}
    return {
        "id": state.event_id,
        "title": state.title,
        "first_document_id": state.first_document_id,
        "opened_at": state.opened_at,
        "last_at": state.last_at,
        "stage": state.stage,
        "stage_since": state.stage_since,
        "stage_reason": state.stage_reason,
        "heat": state.heat,
        "documents": state.documents,
        "negative": state.negative,
        "scope": state.scope,
        "topic": state.topic,
        "state": detail,
    }


def _flat(record: EventState | HeatTerm | Forecast) -> dict[str, Any]:
    """Its fields by name, as they are: dataclasses.asdict copies every value deeply, for each event of each commit."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def state_of(detail: Mapping[str, Any]) -> EventState:
    """An EventState from the JSON that `save_states` kept."""
    values = dict(detail)
    values |= {name: datetime.fromisoformat(values[name]) for name in _MOMENTS}
    values |= {name: tuple(values[name]) for name in ("kinds", "sources", "places", "departments")}
    values["stage"], values["scope"] = Stage(values["stage"]), Scope(values["scope"])
    values["heat_terms"] = tuple(HeatTerm(**term) for term in values["heat_terms"])
    values["forecasts"] = tuple(Forecast(**forecast) for forecast in values["forecasts"])
    return EventState(**values)


def members_of_live(connection: Connection, since: datetime, before: datetime | None = None) -> Iterator[Member]:
    """All documents of every event that has one placed since `since` (and before `before`), in the order of placing."""
    table = event_documents
    live = select(table.c.event_id).where(table.c.known_at >= since, table.c.known_at < before if before else true())
    until = table.c.known_at < before if before else true()
    yield from _members(connection, and_(table.c.event_id.in_(live), until))


def local_voices(
    connection: Connection, letters_since: datetime, posts_since: datetime, before: datetime | None = None
) -> Iterator[tuple[Judged, datetime]]:
    """(document, moment placed) of letters since one moment and of all else since a later one: what early signs need."""
    table = event_documents
    until = table.c.known_at < before if before else true()
    letters = documents.c.kind.in_([kind.value for kind in (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE)])
    wanted = or_(and_(letters, table.c.known_at >= letters_since), table.c.known_at >= posts_since)
    for member in _members(connection, and_(wanted, until)):
        yield member.judged, member.at


def observations_of_live(
    connection: Connection, since: datetime, before: datetime | None = None
) -> Iterator[tuple[str, Observation]]:
    """Counters that the flow has counted, of the documents of `members_of_live`, with their events' ids, by time."""
    table = event_documents
    live = select(table.c.event_id).where(table.c.known_at >= since, table.c.known_at < before if before else true())
    rows = connection.execute(
        select(observations, table.c.event_id)
        .join(table, table.c.document_id == observations.c.document_id)
        .where(observations.c.applied.is_(True), table.c.event_id.in_(live))
        .where(observations.c.at < before if before else true())
        .order_by(observations.c.at, observations.c.document_id),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        yield row.event_id, observation_of(row)


def arrivals(connection: Connection, since: datetime, before: datetime | None = None) -> Iterator[tuple[str, datetime]]:
    """(source, moment placed) of every document placed from `since` on: what is normal is counted from it."""
    table = event_documents
    rows = connection.execute(
        select(documents.c.source, documents.c.kind, table.c.known_at)
        .join(table, table.c.document_id == documents.c.id)
        .where(table.c.known_at >= since, table.c.known_at < before if before else true())
        .order_by(table.c.number),
        execution_options={"yield_per": 5000},
    )
    for row in rows:
        yield row.source or row.kind, row.known_at


def texts_since(
    connection: Connection, start: datetime, before: datetime | None
) -> Iterator[tuple[str, str, datetime]]:
    """(document id, text, moment placed) from `start` on, in the order of placing: what copies are looked for in."""
    table = event_documents
    rows = connection.execute(
        select(documents.c.id, documents.c.text, table.c.known_at)
        .join(table, table.c.document_id == documents.c.id)
        .where(table.c.known_at >= start, table.c.known_at < before if before else true())
        .order_by(table.c.number),
        execution_options={"yield_per": 1000},
    )
    for row in rows:
        yield row.id, row.text, row.known_at


def event_of(connection: Connection, document_id: str) -> str | None:
    """The event that a document is in."""
    event_id: str | None = connection.execute(
        select(event_documents.c.event_id).where(event_documents.c.document_id == document_id)
    ).scalar_one_or_none()
    return event_id


def accused(connection: Connection, event_id: str) -> tuple[str, ...]:
    """Units that reports of wrongdoing in this event name: they never lead its case."""
    rows = connection.execute(
        select(analyses.c.detail["accusation"].as_string().label("accusation"))
        .join(event_documents, event_documents.c.document_id == analyses.c.document_id)
        .where(event_documents.c.event_id == event_id, analyses.c.detail["accusation"].as_string() != "")
        .distinct()
    )
    return tuple(sorted({unit for row in rows for unit in accused_units(row.accusation)}))
