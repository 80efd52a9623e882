"""The timetable: each due run once, missed ones made up, no stampede, two workers never at one source."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from crawlers import pacing
from crawlers.crawl import CrawlReport
from crawlers.ledger import hour_of
from crawlers.source import Interval
from crawlers.timetable import SPACING, Timetable
from pipeline.clock import SHANGHAI, SystemClock
from pipeline.store import ledger
from pipeline.store import sources as book
from pipeline.store.schema.sources import source_runs
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import article, listing


class Recorder:
    """Claims and closes runs as a worker does, without a network: each source every half hour."""

    def __init__(self, services, worker="one"):
        self.services, self.worker, self.runs = services, worker, []

    def crawl(self, ids):
        now = self.services.clock.now()
        with self.services.store.write() as connection:
            for source_id in ids:
                claim = book.claim(connection, source_id, self.worker, now, timedelta(minutes=5), "")
                if claim:
                    self.runs.append((source_id, claim.due_at))
                    book.finish(
                        connection,
                        claim,
                        {"outcome": "ok", "finished_at": now},
                        {"next_due": now + timedelta(minutes=30)},
                    )
        return CrawlReport()


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def _register(services, count, first=timedelta(0)):
    now = services.clock.now()
    with services.store.write() as connection:
        for number in range(count):
            due = now + first * number
            book.register(connection, f"source-{number:02d}", f"信源{number}", "news", True, timedelta(minutes=30), due)


def test_every_due_run_of_a_day_happens_once(services, clock):
    _register(services, 20, timedelta(minutes=1))
    recorder = Recorder(services)
    timetable = Timetable(recorder, services.store, clock)
    end = clock.now() + timedelta(days=1)
    while (due := timetable.next_due()) < end:
        clock.advance_to(max(due, clock.now()))
        timetable.step()
    timetable.stop()
    assert Counter(recorder.runs).most_common(1)[0][1] == 1
    assert set(Counter(source for source, _ in recorder.runs).values()) == {48}
    with services.store.read() as connection:
        assert len(connection.execute(select(source_runs)).all()) == 20 * 48


def test_a_missed_run_is_made_up_once_and_never_skipped(services, clock):
    _register(services, 3)
    recorder = Recorder(services)
    timetable = Timetable(recorder, services.store, clock)
    timetable.step()
    clock.advance(timedelta(hours=10))  # the machine slept
    timetable.step()
    timetable.step()
    timetable.stop()
    assert Counter(source for source, _ in recorder.runs) == {f"source-{n:02d}": 2 for n in range(3)}


def test_a_run_that_died_is_made_up_by_another_worker(services, clock):
    _register(services, 1)
    with services.store.write() as connection:
        dead = book.claim(connection, "source-00", "dead", clock.now(), timedelta(minutes=5), "")
    second = Recorder(services, "second")
    timetable = Timetable(second, services.store, clock)
    timetable.step()
    assert second.runs == [], "the first worker still holds it"
    clock.advance(timedelta(minutes=6))
    timetable.step()
    timetable.stop()
    assert second.runs == [("source-00", dead.due_at)]


def test_overdue_sources_do_not_start_all_at_once(services):
    now = SystemClock().now()
    services_now = replace(services, clock=SystemClock())
    with services.store.write() as connection:
        for number in range(10):
            book.register(
                connection, f"source-{number:02d}", "x", "news", True, timedelta(hours=1), now - timedelta(days=1)
            )
    recorder = Recorder(services_now)
    timetable = Timetable(recorder, services.store, SystemClock())
    begun = time.monotonic()
    timetable.start()
    wait_for(lambda: len(recorder.runs) == 10)
    lasted = time.monotonic() - begun
    timetable.stop()
    assert lasted >= 9 * SPACING.total_seconds(), "the tenth waits for nine pauses; it can only be later, never sooner"


def test_in_the_background_a_due_source_is_crawled(services, site, source, crawling):
    site.html("/", listing([("/art/2026/art_1229_1.html", "关于沙洲镇火情处置的通报")]))
    site.html("/art/2026/art_1229_1.html", article("关于沙洲镇火情处置的通报"))
    worker = crawling(source("site"))
    timetable = Timetable(worker, services.store, services.clock)
    timetable.start()
    wait_for(lambda: "/art/2026/art_1229_1.html" in site.asked)
    timetable.stop()
    with services.store.read() as connection:
        assert [run.outcome for run in book.runs(connection, "test-source")] == ["ok"]


def test_two_workers_never_crawl_one_source_twice(services, site, source, crawling):
    site.html("/", listing([("/art/2026/art_1229_1.html", "关于沙洲镇火情处置的通报")]))
    site.html("/art/2026/art_1229_1.html", article("关于沙洲镇火情处置的通报"))
    workers = [crawling(source("site"), worker=name) for name in ("one", "two", "three")]
    threads = [threading.Thread(target=worker.crawl_due) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert site.asked.count("/") == 1


def _serve(site, numbers):
    links = [(f"/art/2026/art_1229_{n:03d}.html", f"第{n}号通报的标题") for n in numbers]
    site.html("/", listing(links))
    for n, (path, title) in zip(numbers, links, strict=True):
        site.html(path, article(title, time=f"2026-03-{1 + n % 14:02d} 1{n % 10}:30"))


def _after_a_gap(services, site, source, crawling, clock, later):
    """A source of a fortnight's past that nobody looks at for twelve hours; what is said of these hours afterwards."""
    _serve(site, range(30))
    worker = crawling(source("site", interval={"min_minutes": 10, "max_minutes": 60}))
    worker.crawl_due()
    clock.advance(timedelta(hours=30))
    worker.crawl_due()  # its past is studied once a day
    _serve(site, later)
    start = hour_of(clock.now()) + timedelta(hours=1)
    clock.advance(timedelta(hours=12))
    worker.crawl_due()
    with services.store.read() as connection:
        return ledger.statement(connection, start, hour_of(clock.now()))


def test_hours_in_which_nobody_looked_are_gaps(services, site, source, crawling, clock):
    said = _after_a_gap(services, site, source, crawling, clock, range(100, 130))
    assert {reason for _, _, reason in said.gaps} == {"not_run"}
    assert len(said.gaps) == 11
    assert said.missing > 0
    assert not said.complete


def test_they_are_none_when_the_list_still_shows_what_was_known(services, site, source, crawling, clock):
    said = _after_a_gap(services, site, source, crawling, clock, range(2, 32))
    assert said.gaps == ()
    assert said.complete


def test_small_delays_do_not_add_up():
    due, hour = datetime(2026, 3, 15, 8, tzinfo=SHANGHAI), timedelta(hours=1)
    assert pacing.counted_from(due, due + timedelta(minutes=5), hour) == due
    assert pacing.counted_from(due, due + timedelta(minutes=7), hour) == due + timedelta(minutes=7)


def test_the_interval_follows_what_is_published():
    bounds = Interval(min_minutes=5, max_minutes=720)
    quiet = pacing.aged(pacing.Rate(), 24, 0)
    assert pacing.interval(quiet, bounds) == timedelta(hours=12)
    busy = quiet
    for _ in range(6):
        busy = pacing.aged(busy, 0.25, 2)
    assert pacing.interval(busy, bounds) == timedelta(minutes=5)
    after_an_hour = pacing.interval(pacing.aged(busy, 1, 0), bounds)
    after_a_night = pacing.interval(pacing.aged(busy, 12, 0), bounds)
    assert timedelta(minutes=5) < after_an_hour < after_a_night


def test_a_broken_source_is_told_once_and_mended_once(services, site, source, crawling, clock):
    site.html("/", listing([("/art/2026/art_1229_1.html", "关于沙洲镇火情处置的通报")]))
    site.html("/art/2026/art_1229_1.html", article("关于沙洲镇火情处置的通报"))
    worker = crawling(source("site"))
    begun = clock.now() - timedelta(seconds=1)
    worker.crawl_due()
    good = site.pages["/"]
    site.pages["/"] = Answer(b"", 500)
    for _ in range(5):
        clock.advance_to(worker.next_due())
        worker.crawl_due()
    site.pages["/"] = good
    for _ in range(3):
        clock.advance_to(worker.next_due())
        worker.crawl_due()
    with services.store.read() as connection:
        told = ledger.changes(connection, begun, clock.now())
    assert [change.health for change in told] == ["broken", "ok"]
    assert "5xx" in told[0].reason
    assert "已恢复" in told[1].reason
