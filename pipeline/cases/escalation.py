"""What time brings (到点的事): escalation, warnings, missed deadlines, reminders, reviews. Pure.

`pending` lists everything time will bring to a case, with its moment; `due` is what has come by `at`. Each is recorded
once in the history, so that a tick repeated after a crash finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pipeline.cases.actions import Reminded
from pipeline.cases.clocks import ClockView, Standing, clocks, has_clock
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import (
    AssignmentOverdue,
    DeadlineMissed,
    Escalated,
    InterpretationMissing,
    PlannedDue,
    ReviewDue,
    Warned,
)
from pipeline.cases.mechanism import Mechanism, Warning_
from pipeline.cases.responses import unlinked
from pipeline.cases.state import AssignmentStatus, CaseState, Phase, Response

Pending = tuple[datetime, AnyFact]


def due(case: CaseState, mechanism: Mechanism, at: datetime) -> tuple[AnyFact, ...]:
    """What has come by `at` and is not yet in the history, in the order in which it came."""
    come = [(moment, fact) for moment, fact in pending(case, mechanism, at) if moment <= at]
    return tuple(fact for _, fact in sorted(_only_latest_warning(come), key=lambda pair: pair[0]))


def next_moment(case: CaseState, mechanism: Mechanism, at: datetime) -> datetime | None:
    """When time next brings something to this case; None when nothing is to come."""
    coming = [moment for moment, _ in pending(case, mechanism, at)]
    coming += [moment for moment, _ in unmeasured(case, mechanism)]
    return min(coming, default=None)


def unmeasured(case: CaseState, mechanism: Mechanism) -> list[tuple[datetime, Response]]:
    """Responses whose effect is still to be measured, and when (回应后满一个窗口)."""
    done = {effect.response for effect in case.effects}
    after = timedelta(hours=mechanism.effect.hours)
    waiting = [r for r in case.responses if r.id not in done] if case.event_id else []
    return [(response.moment + after, response) for response in waiting]


def pending(case: CaseState, mechanism: Mechanism, at: datetime) -> Iterator[Pending]:
    """Everything time will still bring, if nobody acts."""
    if case.finished:
        return
    yield from _escalations(case, mechanism)
    for view in clocks(case, mechanism, at):
        if view.standing in (Standing.RUNNING, Standing.OVERDUE):
            yield from _deadline(case, mechanism, view)
    yield from _assignments(case, mechanism)
    if case.review_at is not None and case.review_told != case.review_at and case.phase in _REVIEWED:
        yield case.review_at, ReviewDue(review_at=case.review_at)
    yield from _linkage(case, mechanism)
    given = {*case.planned_told, *(response.planned for response in case.responses)}
    yield from ((p.planned_at, PlannedDue(planned=p.id)) for p in case.planned if p.id not in given)


_REVIEWED = (Phase.OFFLINE, Phase.WATCHING)


def _escalations(case: CaseState, mechanism: Mechanism) -> Iterator[Pending]:
    if case.phase is not Phase.OPENED or case.opened_at is None or not has_clock(case):
        return
    wait = timedelta(minutes=mechanism.grade_of(case.level).acknowledge_minutes)
    for number, step in enumerate(mechanism.escalation.step):
        if number > case.escalations:
            yield case.opened_at + wait * step.times, Escalated(step=number, audience="、".join(step.tell))


def _deadline(case: CaseState, mechanism: Mechanism, view: ClockView) -> Iterator[Pending]:
    due_text = view.due.isoformat()
    if (view.duty, due_text) not in case.missed:
        yield view.due, DeadlineMissed(duty=view.duty, due=view.due)
    if view.standing is Standing.OVERDUE:
        return
    marks = sorted(mechanism.deadlines.warning, key=lambda warning: _moment(view, warning))
    told = [n for n, warning in enumerate(marks) if (view.duty, warning.mark, due_text) in case.warned]
    for warning in marks[max(told, default=-1) + 1 :]:
        yield _moment(view, warning), Warned(duty=view.duty, mark=warning.mark, due=view.due)


def _moment(view: ClockView, warning: Warning_) -> datetime:
    return view.mark_at(warning.share, warning.minutes_before)


def _assignments(case: CaseState, mechanism: Mechanism) -> Iterator[Pending]:
    before = timedelta(minutes=mechanism.assignments.remind_minutes_before)
    for assignment in case.assignments:
        if assignment.status is not AssignmentStatus.OPEN:
            continue
        if not assignment.overdue_told:
            yield assignment.due, AssignmentOverdue(assignment=assignment.id, due=assignment.due)
            if not assignment.reminded_automatically:
                remind = max(assignment.due - before, assignment.assigned_at)
                yield remind, Reminded(assignment=assignment.id, text="反馈时间将到", automatic=True)


def _linkage(case: CaseState, mechanism: Mechanism) -> Iterator[Pending]:
    grace = timedelta(hours=mechanism.linkage.interpretation_hours)
    for response in case.responses:
        if response.linked != "release" or response.id in case.unlinked:
            continue
        moment = response.moment + grace + timedelta(seconds=1)
        if any(r.id == response.id for r in unlinked(case, mechanism, moment)):
            yield moment, InterpretationMissing(response=response.id)


def _only_latest_warning(come: Iterable[Pending]) -> list[Pending]:
    """Several marks of one clock passed at once (the class was set late): only the most urgent is said."""
    come = list(come)
    missed = {fact.duty for _, fact in come if isinstance(fact, DeadlineMissed)}
    latest = {fact.duty: moment for moment, fact in sorted(come, key=lambda p: p[0]) if isinstance(fact, Warned)}
    return [
        (moment, fact)
        for moment, fact in come
        if not isinstance(fact, Warned) or (fact.duty not in missed and moment == latest[fact.duty])
    ]
