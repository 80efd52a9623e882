"""Event digests (事件摘要与观点): summary, viewpoints and questions, worked out while the pipeline is idle and kept.

A digest may lag: it is made again when its event has grown by a tenth. Whoever finds none makes it on the spot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from pipeline.document import Judged
from pipeline.events.stage_settings import StageSettings
from pipeline.events.summary import Sentence, summarise
from pipeline.events.viewpoints import Quote, Viewpoint, viewpoints
from pipeline.store import documents as document_store
from pipeline.store.engine import Store
from pipeline.store.schema.digests import event_digests
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import event_documents, events

READ = 300  # latest documents whose words are read
SMALL = 3  # events below this are read on the spot
GROWN = 1.1
QUESTIONS = 8


@dataclass(frozen=True, slots=True)
class Digest:
    """What an event's texts say. `questions`: text, how often, first document."""

    summary: tuple[Sentence, ...]
    viewpoints: tuple[Viewpoint, ...]
    questions: tuple[tuple[str, int, str], ...]


def latest(connection: Connection, event_id: str, limit: int) -> list[Judged]:
    """The event's latest documents with their analyses, oldest first."""
    ids = (
        select(event_documents.c.document_id)
        .where(event_documents.c.event_id == event_id)
        .order_by(event_documents.c.known_at.desc())
        .limit(limit)
    )
    rows = connection.execute(
        select(documents, *document_store.analysis_columns())
        .join(analyses, analyses.c.document_id == documents.c.id)
        .where(documents.c.id.in_(ids))
        .order_by(documents.c.known_at, documents.c.id)
    )
    return [Judged(document_store.document_of(row), document_store.analysis_of(row)) for row in rows]


def make(judged: Sequence[Judged]) -> Digest:
    """The digest of these documents. Pure."""
    official = frozenset(
        one.document.source for one in judged if any(name in one.document.source for name in _official())
    )
    return Digest(summarise(judged, official), viewpoints(judged), _questions(judged))


def kept(connection: Connection, event_id: str, count: int) -> Digest | None:
    """The digest kept of an event that has `count` documents now; None when there is none or it is outgrown."""
    row = connection.execute(select(event_digests).where(event_digests.c.event_id == event_id)).one_or_none()
    return _read(row.content) if row is not None and not _outgrown(row.documents, count) else None


def keep(connection: Connection, event_id: str, count: int, digest: Digest, at: datetime) -> None:
    """Keep a digest in the place of the last."""
    content = asdict(digest)
    for sentence in content["summary"]:
        sentence["at"] = sentence["at"].isoformat()
    connection.execute(delete(event_digests).where(event_digests.c.event_id == event_id))
    connection.execute(insert(event_digests).values(event_id=event_id, documents=count, at=at, content=content))


def refresh(store: Store, at: datetime, most: int) -> int:
    """Make the digests that lack or lag, hottest events first; how many were made."""
    with store.read() as connection:
        rows = connection.execute(
            select(events.c.id, events.c.documents, event_digests.c.documents.label("had"))
            .outerjoin(event_digests, event_digests.c.event_id == events.c.id)
            .where(events.c.merged_into == "", events.c.documents >= SMALL)
            .where(event_digests.c.documents.is_(None) | (events.c.documents > event_digests.c.documents * GROWN))
            .order_by(events.c.heat.desc(), events.c.id)
            .limit(most)
        ).all()
        made = [(row.id, row.documents, make(latest(connection, row.id, READ))) for row in rows]
    if made:
        with store.write() as connection:
            for event_id, count, digest in made:
                keep(connection, event_id, count, digest, at)
    return len(made)


def _outgrown(had: int, count: int) -> bool:
    return count > had * GROWN or count < had


def _questions(judged: Sequence[Judged]) -> tuple[tuple[str, int, str], ...]:
    said: Counter[str] = Counter()
    first: dict[str, str] = {}
    for one in judged:
        for ask in one.analysis.asks:
            if 5 <= len(ask) <= 80:
                said[ask] += 1
                first.setdefault(ask, one.document.id)
    return tuple((ask, count, first[ask]) for ask, count in said.most_common(QUESTIONS))


def _read(content: Mapping[str, Any]) -> Digest:
    return Digest(
        tuple(Sentence(**one | {"at": datetime.fromisoformat(one["at"])}) for one in content["summary"]),
        tuple(
            Viewpoint(
                **one | {"label": tuple(one["label"]), "quotes": tuple(Quote(**quote) for quote in one["quotes"])}
            )
            for one in content["viewpoints"]
        ),
        tuple((text, count, key) for text, count, key in content["questions"]),
    )


@cache
def _official() -> tuple[str, ...]:
    return StageSettings.load().voice.official
