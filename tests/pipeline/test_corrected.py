"""What a person has decided about events stands, also for a flow that starts anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import huiying
from config.settings import AnalysisSettings, Settings
from demo.documents import documents
from demo.truth import truth_of
from pipeline.clock import SteppedClock
from pipeline.corrections import split
from pipeline.document import Judged
from pipeline.flow import Flow
from pipeline.lane import Lane
from pipeline.services import Services
from pipeline.store import events

FIRE = [one for one in documents() if (truth := truth_of(one)) and truth.storyline == "fire"][:16]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    settings = Settings(data_dir=tmp_path, analysis=AnalysisSettings(engine="fast", executor="serial"))
    made = huiying.build_services(settings, SteppedClock(FIRE[-1].known_at + timedelta(hours=1)))
    yield made
    made.close()


@pytest.mark.parametrize("by", ["fang_yi", ""])
def test_what_a_person_split_stays_apart_and_what_the_machine_parted_may_meet_again(
    services: Services, by: str
) -> None:
    services.intake.take(FIRE)
    Flow(services).drain()
    with services.store.write() as connection:
        members = [(one.event_id, one.judged) for one in events.members(connection, FIRE[0].known_at)]
        largest = max({name for name, _ in members}, key=[name for name, _ in members].count)
        mine = [judged for name, judged in members if name == largest]
        new = split(connection, largest, [one.document.id for one in mine[::2]], by, FIRE[-1].known_at, "两件事")
    grouping = Lane.restored(services).grouping
    for number, judged in enumerate(mine * 2):
        later = replace(
            judged.document, id=f"later{number}", collected_at=FIRE[-1].known_at + timedelta(minutes=number)
        )
        grouping.place(Judged(later, judged.analysis), None, later.known_at)
    met = grouping.live.event_of[mine[0].document.id] == grouping.live.event_of[mine[1].document.id]
    assert met == (not by)
    assert by == "" or {new, largest} <= grouping.live.events.keys()
