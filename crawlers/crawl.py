"""Crawling (采集): claims due sources, lets their spiders collect, keeps what they bring, and says how it went.

`Crawling.crawl_due()` blocks until every source that is due by the clock has been visited once; a stepped clock calls it
after each step, the timetable calls `crawl_one` for each source in a thread of its own. A visit's documents are kept
first, its notes (validators, memory, next due time) after them: a crash between the two repeats a visit, loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crawlers.engine import CrawlEngine, Identity
from crawlers.evidence import Archive
from crawlers.fetcher import EngineFetcher
from crawlers.keeping import Keeper, RunReport
from crawlers.network import allowing
from crawlers.read import PageReader
from crawlers.secrets import secret_of
from crawlers.source import Source, SourceError
from crawlers.spiders.registry import spider_for
from crawlers.troubles import Reason, SourceTrouble
from crawlers.visit import KnownPage, Visit
from pipeline.services import Services
from pipeline.store import sources as book
from pipeline.store.engine import Store

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CrawlReport:
    """How a round went."""

    runs: list[RunReport] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(run.new for run in self.runs)

    @property
    def outcomes(self) -> dict[str, int]:
        return dict(Counter(run.outcome for run in self.runs))


class StoreNotebook:
    """What earlier visits noted, read from the store."""

    def __init__(self, store: Store, source_id: str, now: datetime) -> None:
        self._store = store
        self._source_id = source_id
        self._now = now

    def pages(self, keys: Sequence[str]) -> dict[str, KnownPage]:
        with self._store.read() as connection:
            return {row.key: _known(row) for row in book.pages_by_key(connection, self._source_id, keys)}

    def due(self, limit: int) -> list[KnownPage]:
        with self._store.read() as connection:
            return [_known(row) for row in book.pages_due(connection, self._source_id, self._now, limit)]


class Crawling:
    """All crawling of one worker."""

    def __init__(self, services: Services, sources: Iterable[Source], worker: str = "") -> None:
        self.services = services
        self.sources = {source.id: source for source in sources}
        self.spiders = {source.id: spider_for(source) for source in self.sources.values()}
        self.worker = worker or f"{socket.gethostname()}:{os.getpid()}"
        self.engine = CrawlEngine(Identity(services.settings.crawl.contact))
        self.reader = PageReader()
        self.archive = Archive(services.settings.data_dir / "evidence", self.worker)
        self.keeper = Keeper(services, self.archive)

    def __enter__(self) -> Crawling:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.stop()

    def register(self) -> None:
        """Enter all sources in the store; new ones are due at once."""
        now = self.services.clock.now()
        with self.services.store.write() as connection:
            for source in self.sources.values():
                start = timedelta(minutes=source.interval.start_minutes)
                book.register(connection, source.id, source.name, source.kind, source.enabled, start, now)
            book.disable_others(connection, self.sources)

    def next_due(self) -> datetime | None:
        """When the next source is due, None without any."""
        with self.services.store.read() as connection:
            return book.earliest_due(connection)

    def crawl_due(self) -> CrawlReport:
        """Visit every source that is due now, at once; wait for all."""
        now = self.services.clock.now()
        with self.services.store.read() as connection:
            due = [s.id for s in book.states(connection) if s.next_due <= now and s.id in self.sources]
        return self._round(due, early=False)

    def crawl_now(self, source_ids: Iterable[str] | None = None) -> CrawlReport:
        """Visit these sources (None: all enabled ones) now, due or not. SourceError for an unknown id."""
        ids = list(source_ids) if source_ids is not None else [s.id for s in self.sources.values() if s.enabled]
        for source_id in ids:
            if source_id not in self.sources:
                raise SourceError(f"没有信源“{source_id}”；可用：{'、'.join(sorted(self.sources))}")
        return self._round(ids, early=True)

    def crawl_one(self, source_id: str) -> RunReport | None:
        """Visit one due source; None when another worker has it."""
        report = self._round([source_id], early=False)
        return report.runs[0] if report.runs else None

    def _round(self, ids: Sequence[str], early: bool) -> CrawlReport:
        if not ids:
            return CrawlReport()

        async def visits() -> list[RunReport | None]:
            return await asyncio.gather(*(self._visit(source_id, early) for source_id in ids))

        return CrawlReport([run for run in self.engine.run(visits) if run is not None])

    # ------------------------------------------------------------------ one visit
    async def _visit(self, source_id: str, early: bool) -> RunReport | None:
        source = self.sources[source_id]
        claim = await asyncio.to_thread(self._claim, source, early)
        if claim is None:
            return None
        now = self.services.clock.now()
        secret = secret_of(source, self.services.settings)
        headers = {source.secret_header: secret} if secret and source.spider != "mailbox" else {}
        visit = Visit(
            source=source,
            fetcher=EngineFetcher(self.engine, source, self.services.clock, headers),
            notebook=StoreNotebook(self.services.store, source.id, now),
            reader=self.reader,
            now=now,
            memory=claim.state.memory,
            missed_since=claim.state.last_success if claim.state.failures else None,
            secret=secret,
        )
        trouble: SourceTrouble | None = None
        with allowing(source.allow_private):
            try:
                async with asyncio.timeout(source.limits.seconds):
                    await self.spiders[source.id].collect(visit)
            except SourceTrouble as error:
                trouble = error
            except TimeoutError:
                trouble = SourceTrouble(Reason.TIMEOUT, f"一次采集超过 {source.limits.seconds:g} 秒")
            except Exception as error:  # one bad source never stops another
                log.exception("source %s", source.id)
                trouble = SourceTrouble(Reason.FAULT, f"{type(error).__name__}: {error}")
        return await asyncio.to_thread(self.keeper.keep, source, claim, visit, trouble)

    def _claim(self, source: Source, early: bool) -> book.Claim | None:
        lasting = timedelta(seconds=source.limits.seconds + 60)
        with self.services.store.write() as connection:
            return book.claim(
                connection, source.id, self.worker, self.services.clock.now(), lasting, source.host, early
            )


def _known(row: Any) -> KnownPage:
    return KnownPage(
        row.url, row.document_id, row.etag, row.last_modified, row.sha256, row.visits, row.gone_at is not None
    )
