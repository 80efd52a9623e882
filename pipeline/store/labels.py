"""The labelling queue (标注队列): the documents of which the machine is least sure, and what people said of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.labels import labels

LATEST = 2000  # documents among which the least sure are looked for


def least_sure(connection: Connection, since: datetime, limit: int) -> list[Row[Any]]:
    """Of the latest documents known since then, those that nobody has labelled, the least sure first."""
    latest = (
        select(documents.c.id).where(documents.c.known_at >= since).order_by(documents.c.known_at.desc()).limit(LATEST)
    )
    done = select(labels.c.document_id).where(labels.c.what == "sentiment")
    query = (
        select(
            analyses.c.document_id, analyses.c.title, analyses.c.text, analyses.c.sentiment, analyses.c.confidence,
            analyses.c.topic, documents.c.kind, documents.c.known_at,
        )
        .join(documents, documents.c.id == analyses.c.document_id)
        .where(documents.c.id.in_(latest), analyses.c.document_id.not_in(done))
        .order_by(analyses.c.confidence, analyses.c.document_id)
        .limit(limit)
    )  # fmt: skip
    return list(connection.execute(query))


def put(connection: Connection, document_id: str, what: str, value: str, by: str, at: datetime) -> None:
    """Keep a person's label; the latest counts."""
    column = analyses.c.sentiment if what == "sentiment" else analyses.c.topic
    machine = connection.execute(select(column).where(analyses.c.document_id == document_id)).scalar_one()
    connection.execute(delete(labels).where(labels.c.document_id == document_id, labels.c.what == what))
    connection.execute(
        insert(labels).values(document_id=document_id, what=what, value=value, machine=machine, by=by, at=at)
    )


def agreement(connection: Connection) -> list[Row[Any]]:
    """(what, how many labels, how many as the machine had said)."""
    same = func.sum((labels.c.value == labels.c.machine).cast(func.count().type))
    query = select(labels.c.what, func.count().label("labels"), same.label("same")).group_by(labels.c.what)
    return list(connection.execute(query.order_by(labels.c.what)))


def everything(connection: Connection) -> list[Row[Any]]:
    """Every label with its masked text: a file to train and measure with."""
    query = (
        select(labels.c.document_id, labels.c.what, labels.c.value, analyses.c.title, analyses.c.text)
        .join(analyses, analyses.c.document_id == labels.c.document_id)
        .order_by(labels.c.document_id, labels.c.what)
    )
    return list(connection.execute(query))
