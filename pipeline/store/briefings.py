"""Briefings in the store (简报存档). Functions of the caller's connection; the content is the JSON of its model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from pipeline.store.documents import insert_ignoring
from pipeline.store.schema.briefings import briefing_readers, briefings


def number_for(connection: Connection, briefing_id: str, kind: str, year: int, event_id: str = "") -> int:
    """The number of this paper: its own when it is there already, else the next of its kind (and event) in the year."""
    known = get(connection, briefing_id)
    if known is not None:
        return int(known.number)
    query = select(func.coalesce(func.max(briefings.c.number), 0)).where(
        briefings.c.kind == kind, briefings.c.year == year
    )
    if event_id:
        query = query.where(briefings.c.event_id == event_id)
    return int(connection.execute(query).scalar_one()) + 1


def get(connection: Connection, briefing_id: str) -> Row[Any] | None:
    return connection.execute(select(briefings).where(briefings.c.id == briefing_id)).one_or_none()


def keep_draft(connection: Connection, values: dict[str, Any]) -> bool:
    """Keep a draft, or the newer text of one; False when it was approved or sent already: that stays as it is."""
    known = get(connection, values["id"])
    if known is None:
        connection.execute(insert(briefings).values(values))
        return True
    if known.state != "draft":
        return False
    connection.execute(update(briefings).where(briefings.c.id == values["id"]).values(values))
    return True


def change(connection: Connection, briefing_id: str, in_state: str, **values: Any) -> bool:
    """Change a paper in `in_state`; False when it is not in that state."""
    done = connection.execute(
        update(briefings).where(briefings.c.id == briefing_id, briefings.c.state == in_state).values(values)
    )
    return bool(done.rowcount)


def earlier(connection: Connection, kind: str, event_id: str, before: datetime) -> list[Row[Any]]:
    """The papers of a chain with an earlier cut-off, oldest first."""
    return list(
        connection.execute(
            select(briefings)
            .where(briefings.c.kind == kind, briefings.c.event_id == event_id, briefings.c.cut_off < before)
            .order_by(briefings.c.cut_off)
        )
    )


def listed(connection: Connection, limit: int = 100) -> list[Row[Any]]:
    """The latest papers, without their content and file."""
    light = [column for column in briefings.c if column.name not in ("content", "file")]
    return list(connection.execute(select(*light).order_by(briefings.c.cut_off.desc(), briefings.c.id).limit(limit)))


def file_of(connection: Connection, briefing_id: str) -> bytes | None:
    """The .docx that was sent; None before."""
    content: bytes | None = connection.execute(
        select(briefings.c.file).where(briefings.c.id == briefing_id)
    ).scalar_one_or_none()
    return content


def state_of(connection: Connection, briefing_id: str) -> str:
    """draft, approved or sent; '' when there is no such paper."""
    query = select(briefings.c.state).where(briefings.c.id == briefing_id)
    return connection.execute(query).scalar_one_or_none() or ""


def add_reader(connection: Connection, briefing_id: str, person_id: str, token: str, at: datetime) -> None:
    row = {"briefing_id": briefing_id, "person_id": person_id, "token": token, "sent_at": at}
    connection.execute(insert_ignoring(connection, briefing_readers).values(row))


def readers(connection: Connection, briefing_id: str) -> list[Row[Any]]:
    query = select(briefing_readers).where(briefing_readers.c.briefing_id == briefing_id)
    return list(connection.execute(query.order_by(briefing_readers.c.person_id)))


def readers_of_all(connection: Connection, briefing_ids: Sequence[str]) -> list[Row[Any]]:
    """The readers of these papers, by person."""
    query = select(briefing_readers).where(briefing_readers.c.briefing_id.in_(list(briefing_ids)))
    return list(connection.execute(query.order_by(briefing_readers.c.briefing_id, briefing_readers.c.person_id)))


def confirm(connection: Connection, token: str, at: datetime) -> Row[Any] | None:
    """The reader of a link has read: kept once. The briefing's row; None when there is no such link."""
    row = connection.execute(select(briefing_readers).where(briefing_readers.c.token == token)).one_or_none()
    if row is None:
        return None
    if row.read_at is None:
        connection.execute(update(briefing_readers).where(briefing_readers.c.token == token).values(read_at=at))
    return get(connection, row.briefing_id)


def signed(connection: Connection, kinds: Sequence[str], start: datetime, end: datetime) -> list[Row[Any]]:
    """Papers of these kinds that were signed in [start, end), the earliest first; corrections are not counted again."""
    query = (
        select(briefings.c.id, briefings.c.kind, briefings.c.number, briefings.c.title, briefings.c.approved_at)
        .where(briefings.c.kind.in_(list(kinds)), briefings.c.corrects == "")
        .where(briefings.c.approved_at >= start, briefings.c.approved_at < end)
        .order_by(briefings.c.approved_at, briefings.c.id)
    )
    return list(connection.execute(query))
