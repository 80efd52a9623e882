"""Documents in the store: saving what was collected, handing it to the flow, keeping its analysis.

Every function takes the caller's connection, so that a step's writes share one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.document import (
    Analysis,
    Copy,
    Counts,
    DepartmentGuess,
    Document,
    Judged,
    Kind,
    Observation,
    PlaceMention,
    Polarity,
    Reply,
    Scope,
    Secrecy,
    Sentiment,
    Suggestion,
    Topic,
)
from pipeline.store.schema.documents import analyses, copies, documents, observations, pending_index, quarantine
from pipeline.trace_ids import trace_of

COUNTERS = tuple(f.name for f in fields(Counts))
_TEXTS = ("document_id", "masked_title", "masked_text")


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a batch: new documents, observations of known ones, lines that added nothing."""

    new: int = 0
    observed: int = 0
    repeated: int = 0


def save(connection: Connection, batch: Sequence[Document], at: datetime) -> Saved:
    """Keep documents. A known id with a later `collected_at` is an observation of its counters; the same again is nothing.

    `at` is when they became known here, used for those without `collected_at`; history without one keeps its own
    `published_at` as the time that orders it. Authors must be pseudonyms already: borders (crawlers, import, push) go
    through `pipeline.intake.Intake.take`, which sees to it.
    """
    earlier = known_times(connection, [document.id for document in batch])
    fresh: dict[str, dict[str, Any]] = {}
    observed = repeated = 0
    later: list[Observation] = []
    for document in batch:
        known = known_moment(document, at)
        if document.id not in earlier:
            earlier[document.id] = known
            fresh[document.id] = _document_row(document, known, at)
        elif known > earlier[document.id]:
            later.append(Observation(document.id, known, document.counts))
        else:
            repeated += 1
    if fresh:
        connection.execute(insert_ignoring(connection, documents), list(fresh.values()))
    for observation in later:
        kept = observe(connection, observation)
        observed += kept
        repeated += not kept
    return Saved(len(fresh), observed, repeated)


def known_times(connection: Connection, document_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these became known here; ids that the store lacks are left out."""
    found: dict[str, datetime] = {}
    for start in range(0, len(document_ids), 500):
        rows = connection.execute(
            select(documents.c.id, documents.c.known_at).where(documents.c.id.in_(document_ids[start : start + 500]))
        )
        found.update((row.id, row.known_at) for row in rows)
    return found


def known_moment(document: Document, at: datetime) -> datetime:
    """collected_at, else published_at, else now: and never before it was published."""
    return document.collected_at or document.published_at or at


def observe(connection: Connection, observation: Observation) -> bool:
    """Keep counters seen later. False when this moment, or nothing new since the last one, is already kept."""
    last = connection.execute(
        select(*[observations.c[name] for name in COUNTERS], observations.c.deleted)
        .where(observations.c.document_id == observation.document_id, observations.c.at <= observation.at)
        .order_by(observations.c.at.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        last = connection.execute(
            select(*[documents.c[name] for name in COUNTERS]).where(documents.c.id == observation.document_id)
        ).one_or_none()
        if last is None:
            return False
        seen = (*last, False)
    else:
        seen = tuple(last)
    now = (*(getattr(observation.counts, name) for name in COUNTERS), observation.deleted)
    if now == seen:
        return False
    values = {name: getattr(observation.counts, name) for name in COUNTERS}
    values |= {"document_id": observation.document_id, "at": observation.at, "deleted": observation.deleted}
    kept = connection.execute(insert_ignoring(connection, observations).values(values)).rowcount
    if kept and observation.deleted:
        connection.execute(
            update(documents)
            .where(documents.c.id == observation.document_id, documents.c.deleted_at.is_(None))
            .values(deleted_at=observation.at)
        )
    return bool(kept)


def add_reply(connection: Connection, document_id: str, reply: Reply) -> bool:
    """Keep a reply that came after its message was collected. False when one is kept already."""
    kept = connection.execute(select(documents.c.reply).where(documents.c.id == document_id)).one_or_none()
    if kept is None or kept.reply:
        return False
    connection.execute(update(documents).where(documents.c.id == document_id).values(reply=_reply_value(reply)))
    queue_for_index(connection, [document_id])
    return True


def unanalysed(connection: Connection, limit: int) -> list[Document]:
    """The next documents to analyse, oldest known first."""
    rows = connection.execute(
        select(documents).where(documents.c.state == "new").order_by(documents.c.known_at, documents.c.id).limit(limit)
    )
    return [document_of(row) for row in rows]


def save_analyses(connection: Connection, batch: Sequence[Analysis]) -> None:
    """Keep analyses and move their documents on. Repeating it changes nothing."""
    if not batch:
        return
    connection.execute(insert_ignoring(connection, analyses), [analysis_row(a) for a in batch])
    connection.execute(
        update(documents)
        .where(documents.c.id == bindparam("key"), documents.c.state == "new")
        .values(state="analysed"),
        [{"key": a.document_id} for a in batch],
    )


def unplaced(connection: Connection, limit: int, before: datetime | None = None) -> list[Judged]:
    """The next analysed documents that have no event yet, known before `before`, in the flow's order."""
    query = select(documents, *analysis_columns()).join(analyses).where(documents.c.state == "analysed")
    if before is not None:
        query = query.where(documents.c.known_at < before)
    rows = connection.execute(query.order_by(documents.c.known_at, documents.c.id).limit(limit)).all()
    return [Judged(document_of(row), analysis_of(row)) for row in rows]


def are_waiting(connection: Connection) -> bool:
    """True while some document is not judged and placed yet (those in quarantine do not wait)."""
    query = select(documents.c.id).where(documents.c.state.in_(("new", "analysed"))).limit(1)
    return connection.execute(query).first() is not None


def earliest_waiting(connection: Connection) -> datetime | None:
    """When the oldest document that is not analysed yet became known: the flow must not overtake it."""
    moment: datetime | None = connection.execute(
        select(func.min(documents.c.known_at)).where(documents.c.state == "new")
    ).scalar_one()
    return moment


def unapplied_observations(connection: Connection, until: datetime | None) -> list[Observation]:
    """Counters seen up to `until` that the flow has not counted yet, of documents that are placed or about to be."""
    query = (
        select(observations)
        .join(documents)
        .where(observations.c.applied.is_(False), documents.c.state.in_(("placed", "analysed")))
        .where(documents.c.known_at <= observations.c.at)
    )
    if until is not None:
        query = query.where(observations.c.at <= until)
    rows = connection.execute(query.order_by(observations.c.at, observations.c.document_id))
    return [observation_of(row) for row in rows]


def mark_applied(connection: Connection, batch: Iterable[Observation]) -> None:
    rows = [{"key": o.document_id, "moment": o.at} for o in batch]
    if rows:
        connection.execute(
            update(observations)
            .where(observations.c.document_id == bindparam("key"), observations.c.at == bindparam("moment"))
            .values(applied=True),
            rows,
        )


def mark_placed(connection: Connection, document_ids: Sequence[str]) -> None:
    rows = [{"key": key} for key in document_ids]
    if rows:
        connection.execute(update(documents).where(documents.c.id == bindparam("key")).values(state="placed"), rows)
        queue_for_index(connection, document_ids)


def queue_for_index(connection: Connection, document_ids: Sequence[str], deleted: bool = False) -> None:
    """The search index is behind the store for these documents. Queued again: the indexer may be at the older state."""
    if not document_ids:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(pending_index)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[pending_index.c.document_id],
            set_={"deleted": statement.excluded.deleted, "version": pending_index.c.version + 1},
        ),
        [{"document_id": key, "deleted": deleted} for key in document_ids],
    )


def save_copies(connection: Connection, found: Sequence[Copy]) -> None:
    if found:
        connection.execute(insert_ignoring(connection, copies), [asdict(copy) for copy in found])


def failed(connection: Connection, document_id: str, at: datetime, reason: str, most_tries: int = 3) -> bool:
    """Count a failed try; after `most_tries` the document goes to quarantine with its reason. True when it did."""
    tries = connection.execute(select(documents.c.tries).where(documents.c.id == document_id)).scalar_one() + 1
    gone = bool(tries >= most_tries)
    values: dict[str, Any] = {"tries": tries} | ({"state": "quarantined"} if gone else {})
    connection.execute(update(documents).where(documents.c.id == document_id).values(values))
    if gone:
        connection.execute(
            insert_ignoring(connection, quarantine).values(document_id=document_id, at=at, reason=reason)
        )
    return gone


def get(connection: Connection, document_id: str) -> Document | None:
    row = connection.execute(select(documents).where(documents.c.id == document_id)).one_or_none()
    return document_of(row) if row else None


def judged(connection: Connection, document_ids: Sequence[str]) -> dict[str, Judged]:
    """Documents with their analyses, by id."""
    rows = connection.execute(
        select(documents, *analysis_columns()).join(analyses).where(documents.c.id.in_(document_ids))
    )
    return {row.id: Judged(document_of(row), analysis_of(row)) for row in rows}


def document_of(row: Row[Any]) -> Document:
    reply = row.reply
    return Document(
        id=row.id,
        text=row.text,
        kind=Kind(row.kind),
        source=row.source,
        url=row.url,
        title=row.title,
        author=row.author,
        published_at=row.published_at,
        collected_at=row.collected_at,
        counts=Counts(**{name: getattr(row, name) for name in COUNTERS}),
        repost_of=row.repost_of,
        place=row.place,
        reply=Reply(reply["text"], reply["department"], _moment(reply["at"])) if reply else None,
        secrecy=Secrecy(row.secrecy),
    )


def observation_of(row: Row[Any]) -> Observation:
    counts = Counts(**{name: getattr(row, name) for name in COUNTERS})
    return Observation(row.document_id, row.at, counts, row.deleted)


def analysis_row(analysis: Analysis) -> dict[str, Any]:
    detail = {key: value for key, value in asdict(analysis).items() if key not in _TEXTS}
    return {
        "document_id": analysis.document_id,
        "language": analysis.language,
        "sentiment": analysis.sentiment.label,
        "score": analysis.sentiment.score,
        "confidence": analysis.sentiment.confidence,
        "topic": analysis.topic.label,
        "scope": analysis.scope,
        "title": analysis.masked_title,
        "text": analysis.masked_text,
        "detail": detail,
        "digest": analysis.digest,
    }


def analysis_of(row: Row[Any]) -> Analysis:
    """An Analysis from a row that carries `analysis_columns()`."""
    detail = dict(row.detail)
    sentiment, topic = detail.pop("sentiment"), detail.pop("topic")
    detail |= {
        "sentiment": Sentiment(
            Polarity(sentiment["label"]), sentiment["score"], sentiment["confidence"], tuple(sentiment["reasons"])
        ),
        "topic": Topic(**{**topic, "reasons": tuple(topic["reasons"])}),
        "scope": Scope(detail["scope"]),
        "places": tuple(PlaceMention(**p) for p in detail["places"]),
        "departments": tuple(DepartmentGuess(**d) for d in detail["departments"]),
        "opinion_kind": _suggestion(detail["opinion_kind"]),
        "rumour": _suggestion(detail["rumour"]),
        "asks": tuple(detail["asks"]),
    }
    return Analysis(document_id=row.document_id, masked_title=row.masked_title, masked_text=row.masked_text, **detail)


def analysis_columns() -> list[Any]:
    return [
        analyses.c.document_id,
        analyses.c.detail,
        analyses.c.title.label("masked_title"),
        analyses.c.text.label("masked_text"),
    ]


def _suggestion(value: dict[str, Any] | None) -> Suggestion | None:
    return Suggestion(value["label"], value["confidence"], tuple(value["reasons"])) if value else None


def _document_row(document: Document, known: datetime, at: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {f.name: getattr(document, f.name) for f in fields(document)}
    counts, reply = row.pop("counts"), row.pop("reply")
    del row["ticket"]  # in a table of its own, since exports bring it up to date
    row |= {name: getattr(counts, name) for name in COUNTERS}
    row |= {"known_at": known, "stored_at": at, "reply": None, "trace": trace_of(document.id)}
    if document.collected_at is None and document.published_at is None:
        row["collected_at"] = known
    if reply:
        row["reply"] = _reply_value(reply)
    return row


def _reply_value(reply: Reply) -> dict[str, Any]:
    return {"text": reply.text, "department": reply.department, "at": reply.at and reply.at.isoformat()}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def insert_ignoring(connection: Connection, table: Any) -> Any:
    """INSERT … ON CONFLICT DO NOTHING on either engine."""
    dialect = connection.dialect.name
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing()
