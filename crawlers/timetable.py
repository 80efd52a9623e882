"""The timetable (采集时间表): APScheduler over the sources table, which holds each source's next due time.

One one-shot job a source; when its run is over the job is made again from the table, so that a restart, another worker or a
changed interval needs no bookkeeping here. A missed run is made up and never skipped (`misfire_grace_time=None`), many
missed ones are one (`coalesce`). Overdue sources start one after another (`spacing`), not all at once.
With the machine's clock it runs in the background (`start`); a stepped clock drives it by hand (`step`): the same
scheduler, told the time by the office's `Clock` instead of asking the machine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from apscheduler.executors.base import BaseExecutor
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.date import DateTrigger

from crawlers.crawl import CrawlReport
from pipeline.clock import Clock
from pipeline.store import sources as book
from pipeline.store.engine import Store

SPACING = timedelta(milliseconds=200)
HELD_ELSEWHERE = timedelta(seconds=30)
THREADS = 32
_RELOAD = "reload"

# APScheduler tells of every job at INFO; the runs themselves are in the store.
logging.getLogger("apscheduler").setLevel(logging.WARNING)


class Crawler(Protocol):
    """What the timetable drives: visits those of these sources that are due, and waits."""

    def crawl(self, ids: Iterable[str]) -> CrawlReport: ...


class ClockScheduler(BackgroundScheduler):  # type: ignore[misc]
    """APScheduler told the time by a Clock. `step` processes what is due now in the calling thread."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self._clock = clock
        super().__init__(timezone=UTC, **options)

    def begin(self) -> None:
        """Start without the background thread."""
        BaseScheduler.start(self)

    def end(self) -> None:
        BaseScheduler.shutdown(self)

    def wakeup(self) -> None:
        if self._event is not None:
            super().wakeup()

    def step(self) -> None:
        self._process_jobs()

    def earliest(self) -> datetime | None:
        """When the next job is due."""
        with self._jobstores_lock:
            moment: datetime | None = self._lookup_jobstore("default").get_next_run_time()
        return moment

    def _process_jobs(self) -> float | None:
        now = self._clock.now()
        with self._jobstores_lock:
            store = self._lookup_jobstore("default")
            for job in store.get_due_jobs(now):
                times = job._get_run_times(now)[-1:]
                following = job.trigger.get_next_fire_time(times[-1], now)
                if following:
                    job._modify(next_run_time=following)
                    store.update_job(job)
                else:
                    store.remove_job(job.id)
                self._lookup_executor(job.executor).submit_job(job, times)
            earliest = store.get_next_run_time()
        return None if earliest is None else max((earliest - self._clock.now()).total_seconds(), 0.0)


class _Together(BaseExecutor):  # type: ignore[misc]
    """Collects what is due in one step, so that it can be visited at once."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[str] = []

    def _do_submit_job(self, job: Any, _run_times: Any) -> None:
        self.due.append(job.id)

    def done(self) -> None:
        self._instances.clear()
        self.due.clear()


class Timetable:
    """Keeps one worker's sources on time."""

    def __init__(self, crawler: Crawler, store: Store, clock: Clock, threads: int = THREADS) -> None:
        self._crawler = crawler
        self._store = store
        self._clock = clock
        self._together = _Together()
        self._threads = ThreadPoolExecutor(threads)
        self._scheduler = ClockScheduler(
            clock,
            executors={"together": self._together, "default": self._threads},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._stepped = False

    # ------------------------------------------------------------------ the machine's clock
    def start(self) -> None:
        """Run in the background until `stop`."""
        self._scheduler.start()
        self._load(SPACING)
        self._scheduler.add_job(self._reload, "interval", seconds=60, id=_RELOAD)

    def stop(self) -> None:
        """Start nothing more, let running visits end. (APScheduler's own waiting shutdown holds the lock that a visit
        needs to enter its next job.)"""
        if self._stepped:
            self._scheduler.end()
        else:
            self._scheduler.shutdown(wait=False)
            self._threads._pool.shutdown(wait=True)

    # ------------------------------------------------------------------ a stepped clock
    def step(self) -> CrawlReport:
        """Visit everything that is due by the clock, once, and wait for it."""
        if not self._stepped:
            self._stepped = True
            self._scheduler.begin()
            self._load(timedelta(0))
        self._scheduler.step()
        due = list(self._together.due)
        self._together.done()
        report = self._crawler.crawl(due)
        self._enter(due)
        return report

    def next_due(self) -> datetime | None:
        """When the next source is due by this timetable; before the first step, by the table."""
        if not self._stepped:
            with self._store.read() as connection:
                return book.earliest_due(connection)
        return self._scheduler.earliest()

    # ------------------------------------------------------------------ jobs from the table
    def _load(self, spacing: timedelta) -> None:
        """Make a job for every source; overdue ones one after another, the longest due first."""
        now = self._clock.now()
        with self._store.read() as connection:
            states = book.states(connection)
        overdue = 0
        for state in sorted(states, key=lambda state: (state.next_due, state.id)):
            at = state.next_due
            if at <= now:
                at = now + spacing * overdue if spacing else at
                overdue += 1
            self._job(state.id, at)

    def _reload(self) -> None:
        """Take up sources that were added or changed since, and drop those that were switched off."""
        with self._store.read() as connection:
            states = {state.id: state for state in book.states(connection)}
        have = {job.id for job in self._scheduler.get_jobs()} - {_RELOAD}
        for gone in have - set(states):
            self._scheduler.remove_job(gone)
        for added in set(states) - have:
            if not self._running(added):
                self._job(added, max(states[added].next_due, self._clock.now()))

    def _running(self, source_id: str) -> bool:
        return bool(self._threads._instances[source_id])

    def _run(self, source_id: str) -> None:
        try:
            self._crawler.crawl([source_id])
        finally:
            self._enter([source_id])

    def _enter(self, ids: Iterable[str]) -> None:
        """Make the jobs of these sources again from the table; one that another worker holds is asked for again soon."""
        now = self._clock.now()
        with self._store.read() as connection:
            states = [book.state(connection, source_id) for source_id in ids]
        for state in states:
            if state is not None and state.enabled:
                self._job(state.id, state.next_due if state.next_due > now else now + HELD_ELSEWHERE)

    def _job(self, source_id: str, at: datetime) -> None:
        self._scheduler.add_job(
            self._run,
            DateTrigger(at, UTC),
            args=[source_id],
            id=source_id,
            name=source_id,
            executor="together" if self._stepped else "default",
            replace_existing=True,
        )
