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
from demo.city import City
from demo.office import Office
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.services import Services
from pipeline.working import Worker

SOURCES = Path(__file__).parent / "sources"
FIRST_MOMENT = datetime(2026, 3, 13, 0, 0, tzinfo=SHANGHAI)
LAST_MOMENT = datetime(2026, 3, 18, 0, 0, tzinfo=SHANGHAI)
LONGEST_STEP = timedelta(minutes=10)
FIRST_PORT = 8701


@dataclass(frozen=True, slots=True)
class Step:
    """What one step brought."""

    at: datetime
    new: int
    moved: int
    sent: int


def live(services: Services, clock: SteppedClock, told: Callable[[Step], None], until: datetime = LAST_MOMENT) -> City:
    """Live the days up to `until`; the city is left running for whoever wants to look at it. OSError: a port is taken."""
    city = City(clock, FIRST_PORT)
    addresses = city.start()
    worker = Worker(services)
    office = Office(services)
    with Crawling(services, load_sources(SOURCES, addresses)) as crawling:
        crawling.register()
        timetable = Timetable(crawling, services.store, clock)
        while clock.now() < until:
            report = timetable.step()
            moved = worker.step()
            sent = office.act(clock.now())
            told(Step(clock.now(), report.new, moved, sent))
            due = timetable.next_due() or until
            clock.advance_to(min(max(due, clock.now() + timedelta(minutes=1)), clock.now() + LONGEST_STEP, until))
        worker.step()
        timetable.stop()
    worker.close()
    return city
