"""Who must be told (告知谁): roles of the mechanism → person ids, at the moment, for this case. Pure.

The unit people complain of is told of its own assignment only; a leader is told by mail and never has to sign in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipeline.cases.actions import (
    Assigned,
    Closed,
    Drafted,
    FedBack,
    FeedbackReturned,
    Instructed,
    Lowered,
    Raised,
    Reassigned,
    Reminded,
    Responded,
    SentTo,
    StepApproved,
    StepReturned,
)
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import (
    AlertJoined,
    AssignmentOverdue,
    DeadlineMissed,
    Escalated,
    EventMerged,
    InterpretationMissing,
    Opened,
    PlannedDue,
    ReviewDue,
    Warned,
)
from pipeline.cases.line import waiting_steps
from pipeline.cases.office import Office
from pipeline.cases.people import Directory, Person, Role
from pipeline.cases.permissions import View, view
from pipeline.cases.roster import OnDuty
from pipeline.cases.state import CaseState

_ABOUT_ASSIGNMENT = (Assigned, Reassigned, Reminded, FeedbackReturned, AssignmentOverdue)


def to_tell(fact: AnyFact, case: CaseState, office: Office, duty: OnDuty) -> tuple[str, ...]:
    """The ids of those who must hear of this fact, in a fixed order, each once; () when nobody must."""
    people = _TELL.get(type(fact), _nobody)(fact, case, office, duty)
    seen = []
    for person in people:
        if person.id in seen or not person.active:
            continue
        sees = view(person, case)
        if sees is View.NONE or (sees is View.PROTECTED and not isinstance(fact, _ABOUT_ASSIGNMENT)):
            continue
        seen.append(person.id)
    return tuple(seen)


def resolve(audience: Iterable[str], case: CaseState | None, office: Office, duty: OnDuty) -> list[Person]:
    """Roles → people. The duty officer is whoever is on duty now; with nobody on the roster, every duty officer."""
    directory = office.directory
    finders: dict[str, Callable[[], Iterable[Person]]] = {
        "duty_officer": lambda: _known(duty.officers, directory) or directory.with_role(Role.DUTY_OFFICER),
        "shift_leader": lambda: _known(duty.leaders, directory),
        "unit_head": lambda: directory.heads(directory.press_office),
        "spokesperson": lambda: directory.with_role(Role.SPOKESPERSON),
        "lead_unit": lambda: _of_units(case.lead_units if case else (), directory),
        "assigned_unit": lambda: _of_units(case.units if case else (), directory),
        "leader_in_charge": lambda: _leaders(case, office),
        "principal_leader": directory.principals,
        "administrator": lambda: directory.with_role(Role.ADMINISTRATOR),
        "secretary": lambda: directory.with_role(Role.SECRETARY),
    }
    return [person for one in audience for person in finders[one]()]


def _known(ids: Iterable[str], directory: Directory) -> list[Person]:
    return [person for key in ids if (person := directory.find(key)) and person.active]


def _of_units(units: Iterable[str], directory: Directory) -> list[Person]:
    return [person for unit in units for person in directory.of_unit(unit)]


def _leaders(case: CaseState | None, office: Office) -> tuple[Person, ...]:
    units = (case.lead_units or case.suggested_units) if case else ()
    directory = office.directory
    return directory.leaders_of(units) or directory.leaders_of([directory.press_office]) or directory.principals()


def _nobody(_fact: Any, _case: CaseState, _office: Office, _duty: OnDuty) -> list[Person]:
    return []


def _by(*audience: str) -> Callable[[Any, CaseState, Office, OnDuty], list[Person]]:
    return lambda _fact, case, office, duty: resolve(audience, case, office, duty)


def _opened(_fact: Opened, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    return resolve(office.mechanism.escalation.step[0].tell, case, office, duty)


def _escalated(fact: Escalated, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    return resolve(office.mechanism.escalation.step[fact.step].tell, case, office, duty)


def _warned(fact: Warned, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    keys = next((w.tell for w in office.mechanism.deadlines.warning if w.mark == fact.mark), ())
    return resolve(keys, case, office, duty)


def _missed(_fact: DeadlineMissed, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    return resolve(office.mechanism.deadlines.missed_tell, case, office, duty)


def _assignment_unit(fact: Any, case: CaseState, office: Office, _duty: OnDuty) -> list[Person]:
    found = case.assignment(fact.id if isinstance(fact, Assigned) else fact.assignment)
    return list(office.directory.of_unit(found.unit)) if found else []


def _overdue(fact: AssignmentOverdue, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    return _assignment_unit(fact, case, office, duty) + resolve(("duty_officer", "unit_head"), case, office, duty)


def _approvers(fact: Drafted | StepApproved, case: CaseState, office: Office, duty: OnDuty) -> list[Person]:
    draft = case.draft(fact.paper, fact.version)
    if draft is None:
        return []
    waiting = waiting_steps(draft, office.mechanism, case.level)
    drafter = office.directory.find(draft.drafted_by)
    if not waiting:
        return [*([drafter] if drafter else []), *resolve(("spokesperson", "duty_officer"), case, office, duty)]
    found: list[Person] = []
    for key in waiting:
        step = office.mechanism.approval.find(key)
        if step and step.leader:
            found += office.directory.with_role(Role.SECRETARY)
        else:
            found += [p for p in office.directory.all() if key in p.approves and p.id != draft.drafted_by]
    return found


def _drafter(fact: StepReturned, case: CaseState, office: Office, _duty: OnDuty) -> list[Person]:
    draft = case.draft(fact.paper, fact.version)
    person = office.directory.find(draft.drafted_by) if draft else None
    return [person] if person else []


def _sent(fact: SentTo, _case: CaseState, office: Office, _duty: OnDuty) -> list[Person]:
    return [p for p in office.directory.of_unit(fact.unit) if p.has(Role.CONSULTED)]


_TELL: dict[type, Callable[[Any, CaseState, Office, OnDuty], list[Person]]] = {
    Opened: _opened,
    AlertJoined: _by("duty_officer", "lead_unit"),
    Escalated: _escalated,
    Warned: _warned,
    DeadlineMissed: _missed,
    Assigned: _assignment_unit,
    Reassigned: _assignment_unit,
    Reminded: _assignment_unit,
    FeedbackReturned: _assignment_unit,
    AssignmentOverdue: _overdue,
    FedBack: _by("duty_officer", "spokesperson"),
    Instructed: _by("duty_officer", "spokesperson"),
    Drafted: _approvers,
    StepApproved: _approvers,
    StepReturned: _drafter,
    Responded: _by("spokesperson", "duty_officer"),
    Raised: _by("leader_in_charge", "lead_unit", "duty_officer"),
    Lowered: _by("lead_unit", "duty_officer"),
    ReviewDue: _by("spokesperson", "duty_officer"),
    InterpretationMissing: _by("spokesperson", "lead_unit"),
    PlannedDue: _by("spokesperson", "duty_officer"),
    SentTo: _sent,
    Closed: _by("lead_unit"),
    EventMerged: _by("duty_officer", "spokesperson"),
}
