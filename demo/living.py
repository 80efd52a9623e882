"""Five days of the city in minutes (演示运行): the real spiders, flow, cases and notices on one stepped clock.

Advance to the next due moment, crawl what is due, drain the flow, let the office do what its script says, deliver what
waits; repeat. The city serves only what is published by then, so two machines see the same story.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from crawlers.crawl import Crawling
from crawlers.source import load_sources
from crawlers.timetable import Timetable
from dashboards.daily_round import DailyRound
from demo.city import City
from demo.office import Office
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.notices.deliver import Deliverer
from pipeline.services import Services
from pipeline.working import Worker

SOURCES = Path(__file__).parent / "sources"
FIRST_MOMENT = datetime(2026, 3, 13, 0, 0, tzinfo=SHANGHAI)
LAST_MOMENT = datetime(2026, 3, 18, 0, 0, tzinfo=SHANGHAI)
LONGEST_STEP = timedelta(minutes=10)
SHORTEST_STEP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step brought: new documents, moves of the flow, things the office did, notices sent."""

    at: datetime
    new: int
    moved: int
    acted: int
    sent: int


def live(
    services: Services,
    clock: SteppedClock,
    city: City,
    deliverer: Deliverer,
    told: Callable[[Step], None],
    until: datetime = LAST_MOMENT,
) -> None:
    """Live the days up to `until` in a city that is running."""
    worker = Worker(services)
    office = Office(services)
    daily = DailyRound(services)
    with Crawling(services, load_sources(SOURCES, city.addresses)) as crawling:
        crawling.register()
        timetable = Timetable(crawling, services.store, clock)
        while True:
            now = clock.now()
            report = timetable.step()
            moved = worker.step()
            acted = office.act(now)
            daily.write_due()
            told(Step(now, report.new, moved, acted, deliverer.deliver_due()))
            if now >= until:
                break
            due = timetable.next_due() or until
            clock.advance_to(min(max(due, now + SHORTEST_STEP), now + LONGEST_STEP, until))
        timetable.stop()
    worker.close()
