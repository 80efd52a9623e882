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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from crawlers import pacing
from crawlers.engine import CrawlEngine, Identity
from crawlers.fetcher import EngineFetcher
from crawlers.network import allowing
from crawlers.read import PageReader
from crawlers.source import Source, SourceError
from crawlers.spiders.registry import spider_for
from crawlers.troubles import Reason, SlowDown, SourceTrouble
from crawlers.visit import Harvest, KnownPage, Visit, body_hash, page_key
from pipeline.services import Services
from pipeline.store import documents
from pipeline.store import sources as book
from pipeline.store.engine import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunReport:
    """How the run of one source went."""

    source_id: str
    outcome: str  # ok | partial | failed
    reason: Reason | None = None
    detail: str = ""
    new: int = 0
    observed: int = 0
    fetched: int = 0
    missed: int = 0
    warnings: tuple[str, ...] = ()


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
        visit = Visit(
            source=source,
            fetcher=EngineFetcher(self.engine, source, self.services.clock, {}),
            notebook=StoreNotebook(self.services.store, source.id, now),
            reader=self.reader,
            now=now,
            memory=claim.state.memory,
            missed_since=claim.state.last_success if claim.state.failures else None,
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
        return await asyncio.to_thread(self._keep, source, claim, visit, trouble)

    def _claim(self, source: Source, early: bool) -> book.Claim | None:
        lasting = timedelta(seconds=source.limits.seconds + 60)
        with self.services.store.write() as connection:
            return book.claim(
                connection, source.id, self.worker, self.services.clock.now(), lasting, source.host, early
            )

    def _keep(self, source: Source, claim: book.Claim, visit: Visit, trouble: SourceTrouble | None) -> RunReport:
        harvest, now = visit.harvest, visit.now
        saved = self.services.intake.take(harvest.documents)
        observed = saved.observed
        with self.services.store.write() as connection:
            for seen in harvest.observations:
                counts = book.last_counts(connection, seen.document_id) if seen.deleted else seen.counts
                observed += documents.observe(connection, replace(seen, counts=counts))
            keys = [page_key(url) for url in harvest.pages]
            known = {row.key: row for row in book.pages_by_key(connection, source.id, keys)}
            book.keep_pages(
                connection, [_page_row(source.id, u, f, d, known, now) for u, (f, d) in harvest.pages.items()]
            )
            for url, document_id in harvest.gone.items():
                book.keep_pages(connection, [_gone_row(source.id, url, document_id, now)])
            report = _report(source, harvest, trouble, saved.new, observed)
            book.finish(
                connection, claim, _run_values(harvest, report, now), self._next(source, claim, report, trouble, visit)
            )
        return report

    def _next(
        self, source: Source, claim: book.Claim, report: RunReport, trouble: SourceTrouble | None, visit: Visit
    ) -> dict[str, Any]:
        state, now = claim.state, visit.now
        hours = (now - state.rated_at).total_seconds() / 3600 if state.rated_at else 0.0
        rate = pacing.aged(pacing.Rate(state.rate_fast, state.rate_slow), hours, report.new if state.rated_at else 0)
        failed = report.outcome == "failed"
        failures = state.failures + 1 if failed else 0
        if failed:
            asked = trouble.wait_seconds if isinstance(trouble, SlowDown) else 0.0
            pause = pacing.after_failure(failures, source.interval, asked)
        elif state.rated_at is None:  # the first visit brings the past, which says nothing of the pace
            pause = timedelta(minutes=source.interval.start_minutes)
        else:
            pause = pacing.interval(rate, source.interval)
        values: dict[str, Any] = {
            "rate_fast": rate.fast,
            "rate_slow": rate.slow,
            "rated_at": now,
            "failures": failures,
            "interval_seconds": pause.total_seconds(),
            "next_due": now + pause + (timedelta(0) if failed else pacing.spread(source.id, now, pause)),
            "memory": visit.memory if not failed else state.memory,
        }
        if not failed:
            values["last_success"] = now
        if report.new:
            values["last_new"] = now
        return values


def _report(source: Source, harvest: Harvest, trouble: SourceTrouble | None, new: int, observed: int) -> RunReport:
    partial = bool(harvest.missed or harvest.quarantined)
    capped = trouble is not None and trouble.reason is Reason.CAPPED
    failed = trouble is not None and not capped
    reason = trouble.reason if trouble else (harvest.missed[0].reason if harvest.missed else None)
    return RunReport(
        source_id=source.id,
        outcome="failed" if failed else "partial" if partial or capped else "ok",
        reason=reason,
        detail=str(trouble) if trouble else "",
        new=new,
        observed=observed,
        fetched=harvest.fetched,
        missed=len(harvest.missed),
        warnings=tuple(harvest.warnings),
    )


def _run_values(harvest: Harvest, report: RunReport, now: datetime) -> dict[str, Any]:
    return {
        "finished_at": now,
        "outcome": report.outcome,
        "reason": report.reason or "",
        "detail": report.detail,
        "fetched": report.fetched,
        "unchanged": harvest.unchanged,
        "new": report.new,
        "observed": report.observed,
        "missed": [[m.url, m.reason, m.detail] for m in harvest.missed[:200]],
        "warnings": list(report.warnings[:50]),
    }


def _known(row: Any) -> KnownPage:
    return KnownPage(
        row.url, row.document_id, row.etag, row.last_modified, row.sha256, row.visits, row.gone_at is not None
    )


def _page_row(
    source_id: str, url: str, fetched: Any, document_id: str, known: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    key = page_key(url)
    before = known.get(key)
    changed = fetched is not None and not fetched.unchanged
    headers = fetched.headers if fetched is not None else {}
    first_at = before.first_at if before else now
    document = document_id or (before.document_id if before else "")
    return {
        "source_id": source_id,
        "key": key,
        "url": url,
        "document_id": document,
        "etag": headers.get("etag", "") or (before.etag if before and not changed else ""),
        "last_modified": headers.get("last-modified", "") or (before.last_modified if before and not changed else ""),
        "sha256": body_hash(fetched.body) if changed else (before.sha256 if before else ""),
        "first_at": first_at,
        "last_at": now,
        "visits": (before.visits if before else 0) + 1,
        "next_visit": pacing.next_look(first_at, now) if document not in ("", "-") else None,
        "gone_at": None,
    }


def _gone_row(source_id: str, url: str, document_id: str, now: datetime) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "key": page_key(url),
        "url": url,
        "document_id": document_id,
        "etag": "",
        "last_modified": "",
        "sha256": "",
        "first_at": now,
        "last_at": now,
        "visits": 1,
        "next_visit": None,
        "gone_at": now,
    }
