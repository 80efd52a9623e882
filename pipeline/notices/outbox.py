"""The outbox (发件箱): a notice is a row written with what caused it; sending is another step that may be repeated.

The key is a hash of what is told to whom by which channel. It is the row's key, the Message-ID of a mail and the
idempotency key of a webhook: a notice sent twice after a crash can be known as the same one.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.document import Notice, Secrecy
from pipeline.store.schema.notices import outbox

MOST_TRIES = 10
STATE_NAMES = {"waiting": "待发", "sent": "已发", "dead": "退信"}
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=2)
DOWN_WAIT = timedelta(minutes=10)
PATIENCE = timedelta(days=3)  # for a server that is down, or a channel that nobody has set up


def notice_key(*parts: str) -> str:
    """The deterministic key of a notice: what, to whom, by which channel."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice to send, and how often that was tried."""

    notice: Notice
    tries: int
    next_try_at: datetime


def enqueue(connection: Connection, notices: Sequence[Notice], not_before: datetime | None = None) -> int:
    """Put notices in the outbox; one whose key is there already is left as it is. How many are new."""
    new = 0
    for notice in notices:
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(outbox)
        values = {
            "key": notice.key,
            "at": notice.at,
            "channel": notice.channel,
            "recipient": notice.recipient,
            "subject": notice.subject,
            "text": notice.text,
            "html": notice.html,
            "images": _packed(notice.images),
            "files": _packed(notice.files),
            "secrecy": notice.secrecy,
            "thread": notice.thread,
            "trace": notice.trace,
            "next_try_at": max(notice.at, not_before) if not_before else notice.at,
        }
        new += connection.execute(insert.values(values).on_conflict_do_nothing()).rowcount
    return new


def due(connection: Connection, at: datetime, channels: Iterable[str], limit: int = 100) -> list[Waiting]:
    """Notices to send now by these channels, oldest first."""
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.state == "waiting", outbox.c.next_try_at <= at, outbox.c.channel.in_(list(channels)))
        .order_by(outbox.c.next_try_at, outbox.c.at, outbox.c.key)
        .limit(limit)
    )
    return [Waiting(notice_of(row), row.tries, row.next_try_at) for row in rows]


def claim(connection: Connection, waiting: Waiting, until: datetime) -> bool:
    """Keep a notice from other senders until `until`; False when it is no longer as it was read."""
    mine = (
        outbox.c.key == waiting.notice.key,
        outbox.c.state == "waiting",
        outbox.c.next_try_at == waiting.next_try_at,
    )
    return connection.execute(update(outbox).where(*mine).values(next_try_at=until)).rowcount == 1


def mark_sent(connection: Connection, key: str, at: datetime) -> None:
    connection.execute(update(outbox).where(outbox.c.key == key).values(state="sent", sent_at=at, error=""))


def mark_failed(
    connection: Connection, waiting: Waiting, at: datetime, error: str, final: bool = False, down: bool = False
) -> None:
    """Try again later, twice as long each time; after `MOST_TRIES`, or a refusal that is final, it is dead until a person retries it.

    While the other side is `down` it is tried for `PATIENCE`, at most `DOWN_WAIT` apart, so that all goes out soon after it is back.
    """
    tries = waiting.tries + 1
    given_up = tries >= MOST_TRIES and (not down or at - waiting.notice.at >= PATIENCE)
    wait = min(DOWN_WAIT if down else LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 10))
    values: dict[str, Any] = {"tries": tries, "error": error[:500], "state": "dead" if final or given_up else "waiting"}
    connection.execute(update(outbox).where(outbox.c.key == waiting.notice.key).values(**values, next_try_at=at + wait))


def unserved(connection: Connection, channels: Iterable[str]) -> dict[str, int]:
    """How many notices wait by channels other than these."""
    query = (
        select(outbox.c.channel, func.count().label("number"))
        .where(outbox.c.state == "waiting", outbox.c.channel.not_in(list(channels)))
        .group_by(outbox.c.channel)
        .order_by(outbox.c.channel)
    )
    return {row.channel: row.number for row in connection.execute(query)}


def give_up_unserved(connection: Connection, channels: Iterable[str], before: datetime) -> int:
    """Notices from before that moment whose channel nobody has set up wait no longer; a person may retry them. How many."""
    reason = "渠道没有设置，等候期满；设置后可再发"
    query = update(outbox).where(
        outbox.c.state == "waiting", outbox.c.at < before, outbox.c.channel.not_in(list(channels))
    )
    return connection.execute(query.values(state="dead", error=reason)).rowcount


def retry_dead(connection: Connection, at: datetime, key: str = "") -> int:
    """Give dead notices (or the one of `key`) another life; how many."""
    query = update(outbox).where(outbox.c.state == "dead").values(state="waiting", tries=0, next_try_at=at)
    return connection.execute(query.where(outbox.c.key == key) if key else query).rowcount


def next_due(connection: Connection) -> datetime | None:
    moment: datetime | None = connection.execute(
        select(func.min(outbox.c.next_try_at)).where(outbox.c.state == "waiting")
    ).scalar_one()
    return moment


def counts(connection: Connection) -> dict[str, int]:
    """How many notices are waiting, sent and dead."""
    rows = connection.execute(select(outbox.c.state, func.count().label("number")).group_by(outbox.c.state))
    return {"waiting": 0, "sent": 0, "dead": 0} | {row.state: row.number for row in rows}


def notice_of(row: Row[Any]) -> Notice:
    return Notice(
        key=row.key,
        at=row.at,
        channel=row.channel,
        recipient=row.recipient,
        subject=row.subject,
        text=row.text,
        html=row.html,
        secrecy=Secrecy(row.secrecy),
        thread=row.thread,
        images=_unpacked(row.images),
        files=_unpacked(row.files),
        trace=row.trace,
    )


def _packed(parts: Sequence[tuple[str, bytes]]) -> list[list[str]]:
    return [[name, base64.b64encode(content).decode()] for name, content in parts]


def _unpacked(parts: Sequence[Sequence[str]]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, base64.b64decode(content)) for name, content in parts)


def listed(connection: Connection, state: str = "", limit: int = 50) -> list[Row[Any]]:
    """Notices of a state (or of all), the latest first, without what goes along with them."""
    query = select(*(column for column in outbox.c if column.name not in ("images", "files")))
    if state:
        query = query.where(outbox.c.state == state)
    return list(connection.execute(query.order_by(outbox.c.at.desc(), outbox.c.key).limit(limit)))


def known(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that have a row."""
    return set(connection.execute(select(outbox.c.key).where(outbox.c.key.in_(list(keys)))).scalars())
