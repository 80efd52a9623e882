"""What rules test besides events (预警对象): silent sources, cases near their deadline, a day on which nothing fired.

Reads the store and hands plain subjects to the rule book; asked on the flow's ten-minute grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from pipeline.alerts.routing import About
from pipeline.alerts.rules import CaseDue, RuleBook, Sign, SourceSilence, Watch
from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.state import FINISHED, CaseState
from pipeline.clock import shanghai
from pipeline.store import cases as case_store
from pipeline.store import ledger
from pipeline.store.schema.cases import cases
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


def case_dues(connection: Connection, mechanism: Mechanism, at: datetime) -> Iterator[CaseDue]:
    """Every duty of an unfinished case that is still unanswered and not yet missed."""
    query = select(cases.c.id).where(cases.c.phase.not_in(list(FINISHED)), cases.c.purged_at.is_(None))
    for case_id in connection.execute(query.order_by(cases.c.opened_at, cases.c.id)).scalars().all():
        case = case_store.load(connection, case_id)
        if case is not None:
            yield from _dues(case, mechanism, at)


def _dues(case: CaseState, mechanism: Mechanism, at: datetime) -> Iterator[CaseDue]:
    for clock in clocks(case, mechanism, at):
        if clock.standing is Standing.RUNNING:
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
