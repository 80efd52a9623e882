"""Taking, keeping and giving back leases. Times come from the store's own clock, so machines may differ by seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, select, text, update

from pipeline.store.schema.leases import leases


def take(connection: Connection, name: str, holder: str, lasting: timedelta) -> bool:
    """True when `holder` now has the lease `name` for `lasting`: it was free, run out, or already the holder's."""
    now = _store_now(connection)
    row = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).one_or_none()
    if row is None:
        connection.execute(insert(leases).values(name=name, holder=holder, until=now + lasting, fence=1))
        return True
    if row.holder != holder and row.until > now:
        return False
    fence = row.fence if row.holder == holder else row.fence + 1
    connection.execute(
        update(leases).where(leases.c.name == name).values(holder=holder, until=now + lasting, fence=fence)
    )
    return True


def give_back(connection: Connection, name: str, holder: str) -> None:
    """Let the lease go, when it is still the holder's."""
    connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.holder == holder)
        .values(until=datetime(1970, 1, 1, tzinfo=UTC))
    )


def _store_now(connection: Connection) -> datetime:
    if connection.dialect.name == "sqlite":  # one machine: its own clock is the store's
        return datetime.now(UTC)
    moment: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
