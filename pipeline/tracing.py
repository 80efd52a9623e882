"""From one document to the mail it led to (追踪): what happened to it, in order, with every id on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from pipeline.errors import HuiyingError
from pipeline.store.schema.documents import analyses, copies, documents, pending_index, quarantine
from pipeline.store.schema.events import alerts, event_documents, events
from pipeline.store.schema.notices import outbox


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of the document. `at` None = the store does not keep when."""

    what: str
    subject: str
    detail: str = ""
    at: datetime | None = None


def trace(connection: Connection, wanted: str) -> list[Step]:
    """All steps of a document, by its id or by the trace id of a log line or a mail. HuiyingError when nothing has it."""
    found = select(documents).where(or_(documents.c.id == wanted, documents.c.trace == wanted))
    row = connection.execute(found.order_by((documents.c.id == wanted).desc()).limit(1)).one_or_none()
    if row is None:
        raise HuiyingError(
            f"没有文档 {wanted}；请核对文档编号（huiying search --json 会给出），或信头 X-Huiying-Trace、日志里的追踪号。"
        )
    document_id = row.id
    steps = [Step("collected", row.id, f"{row.kind} {row.source} {row.trace}".strip(), row.known_at)]
    steps += [
        Step("analysed", each.digest, f"{each.sentiment} {each.topic} {each.scope}")
        for each in connection.execute(select(analyses).where(analyses.c.document_id == document_id))
    ]
    steps += [
        Step("copy_of", each.original_id, f"{each.how} {each.similarity:.2f}")
        for each in connection.execute(select(copies).where(copies.c.document_id == document_id))
    ]
    steps += [
        Step("quarantined", document_id, each.reason, each.at)
        for each in connection.execute(select(quarantine).where(quarantine.c.document_id == document_id))
    ]
    if connection.execute(select(pending_index).where(pending_index.c.document_id == document_id)).first():
        steps.append(Step("index_behind", document_id))
    for joined in connection.execute(
        select(event_documents, events.c.title)
        .join(events, events.c.id == event_documents.c.event_id)
        .where(event_documents.c.document_id == document_id)
    ):
        steps.append(Step("placed", joined.event_id, f"{joined.title}：{joined.reason}", joined.known_at))
        steps += _told(connection, joined.event_id)
    return steps


def _told(connection: Connection, event_id: str) -> list[Step]:
    """The alerts of the event and the notices in its threads."""
    fired = connection.execute(select(alerts).where(alerts.c.event_id == event_id).order_by(alerts.c.at))
    steps = [Step("alert", each.id, f"{each.rule} {each.level}：{each.reason}", each.at) for each in fired]
    notices = select(outbox).where(or_(outbox.c.thread == event_id, outbox.c.thread.like(f"%{event_id}%")))
    steps += [
        Step("notice", each.key, f"{each.channel} {each.state} {each.subject}", each.sent_at or each.at)
        for each in connection.execute(notices.order_by(outbox.c.at))
    ]
    return steps
