"""People, shifts and hand-over notes in the store (人员、值班、交接班). Functions of the caller's connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from pipeline.cases.people import Directory, Person
from pipeline.cases.roster import Shift
from pipeline.store.schema.cases import handovers, people, roster_shifts


def directory(connection: Connection, shipped: Directory) -> Directory:
    """The office's people: the store's list once the administrator has changed something, else the shipped file's."""
    rows = connection.execute(select(people.c.person).order_by(people.c.id)).scalars().all()
    if not rows:
        return shipped
    return Directory([Person.model_validate(row) for row in rows], shipped.press_office)


def save_people(connection: Connection, shipped: Directory, changed: Iterable[Person]) -> None:
    """Keep changed people; the first change copies the whole shipped list, so that the store is then complete."""
    kept = {person.id: person for person in directory(connection, shipped).all()}
    kept |= {person.id: person for person in changed}
    connection.execute(delete(people))
    connection.execute(
        insert(people),
        [
            {"id": p.id, "person": p.model_dump(mode="json"), "active": p.active}
            for p in sorted(kept.values(), key=lambda p: p.id)
        ],
    )


def shifts(connection: Connection, start: datetime, end: datetime) -> list[Shift]:
    """Shifts that touch [start, end), in order."""
    rows = connection.execute(
        select(roster_shifts)
        .where(roster_shifts.c.starts_at < end, roster_shifts.c.ends_at > start)
        .order_by(roster_shifts.c.starts_at, roster_shifts.c.id)
    )
    return [_shift(row) for row in rows]


def shift(connection: Connection, shift_id: str) -> Shift | None:
    row = connection.execute(select(roster_shifts).where(roster_shifts.c.id == shift_id)).one_or_none()
    return _shift(row) if row else None


def filled_until(connection: Connection) -> datetime | None:
    """The end of the last duty shift; None when the roster is empty."""
    query = select(roster_shifts.c.ends_at).where(roster_shifts.c.post == "duty")
    return connection.execute(query.order_by(roster_shifts.c.ends_at.desc()).limit(1)).scalar_one_or_none()


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(roster_shifts)).scalar_one())


def add_shifts(connection: Connection, made: Sequence[Shift]) -> int:
    """Keep shifts that are not there yet; answers how many were new."""
    known = set(
        connection.execute(select(roster_shifts.c.id).where(roster_shifts.c.id.in_([s.id for s in made]))).scalars()
    )
    new = {s.id: s for s in made if s.id not in known}
    if new:
        connection.execute(insert(roster_shifts), [asdict(s) for s in new.values()])
    return len(new)


def clear(connection: Connection, start: datetime, end: datetime, post: str) -> int:
    """Remove the shifts of a post that begin in [start, end): an imported roster replaces what was there."""
    table = roster_shifts.c
    where = (table.starts_at >= start, table.starts_at < end, table.post == post)
    return connection.execute(delete(roster_shifts).where(*where)).rowcount


def remove_shift(connection: Connection, shift_id: str) -> None:
    connection.execute(delete(roster_shifts).where(roster_shifts.c.id == shift_id))


def change_shift(connection: Connection, changed: Shift) -> None:
    """Keep a swap."""
    values = asdict(changed)
    del values["id"]
    connection.execute(update(roster_shifts).where(roster_shifts.c.id == changed.id).values(values))


def hand_over(connection: Connection, note_id: str, shift_id: str, at: datetime, by: str, text: str) -> None:
    """A hand-over note at the end of a shift."""
    connection.execute(insert(handovers).values(id=note_id, shift_id=shift_id, at=at, by=by, text=text))


def handover_notes(connection: Connection, since: datetime) -> list[Row[tuple[str, str, datetime, str, str]]]:
    """Hand-over notes since `since`, the latest first."""
    query = select(handovers).where(handovers.c.at >= since).order_by(handovers.c.at.desc(), handovers.c.id)
    return list(connection.execute(query))


def _shift(row: Row[tuple[object, ...]]) -> Shift:
    return Shift(row.id, row.starts_at, row.ends_at, row.person, row.post, row.note, row.swapped_from)
