"""文档: one document, its judgement, its event, its copies, its ticket. Seven statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from pipeline.document import Judged, Observation, Ticket
from pipeline.store import documents as document_store
from pipeline.store import evidence, tickets
from pipeline.store.evidence import Capture
from pipeline.store.schema.documents import copies, observations
from pipeline.store.schema.events import event_documents, events


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """Everything on the page of a document."""

    judged: Judged
    event: Any
    copies: tuple[Row[Any], ...]
    observed: tuple[Observation, ...]
    captures: tuple[Capture, ...]
    ticket: Ticket | None


def read(connection: Connection, document_id: str) -> DocumentPage | None:
    judged = document_store.judged(connection, [document_id]).get(document_id)
    if judged is None:
        return None
    event = connection.execute(
        select(events.c.id, events.c.title, event_documents.c.reason, event_documents.c.score)
        .join(event_documents, event_documents.c.event_id == events.c.id)
        .where(event_documents.c.document_id == document_id)
    ).one_or_none()
    copied = connection.execute(
        select(copies)
        .where((copies.c.document_id == document_id) | (copies.c.original_id == document_id))
        .order_by(copies.c.document_id)
        .limit(50)
    ).all()
    seen = connection.execute(
        select(observations).where(observations.c.document_id == document_id).order_by(observations.c.at)
    )
    return DocumentPage(
        judged,
        event,
        tuple(copied),
        tuple(document_store.observation_of(row) for row in seen),
        tuple(evidence.of_document(connection, document_id)),
        tickets.of_document(connection, document_id),
    )
