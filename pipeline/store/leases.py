"""Taking, keeping and giving back leases. Times come from the store's own clock, so machines may differ by seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from pipeline.store.engine import Store
from pipeline.store.schema.leases import leases

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK = timedelta(minutes=1)


def take(connection: Connection, name: str, holder: str, lasting: timedelta) -> int:
    """Take or keep the lease `name` for `lasting` when it is free, run out, or already the holder's; 0 = it is another's.

    What it answers otherwise is the fence: it stays while the holder stays and grows with each change, so whoever finds
    another one than last time knows that somebody else has held the lease meanwhile, and that what he remembers is old.
    Never waits: a lease that somebody is taking or keeping in an open transaction is theirs (SKIP LOCKED). A lease that
    ends a minute later than anybody could have asked for was taken before the clock was set back, and is free.
    """
    named = select(leases).where(leases.c.name == name)
    row = connection.execute(named.with_for_update(skip_locked=True)).one_or_none()
    now = store_now(connection)  # only now: taking the row may have taken a moment
    if row is None:
        if connection.execute(named).one_or_none() is not None:
            return 0
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        first = {"name": name, "holder": holder, "until": now + lasting, "fence": 1}
        made = dialect.insert(leases).values(first).on_conflict_do_nothing().returning(leases.c.name)
        return int(connection.execute(made).one_or_none() is not None)
    if row.holder != holder and now < row.until <= now + lasting + _SLACK:
        return 0
    fence: int = row.fence if row.holder == holder else row.fence + 1
    connection.execute(
        update(leases).where(leases.c.name == name).values(holder=holder, until=now + lasting, fence=fence)
    )
    return fence


def give_back(connection: Connection, name: str, holder: str) -> None:
    """Let the lease go, when it is still the holder's."""
    connection.execute(update(leases).where(leases.c.name == name, leases.c.holder == holder).values(until=_NEVER))


@contextmanager
def kept(store: Store, name: str, holder: str, lasting: timedelta, at_most: timedelta) -> Iterator[None]:
    """Renew a lease in the background while the block works, so that work between two transactions may take its time.

    Not for longer than `at_most`: whoever hangs is followed all the same. Whether the lease is still held is said by
    `take` in each transaction, not here; a renewal that fails is tried again at the next turn.
    """
    over = threading.Event()
    deadline = time.monotonic() + at_most.total_seconds()

    def renew() -> None:
        while not over.wait(lasting.total_seconds() / 4) and time.monotonic() < deadline:
            with suppress(DBAPIError), store.write() as connection:
                if not take(connection, name, holder, lasting):
                    return

    renewing = threading.Thread(target=renew, name=f"lease {name}", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()


def idle_seconds(connection: Connection, name: str) -> float | None:
    """Seconds since the lease ran out: 0 while it is held; None when it was given back or never taken."""
    until = connection.execute(select(leases.c.until).where(leases.c.name == name)).scalar_one_or_none()
    if until is None or until == _NEVER:
        return None
    return float(max(0.0, (store_now(connection) - until).total_seconds()))


def store_now(connection: Connection) -> datetime:
    """The present by the store's own clock."""
    if connection.dialect.name == "sqlite":  # one machine: its own clock is the store's
        return datetime.now(UTC)
    moment: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return moment.astimezone(UTC)
