"""The hourly look at unfinished cases says what reading every history anew would say, and reads only what has grown."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from config.settings import Settings
from pipeline.alerts.rules import CaseDue
from pipeline.alerts.subjects import CaseDues
from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.desk import Desk
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.refusal import Refused
from pipeline.cases.state import FINISHED, Phase
from pipeline.store import cases as case_store
from pipeline.store.engine import Store
from pipeline.store.schema.cases import case_entries, cases
from tests.cases.conftest import FIRE, Play, make_alert, make_state

EVENTS = tuple(f"e{number}" for number in range(8))
UNITS = ("区应急管理局", "区消防救援大队", "区城管局")
CLASSES = ("其他政务舆情", "特别重大、重大突发事件")
HOUR = timedelta(hours=1)
HOURS, SEEDS = 80, range(4)
OFTEN = ("answering", "answered", "answered", "wound_up", "wound_up", "wound_up", "commanded", "commanded")
MOVING = {
    "opened", "acknowledged", "class_set", "start_set", "assigned", "decided", "responded", "upward_reported", "raised",
    "lowered", "event_merged", "deadline_missed", "closed", "reopened",
}  # fmt: skip


def plain(connection: Connection, mechanism: Mechanism, at: datetime) -> list[CaseDue]:
    """Every duty that runs, from the whole history of every unfinished case."""
    found = []
    query = select(cases.c.id).where(cases.c.phase.not_in(list(FINISHED)), cases.c.purged_at.is_(None))
    for case_id in connection.execute(query.order_by(cases.c.opened_at, cases.c.id)).scalars().all():
        case = case_store.load(connection, case_id)
        for clock in clocks(case, mechanism, at) if case else ():
            if case and clock.standing is Standing.RUNNING:
                share = (clock.due - at) / (clock.due - clock.start)
                due = CaseDue(case.id, case.event_id, case.title, at, clock.due, share, clock.name, "", case.lead_units)
                found.append(due)
    return found


def answered(play: Play, at: datetime) -> None:
    """A statement through its whole chain, and out."""
    version = play.approved_line(at)
    play.respond(at, form=random.Random(str(at)).choice(["site_statement", "press_conference"]), version=version)


def wound_up(play: Play, at: datetime) -> None:
    """What was missed is explained and the case closed, or begun anew."""
    if play.case.finished:
        play.act("fang_yi", "reopened", at, reason="复燃")
        return
    for duty in sorted({duty for duty, _ in play.case.missed} - play.case.explained.keys()):
        play.act("fang_yi", "miss_explained", at, duty=duty, reason="核实难")
    play.act("fang_yi", "closed", at, note="办结")


def commanded(play: Play, at: datetime) -> None:
    """The city takes the event over, or gives it back."""
    if play.case.phase is Phase.RAISED:
        play.act("fang_yi", "lowered", at, reason="结束")
    else:
        play.act("fang_yi", "raised", at, authority="澜州市指挥部", reason="提级")


def happen(rng: random.Random, play: Play, at: datetime) -> None:
    """One thing that the flow or a person does; when the rules refuse it, another."""
    kept, merged = rng.sample(EVENTS, 2)
    soon, before = ((at + timedelta(hours=sign * rng.choice([1, 3, 30]))).isoformat() for sign in (1, -1))
    acts: dict[str, Callable[[], Any]] = {
        "acknowledged": lambda: play.act("gu_lan", "acknowledged", at),
        "start_set": lambda: play.act(
            "fang_yi", "start_set", at, which=rng.choice(["happened", "first_seen"]), moment=before, reason="核实"
        ),
        "class_set": lambda: play.act(
            "fang_yi", "class_set", at, legal_class=rng.choice(["major", "other"]), reason="研判"
        ),
        "answering": lambda: play.answering(at),
        "answered": lambda: answered(play, at),
        "quiet": lambda: play.act(
            "fang_yi", "decided", at, decision="watch", reason="持续关注", approver="ding_haiyang", review_at=soon
        ),
        "assigned": lambda: play.act(
            "gu_lan", "assigned", at, unit=rng.choice(UNITS), asked="核实", due=soon, lead=rng.random() < 0.6
        ),
        "accused": lambda: play.desk.accuse(play.connection, play.case.event_id, rng.choice(UNITS), at),
        "upward": lambda: play.act("gu_lan", "upward_reported", at, step=rng.choice(["first", "follow"]), text="报"),
        "commanded": lambda: commanded(play, at),
        "wound_up": lambda: wound_up(play, at),
        "folded": lambda: play.act("fang_yi", "folded", at, into=rng.choice(numbers(play)), reason="同一事件"),
        "merged": lambda: play.desk.merge_events(play.connection, kept, merged, at),
        "purged": lambda: rng.random() < 0.1 and case_store.empty(play.connection, play.case_id, at),
    }
    play.case_id = rng.choice(case_ids(play))
    if case_store.load(play.connection, play.case_id) is None:
        return
    for act in rng.choices([*acts, *OFTEN], k=4):
        with suppress(Refused):
            acts[act]()
            return


def case_ids(play: Play) -> list[str]:
    return list(play.connection.execute(select(cases.c.id).order_by(cases.c.number)).scalars())


def numbers(play: Play) -> list[str]:
    return list(play.connection.execute(select(cases.c.number).order_by(cases.c.number)).scalars())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_look_says_what_reading_everything_anew_says(store: Store, seed: int) -> None:
    rng, at = random.Random(seed), FIRE
    shipped = Desk.of(Settings())
    upward = shipped.mechanism.upward.model_copy(update={"enabled": True})
    desk = Desk(shipped.mechanism.model_copy(update={"upward": upward}), shipped.shipped, shipped.pattern)
    looking, said = CaseDues(desk.mechanism), 0
    for hour in range(HOURS):
        for step in range(rng.choice([0, 1, 4, 6])):
            at = FIRE + hour * HOUR + timedelta(minutes=rng.randrange(60))
            with store.write() as connection:  # whoever writes, the look must notice by the store
                if step % 4 == 0 and rng.random() < 0.5:
                    alert = make_alert(
                        at, 2, id=f"{hour}-{step}", event_id=rng.choice(EVENTS), legal_class=rng.choice(CLASSES)
                    )
                    desk.open_for_alert(connection, alert, make_state(at, event_id=alert.event_id), at)
                else:
                    play = Play(desk, connection)
                    if case_ids(play):
                        happen(rng, play, at)
        tick = FIRE + (hour + 1) * HOUR
        with store.write() as connection:
            found = looking.at(connection, tick)
            assert found == plain(connection, desk.mechanism, tick)
            assert found == CaseDues(desk.mechanism).at(connection, tick)  # as after a restart
            said += len(found)
            desk.tick(connection, tick)
    with store.read() as connection:
        seen = set(connection.execute(select(case_entries.c.kind).distinct()).scalars())
    assert said > 50
    assert seen >= MOVING, MOVING - seen  # it would prove little if the random office never got anywhere


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that the store is asked meanwhile."""
    said: list[str] = []

    def note(*given: Any) -> None:
        said.append(given[2])

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def reads(said: list[str]) -> int:
    """How many histories were read."""
    return sum("case_entries.content" in statement for statement in said)


def opened(store: Store, desk: Desk, count: int) -> None:
    with store.write() as connection:
        for number in range(count):
            alert = make_alert(FIRE, 2, id=f"a{number}", event_id=f"e{number}", legal_class="其他政务舆情")
            desk.open_for_alert(connection, alert, make_state(FIRE, event_id=alert.event_id), FIRE)


def test_only_histories_that_have_grown_are_read_again(store: Store) -> None:
    desk = Desk.of(Settings())
    opened(store, desk, 200)
    looking = CaseDues(desk.mechanism)
    with counted(store) as said, store.read() as connection:
        first = looking.at(connection, FIRE + HOUR)
    assert (len(first), reads(said)) == (200, 200)
    with counted(store) as said, store.read() as connection:
        second = looking.at(connection, FIRE + 2 * HOUR)
    assert (len(second), reads(said)) == (200, 0)
    assert len(said) <= 4  # BEGIN among them
    with store.write() as connection:
        play = Play(desk, connection)
        play.case_id = second[7].case_id
        play.act("gu_lan", "acknowledged", FIRE + 2 * HOUR)
    with counted(store) as said, store.read() as connection:
        assert len(looking.at(connection, FIRE + 3 * HOUR)) == 200
    assert reads(said) == 1


def test_cases_that_nobody_answers_are_not_asked_for_once_their_duties_are_missed(store: Store) -> None:
    desk = Desk.of(Settings())
    opened(store, desk, 20)
    looking, late = CaseDues(desk.mechanism), FIRE + timedelta(days=9)
    with store.write() as connection:
        assert looking.at(connection, FIRE + HOUR)
        desk.tick(connection, late)
        assert looking.at(connection, late) == []
    with counted(store) as said, store.read() as connection:
        assert looking.at(connection, late + HOUR) == []
    assert reads(said) == 0
