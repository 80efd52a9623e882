"""2,000 sources on the timetable for a simulated week, mean interval an hour: every due run happened once, memory flat.

The timetable, the claims, the keeping, the ledger and the pacing are the product's own, on a real store; only the network is
left out: each visit brings documents by the source's own rhythm (a Poisson process over the common day, seeded).
Each run's end promises when the source is due next: the benchmark keeps these promises itself and counts a run only when
its due moment is the promised one, so a lost, doubled or moved run shows.
Usage: python -m benchmarks.timetable [--sources 2000] [--days 7] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

import pipeline.store.schema  # noqa: F401 - fills the metadata
from config.settings import Settings
from crawlers.crawl import CrawlReport
from crawlers.keeping import Keeper
from crawlers.ledger import _RHYTHM
from crawlers.source import Source
from crawlers.timetable import Timetable
from crawlers.visit import Visit
from pipeline.clock import SHANGHAI, SteppedClock, shanghai
from pipeline.document import Document, Kind
from pipeline.intake import Intake
from pipeline.services import Services
from pipeline.store import sources as book
from pipeline.store.engine import Store, metadata, sqlite_url
from pipeline.store.pseudonyms import Pseudonyms
from pipeline.store.schema.sources import source_runs
from pipeline.store.sources import forget

AT_LEAST = timedelta(seconds=10)  # a step: what is due within it starts together, so at most so late
START = datetime(2026, 3, 9, tzinfo=SHANGHAI)


class Nobody:
    """No network: nothing is known and nothing is fetched."""

    def pages(self, _keys: Any) -> dict[str, Any]:
        return {}

    def due(self, _limit: int) -> list[Any]:
        return []


class DryCrawler:
    """Visits that bring what each source published since its last visit."""

    def __init__(self, services: Services, sources: list[Source], a_day: dict[str, float], worker: str) -> None:
        self.services, self.worker = services, worker
        self.sources = {source.id: source for source in sources}
        self.keeper = Keeper(services, None)
        self.a_day, self.random = a_day, random.Random(7)
        self.last: dict[str, datetime] = {}
        self.promised: dict[str, datetime] = {}  # when each source said that it is due next
        self.kept = self.broken = 0  # promises: a run came at just that due moment, or another did
        self.runs = 0
        self.documents = 0
        self.late = timedelta(0)

    def crawl(self, ids: Iterable[str]) -> CrawlReport:
        now = self.services.clock.now()
        with self.services.store.write() as connection:
            found = [book.claim(connection, key, self.worker, now, timedelta(minutes=5), "") for key in ids]
        claims = [claim for claim in found if claim is not None]
        return CrawlReport([self._visit(claim, now) for claim in claims])

    def _visit(self, claim: book.Claim, now: datetime) -> Any:
        source = self.sources[claim.source_id]
        visit = Visit(source, None, Nobody(), None, now, claim.state.memory)  # type: ignore[arg-type]
        since = self.last.get(source.id, now - timedelta(hours=1))
        self.last[source.id] = now
        for number in range(self._published(source.id, since, now)):
            visit.keep(Document(f"{source.id}-{now.timestamp():.0f}-{number}", "沙洲镇通报", Kind.NEWS, source.name,
                                published_at=now, collected_at=now))  # fmt: skip
        self.runs += 1
        self.documents += len(visit.harvest.documents)
        self.late = max(self.late, now - claim.due_at)
        self.kept += self.promised[source.id] == claim.due_at
        self.broken += self.promised[source.id] != claim.due_at
        report = self.keeper.keep(source, claim, visit, None)
        with self.services.store.read() as connection:
            state = book.state(connection, source.id)
        assert state is not None
        self.promised[source.id] = state.next_due
        return report

    def _published(self, source_id: str, since: datetime, now: datetime) -> int:
        expected = self.a_day[source_id] / 24 * _RHYTHM[shanghai(now).hour] * ((now - since) / timedelta(hours=1))
        count, chance = 0, self.random.random()
        term = total = 2.718281828 ** -min(expected, 50)
        while chance > total and count < 200:
            count += 1
            term *= expected / count
            total += term
        return count


def run(sources: int, days: float) -> dict[str, Any]:
    """Live through the days; the figures of the bar."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(sqlite_url(Path(folder) / "store.db"))
        metadata.create_all(store.engine)
        clock = SteppedClock(START)
        intake = Intake(store, clock, Pseudonyms(Path(folder) / "keys"))
        services = Services(Settings(data_dir=Path(folder)), clock, store, intake, _never, _never, store.close)
        chosen = random.Random(11)
        made = [_source(n, chosen) for n in range(sources)]
        a_day = {source.id: chosen.lognormvariate(1.0, 1.0) for source in made}
        crawler = DryCrawler(services, made, a_day, "bench")
        with store.write() as connection:
            for source in made:
                pause = timedelta(minutes=source.interval.start_minutes)
                due = crawler.promised[source.id] = START + pause * chosen.random()
                book.register(connection, source.id, source.name, source.kind, True, pause, due)
        timetable = Timetable(crawler, store, clock)
        started, marks = time.perf_counter(), []
        end, day = START + timedelta(days=days), START
        while True:
            timetable.step()
            following = timetable.next_due()
            assert following is not None
            if following >= day:
                marks.append(_memory_mib())
                _progress(clock.now(), crawler, started)
                day += timedelta(days=1)
                with store.write() as connection:
                    forget(connection, clock.now() - timedelta(days=30), clock.now() - timedelta(days=400))
            if following >= end:
                break
            clock.advance_to(max(following, clock.now() + AT_LEAST))
        seconds = time.perf_counter() - started
        with store.read() as connection:
            rows = connection.execute(select(func.count()).select_from(source_runs)).scalar_one()
            open_ = connection.execute(
                select(func.count()).select_from(source_runs).where(source_runs.c.outcome != "ok")
            ).scalar_one()
        timetable.stop()
        store.close()
    return {
        "sources": sources,
        "days": days,
        "runs": crawler.runs,
        "runs_in_store": rows,
        "not_ok": open_,
        "promises_kept": crawler.kept,
        "promises_broken": crawler.broken,
        "promises_unmet": sum(due < min(end, clock.now()) for due in crawler.promised.values()),
        "every_due_run_once": rows == crawler.runs == crawler.kept and open_ == crawler.broken == 0,
        "mean_interval_minutes": round(days * 1440 * sources / crawler.runs, 1),
        "latest_start_seconds": crawler.late.total_seconds(),
        "documents": crawler.documents,
        "memory_mib_by_day": [round(mark, 1) for mark in marks],
        "memory_growth_after_day_2_mib": round(marks[-1] - marks[min(2, len(marks) - 1)], 1),
        "seconds": round(seconds, 1),
        "runs_per_second": round(crawler.runs / seconds),
    }


def _source(number: int, chosen: random.Random) -> Source:
    start = chosen.choice((30, 45, 60, 60, 90))
    return Source.model_validate(
        {"id": f"source-{number:04d}", "name": f"信源{number}", "kind": "news", "spider": "site", "url": f"http://s{number}.example/",
         "interval": {"min_minutes": 30, "start_minutes": start, "max_minutes": 72}}
    )  # fmt: skip


def _memory_mib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def _never() -> Any:
    raise AssertionError("not needed")


def _progress(at: datetime, crawler: DryCrawler, started: float) -> None:
    line = f"{shanghai(at):%m-%d %H:%M} runs {crawler.runs} {crawler.runs / (time.perf_counter() - started):.0f}/s"
    sys.stderr.write(f"{line} {_memory_mib():.0f} MiB\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=2000)
    parser.add_argument("--days", type=float, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures = run(asked.sources, asked.days)
    if asked.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:32} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
