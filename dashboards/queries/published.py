"""已发布事实: what the office has published of an event, and which of its documents say otherwise. One statement, when there are facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from pipeline.cases.published import Differing, Fact, differing, published_facts
from pipeline.cases.state import CaseState
from pipeline.store.schema.documents import analyses, copies, documents
from pipeline.store.schema.events import event_documents

READ = 400  # latest documents that are held against the facts; copies say what their originals say


@dataclass(frozen=True, slots=True)
class Marked:
    """A document that differs from a published fact."""

    document_id: str
    kind: str
    source: str
    at: datetime
    shown: str
    marks: tuple[Differing, ...]

    @property
    def only_ours(self) -> bool:
        """It repeats numbers of ours that we have corrected, nothing else."""
        return all(mark.ours is not None for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Published:
    """Facts in force, the latest first; documents that differ, those after publication first."""

    facts: tuple[Fact, ...] = ()
    marked: tuple[Marked, ...] = ()

    @property
    def by_document(self) -> dict[str, Marked]:
        return {one.document_id: one for one in self.marked}


def of_event(connection: Connection, event_id: str, cases: Sequence[CaseState]) -> Published:
    """The published facts of the event's cases, held against its documents."""
    facts = published_facts(cases)
    if not facts:
        return Published()
    rows = connection.execute(
        select(
            documents.c.id,
            documents.c.kind,
            documents.c.source,
            documents.c.published_at,
            documents.c.known_at,
            analyses.c.title,
            analyses.c.text,
        )
        .join(event_documents, event_documents.c.document_id == documents.c.id)
        .join(analyses, analyses.c.document_id == documents.c.id)
        .outerjoin(copies, copies.c.document_id == documents.c.id)
        .where(event_documents.c.event_id == event_id, copies.c.document_id.is_(None))
        .order_by(event_documents.c.known_at.desc(), documents.c.id)
        .limit(READ)
    )
    marked = [
        Marked(row.id, row.kind, row.source, at, row.title or row.text, marks)
        for row in rows
        if (marks := differing(f"{row.title}\n{row.text}", at := row.published_at or row.known_at, facts))
    ]
    in_force = tuple(
        {(fact.said, fact.response_id): fact for fact in reversed(facts) if fact.replaced_at is None}.values()
    )
    return Published(in_force, tuple(sorted(marked, key=lambda one: (all(mark.before for mark in one.marks), one.at))))
