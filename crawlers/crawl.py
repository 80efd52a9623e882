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
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
RUNS_KEPT = timedelta(days=90)
NOTES_KEPT = timedelta(days=400)


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
        self._writing = ThreadPoolExecutor(1, "crawl-writing")  # one writer: SQLite has one anyway
        self._hosts: Counter[str] = Counter()
        self._hosts_lock = threading.Lock()
        self._kept_house_at: datetime | None = None

    def __enter__(self) -> Crawling:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.stop()
        self._writing.shutdown()

    def register(self) -> None:
        """Enter all sources in the store; new ones are due at once. What earlier processes learned of sites is known again."""
        now = self.services.clock.now()
        with self.services.store.write() as connection:
            for source in self.sources.values():
                start = timedelta(minutes=source.interval.start_minutes)
                book.register(connection, source.id, source.name, source.kind, source.enabled, start, now)
            book.disable_others(connection, self.sources)
            learned = book.all_places(connection)
        for host, places in learned.items():
            self.reader.places.put_back(host, places)

    def next_due(self) -> datetime | None:
        """When the next source is due, None without any."""
        with self.services.store.read() as connection:
            return book.earliest_due(connection)

    def crawl_due(self) -> CrawlReport:
        """Visit every source that is due now, at once; wait for all."""
        now = self.services.clock.now()
        with self.services.store.read() as connection:
            due = [s.id for s in book.states(connection) if s.next_due <= now]
        return self.crawl(due)

    def crawl_now(self, source_ids: Iterable[str] | None = None) -> CrawlReport:
        """Visit these sources (None: all enabled ones) now, due or not. SourceError for an unknown id."""
        ids = list(source_ids) if source_ids is not None else [s.id for s in self.sources.values() if s.enabled]
        for source_id in ids:
            if source_id not in self.sources:
                raise SourceError(f"没有信源“{source_id}”；可用：{'、'.join(sorted(self.sources))}")
        return self.crawl(ids, early=True)

    def crawl(self, ids: Iterable[str], early: bool = False) -> CrawlReport:
        """Visit those of these sources that are due (`early`: all) and that no other worker has; wait for all."""
        claims = self._claim([self.sources[key] for key in ids if key in self.sources], early)
        if not claims:
            return CrawlReport()

        async def visits() -> list[RunReport]:
            return await asyncio.gather(*(self._visit(claim) for claim in claims))

        try:
            return CrawlReport(self.engine.run(visits))
        finally:
            self._let_hosts_go([self.sources[claim.source_id].host for claim in claims])
            self._keep_what_was_learned()
            self._housekeep(self.services.clock.now())

    def _keep_what_was_learned(self) -> None:
        """Where the parts of pages stand, for the next process."""
        places = self.reader.places
        if changed := list(places.changed):
            with self.services.store.write() as connection:
                for host in changed:
                    book.save_places(connection, host, places.of_host(host), self.services.clock.now())

    def _housekeep(self, now: datetime) -> None:
        """Once a day: the oldest evidence beyond its limit goes, and notes that nobody needs any more."""
        with self._hosts_lock:
            if self._kept_house_at is not None and now - self._kept_house_at < timedelta(days=1):
                return
            self._kept_house_at = now
        kept = self.services.settings.retention
        self.archive.prune(
            self.services.store, int(kept.evidence_gib * 2**30), now - timedelta(days=kept.evidence_days)
        )
        with self.services.store.write() as connection:
            book.forget(connection, runs_before=now - RUNS_KEPT, notes_before=now - NOTES_KEPT)

    # ------------------------------------------------------------------ one visit
    async def _visit(self, claim: book.Claim) -> RunReport:
        source = self.sources[claim.source_id]
        now = self.services.clock.now()
        visit, trouble = self._desk(source, claim, now), None
        with allowing(source.allow_private):
            try:
                visit.secret = secret_of(source, self.services.settings)
                async with asyncio.timeout(source.limits.seconds):
                    await self.spiders[source.id].collect(visit)
            except SourceTrouble as error:
                trouble = error
            except TimeoutError:
                trouble = SourceTrouble(Reason.TIMEOUT, f"一次采集超过 {source.limits.seconds:g} 秒")
            except SourceError as error:
                trouble = SourceTrouble(Reason.LOGIN, str(error))
            except Exception as error:  # one bad source never stops another
                log.exception("source %s", source.id)
                trouble = SourceTrouble(Reason.FAULT, f"{type(error).__name__}: {error}")
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writing, self.keeper.keep, source, claim, visit, trouble)
        except Exception as error:  # the claim runs out and the due run is made up
            log.exception("source %s", source.id)
            return RunReport(source.id, "failed", Reason.FAULT, f"没能入库：{type(error).__name__}: {error}")

    def _desk(self, source: Source, claim: book.Claim, now: datetime) -> Visit:
        return Visit(
            source=source,
            fetcher=EngineFetcher(self.engine, source, self.services.clock),
            notebook=StoreNotebook(self.services.store, source.id, now),
            reader=self.reader,
            now=now,
            memory=claim.state.memory,
            missed_since=_missed_since(claim.state, now),
            fill_since=claim.state.fill_since,
        )

    def _claim(self, sources: Sequence[Source], early: bool) -> list[book.Claim]:
        now = self.services.clock.now()
        with self._hosts_lock, self.services.store.write() as connection:
            claims = []
            for source in sources:
                lasting = timedelta(seconds=source.limits.seconds + 60)
                claim = book.claim(connection, source.id, self.worker, now, lasting, source.host, early)
                if claim is not None:
                    claims.append(claim)
                    self._hosts[source.host] += 1
        return claims

    def _let_hosts_go(self, hosts: Sequence[str]) -> None:
        """Give back the leases of hosts that nothing of this worker is visiting any more."""
        with self._hosts_lock, self.services.store.write() as connection:
            for host in hosts:
                self._hosts[host] -= 1
                if self._hosts[host] <= 0:
                    del self._hosts[host]
                    book.let_host_go(connection, host, self.worker)


def _missed_since(state: book.SourceState, now: datetime) -> datetime | None:
    """The last good look, when runs failed since or the machine stood still: lists are then read deeper."""
    last = state.last_success
    late = last is not None and now - last > 2 * state.interval + timedelta(hours=1)
    return last if state.failures or late else None


def _known(row: Any) -> KnownPage:
    return KnownPage(
        row.url, row.document_id, row.etag, row.last_modified, row.sha256, row.visits, row.gone_at is not None
    )
