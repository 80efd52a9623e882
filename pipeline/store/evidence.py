"""The index of evidence (证据): which page was fetched when, its hash, and where its bytes lie. The bytes are in WARC files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from pipeline.store.schema.sources import captures, evidence_openings
from pipeline.store.sources import upsert


@dataclass(frozen=True, slots=True)
class Capture:
    """One page as fetched. `file` is '' once its bytes are pruned: the hash and the time stay."""

    id: str
    url: str
    source_id: str
    document_id: str
    at: datetime
    status: int
    sha256: str
    file: str
    offset: int
    length: int
    kept: bool = False


def save(connection: Connection, batch: Iterable[Capture]) -> None:
    """Enter captures. Repeating one changes nothing."""
    rows = [asdict(capture) for capture in batch]
    if rows:
        connection.execute(upsert(connection, captures, ("id",), ()), rows)


def get(connection: Connection, capture_id: str) -> Capture | None:
    row = connection.execute(select(captures).where(captures.c.id == capture_id)).one_or_none()
    return _capture(row) if row else None


def of_document(connection: Connection, document_id: str) -> list[Capture]:
    """All captures of a document's page, oldest first: how it was, how it changed, until it was gone."""
    rows = connection.execute(select(captures).where(captures.c.document_id == document_id).order_by(captures.c.at))
    return [_capture(row) for row in rows]


def of_address(connection: Connection, url: str) -> list[Capture]:
    rows = connection.execute(select(captures).where(captures.c.url == url).order_by(captures.c.at))
    return [_capture(row) for row in rows]


def every(connection: Connection) -> Iterator[Capture]:
    """All captures whose bytes are still here, in the order of the files."""
    query = select(captures).where(captures.c.file != "").order_by(captures.c.file, captures.c.offset)
    for row in connection.execute(query, execution_options={"yield_per": 1000}):
        yield _capture(row)


def moved(connection: Connection, capture_id: str, file: str, offset: int, length: int) -> None:
    """A capture's bytes were copied to a place that is never pruned."""
    connection.execute(
        update(captures).where(captures.c.id == capture_id).values(file=file, offset=offset, length=length, kept=True)
    )


def forget_file(connection: Connection, file: str) -> int:
    """The bytes of a file are gone; what was seen, when, and its hash stay."""
    return connection.execute(update(captures).where(captures.c.file == file).values(file="")).rowcount


def log_opening(connection: Connection, capture_id: str, at: datetime, person: str, reason: str, what: str) -> None:
    """Who looked at an archived page, when and why."""
    connection.execute(
        insert(evidence_openings).values(capture_id=capture_id, at=at, person=person, reason=reason, what=what)
    )


def openings(connection: Connection, capture_id: str = "", limit: int = 200) -> list[Row[Any]]:
    query = select(evidence_openings).order_by(evidence_openings.c.number.desc()).limit(limit)
    return list(
        connection.execute(query.where(or_(evidence_openings.c.capture_id == capture_id)) if capture_id else query)
    )


def _capture(row: Row[Any]) -> Capture:
    return Capture(
        row.id, row.url, row.source_id, row.document_id, row.at, row.status, row.sha256, row.file, row.offset,
        row.length, row.kept,
    )  # fmt: skip
