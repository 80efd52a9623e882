"""What rules test besides events (预警对象): silent sources, cases near their deadline, a day on which nothing fired.

Reads the store and hands plain subjects to the rule book; asked on the flow's ten-minute grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from pipeline.alerts.routing import About
from pipeline.alerts.rules import CaseDue, RuleBook, Sign, SourceSilence, Watch
from pipeline.cases.clocks import ClockView, Standing, clocks
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.state import CaseState
from pipeline.clock import shanghai
from pipeline.store import cases as case_store
from pipeline.store import ledger
from pipeline.store.schema.documents import documents
from pipeline.store.schema.events import alerts
from pipeline.store.schema.sources import sources

MORNING = 7  # o'clock in Shanghai: when a day without an alert is stated


def is_full_hour(tick: datetime) -> bool:
    """Cases are looked at once an hour."""
    return tick.minute == 0


def is_morning(tick: datetime) -> bool:
    """The one tick of the day at which nothing found is stated."""
    local = shanghai(tick)
    return local.hour == MORNING and local.minute == 0


def silences(connection: Connection, at: datetime) -> Iterator[SourceSilence]:
    """Sources that are broken or silent now."""
    for source in ledger.unwell(connection, at):
        hours = (at - source.since) / timedelta(hours=1)
        yield SourceSilence(source.name, source.kind, at, hours, source.expected)


class CaseDues:
    """The duties of unfinished cases that are unanswered and not yet missed, looked at as time goes forward.

    The first look reads every unfinished case and remembers those with a duty running. After that the chain of histories
    says which cases have grown, whoever wrote in them, and only these are read again. So a case that nobody answers costs
    nothing once its duties are missed.
    """

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self._read_to: int | None = None  # the position in the chain up to which histories were read
        self._running: dict[str, _Running] = {}

    def at(self, connection: Connection, at: datetime) -> list[CaseDue]:
        """Every duty that runs at `at`; those of the case opened first come first."""
        self._running = {running.case.id: running for running in self._look(connection, at) if running.clocks}
        return [due for running in self._running.values() for due in running.dues(at)]

    def _look(self, connection: Connection, at: datetime) -> Iterator[_Running]:
        reached = case_store.head(connection).position  # asked first: what is written meanwhile is read again
        grown = set() if self._read_to is None else case_store.changed_since(connection, self._read_to)
        among = None if self._read_to is None else grown | self._running.keys()
        self._read_to = reached
        for case_id in case_store.unfinished(connection, among):
            if case_id in self._running and case_id not in grown:
                yield self._running[case_id].still(at)
            elif (case := case_store.load(connection, case_id)) is not None:
                yield _Running(case, clocks(case, self._mechanism, at)).still(at)


@dataclass(frozen=True, slots=True)
class _Running:
    """A case and those of its clocks that are running."""

    case: CaseState
    clocks: tuple[ClockView, ...]

    def still(self, at: datetime) -> _Running:
        """Without what was missed by `at`. Only an entry in the history answers a duty."""
        return _Running(self.case, tuple(c for c in self.clocks if c.standing is Standing.RUNNING and at < c.due))

    def dues(self, at: datetime) -> Iterator[CaseDue]:
        case = self.case
        for clock in self.clocks:
            share = (clock.due - at) / (clock.due - clock.start)
            yield CaseDue(
                case.id, case.event_id, case.title, at, clock.due, share, clock.name, departments=case.lead_units
            )


def watch(connection: Connection, book: RuleBook, at: datetime) -> Watch | None:
    """The last day, if no rule fired in it; None when one did, or when no source is on the timetable (a replay)."""
    since = at - timedelta(hours=24)
    fired = select(func.count()).where(alerts.c.at > since, alerts.c.at <= at, alerts.c.event_id != "")
    if connection.execute(fired).scalar_one():
        return None
    names = {
        row.id: row.name for row in connection.execute(select(sources.c.id, sources.c.name).where(sources.c.enabled))
    }
    if not names:
        return None
    unwell = {source.source_id for source in ledger.unwell(connection, at)}
    heard = select(func.count()).where(documents.c.known_at > since, documents.c.known_at <= at)
    return Watch(
        at=at,
        hours=24,
        queries=book.queries(),
        alive=tuple(names[key] for key in sorted(names) if key not in unwell),
        silent=tuple(names[key] for key in sorted(names) if key in unwell),
        documents=int(connection.execute(heard).scalar_one()),
    )


def of_sign(sign: Sign) -> About:
    """What routing needs of an early sign; a unit complained of is never told."""
    topics = (sign.topic, f"{sign.topic}/{sign.topic_sub}") if sign.topic_sub else (sign.topic,)
    return About(topics, (sign.place,) if sign.place else (), sign.departments, sign.accused)


def of_case(due: CaseDue) -> About:
    """What routing needs of a case near its deadline."""
    return About(units=due.departments)
