"""Retention (到期清理): what was collected is forgotten when its time is over, a little at every step, once a day.

Order: documents (with all that was said of them), then events that have none left (with their alerts and journal), then
old notices, then the keys of author pseudonyms. What belongs to a case that is still kept stays as long as the case does.
Briefings that were sent are the office's own papers and stay; their annex says which documents are gone.
Settings: retention.*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import structlog
from sqlalchemy import Connection

from config.settings import RetentionSettings
from pipeline.clock import shanghai
from pipeline.document import Kind
from pipeline.search.port import SearchError
from pipeline.services import Services
from pipeline.store import expiry

log = structlog.get_logger()

BATCH = 500  # documents in one step, so that no alert ever waits for it
HOUR = time(3, 30)  # Asia/Shanghai
LETTERS = frozenset({Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE})


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much one step removed."""

    documents: int = 0
    events: int = 0
    notices: int = 0

    def __bool__(self) -> bool:
        return bool(self.documents or self.events or self.notices)


def limits(settings: RetentionSettings, at: datetime) -> dict[Kind, datetime]:
    """For each kind of document, the moment before which what came in has had its time."""

    def days(kind: Kind) -> int:
        if kind is Kind.NEWS:
            return settings.news_days
        return settings.letters_days if kind in LETTERS else settings.posts_days

    return {kind: at - timedelta(days=days(kind)) for kind in Kind}


def forget(connection: Connection, settings: RetentionSettings, at: datetime, batch: int = BATCH) -> Forgotten:
    """Remove the next few things whose time is over; nothing removed = all is done."""
    gone = expiry.next_documents(connection, limits(settings, at), batch)
    if gone:
        expiry.forget_documents(connection, gone)
        return Forgotten(documents=len(gone))
    empty = expiry.next_empty_events(connection, at - timedelta(days=settings.posts_days), batch)
    if empty:
        expiry.forget_events(connection, empty)
        return Forgotten(events=len(empty))
    return Forgotten(notices=expiry.forget_notices(connection, at - timedelta(days=settings.notices_days), batch))


class Forgetting:
    """The daily round of the process that leads the flow: a step at a time, from `HOUR` on, until nothing is left."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._done_until: datetime | None = None

    def step(self, hold: Callable[[Connection], bool]) -> Forgotten:
        """One batch when today's round is not over. Does nothing without the lease (`hold`)."""
        now = self._services.clock.now()
        if self._done_until and now < self._done_until:
            return Forgotten()
        round_of = _round(now)
        with self._services.store.read() as connection:
            over = expiry.is_over(connection, round_of)
        if over:
            self._done_until = round_of + timedelta(days=1)
            return Forgotten()
        with self._services.store.write() as connection:
            if not hold(connection):
                return Forgotten()
            forgotten = forget(connection, self._services.settings.retention, now)
            expiry.note(connection, round_of, forgotten.documents, forgotten.events, forgotten.notices)
        if not forgotten:
            self._finish(now, round_of)
        return forgotten

    def _finish(self, now: datetime, round_of: datetime) -> None:
        """The index's empty months and the keys go; the round is written down with what it removed."""
        with self._services.store.read() as connection:
            oldest = expiry.oldest_moment(connection)
        try:
            self._services.index().drop_before(oldest or now)
        except SearchError as error:
            log.warning("retention.index_behind", error=str(error))
            return  # the round goes on when the index is back
        longest = min(limits(self._services.settings.retention, now).values())
        months = self._services.intake.pseudonyms.destroy_before(f"{shanghai(longest):%Y-%m}")
        with self._services.store.write() as connection:
            expiry.end(connection, round_of, now, len(months))
        self._done_until = round_of + timedelta(days=1)


def _round(now: datetime) -> datetime:
    """The round that `now` belongs to: it began at the latest `HOUR`."""
    local = shanghai(now)
    begun = local.replace(hour=HOUR.hour, minute=HOUR.minute, second=0, microsecond=0)
    return begun if begun <= local else begun - timedelta(days=1)
