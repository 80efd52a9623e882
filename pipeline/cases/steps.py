"""The state machine of a case (处置单状态机): `decide` says what an action becomes, `apply` folds it in. Pure.

A case is the fold of its entries. `decide` reads the state and refuses in one Chinese line, or gives the facts to be
kept; `apply` never refuses: what is in the history has happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pipeline.cases import assessment, assignment, grading, instructions, line, responses, upward
from pipeline.cases.actions import (
    Acknowledged,
    Action,
    Adopted,
    Assessed,
    Assigned,
    AssignmentClosed,
    ClassSet,
    Closed,
    Corrected,
    Decided,
    Drafted,
    EffectMeasured,
    Evaluated,
    FedBack,
    FeedbackReturned,
    Folded,
    GradeSet,
    Instructed,
    Lowered,
    MissExplained,
    Noted,
    Raised,
    ReachCounted,
    Reassigned,
    Reminded,
    Reopened,
    Responded,
    ResponsePlanned,
    Reviewed,
    SentTo,
    StartSet,
    StepApproved,
    StepReturned,
    Submitted,
    Supplied,
    UpwardReported,
)
from pipeline.cases.clocks import Standing, clocks, has_clock
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import (
    AlertJoined,
    DeadlineMissed,
    Escalated,
    EventMerged,
    Opened,
    Purged,
    ReviewDue,
    Warned,
)
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.office import Applier, Asking, Decider, Office
from pipeline.cases.people import Person
from pipeline.cases.permissions import action_name, require
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import PHASE_NAMES, AssignmentStatus, CaseState, Entry, Phase
from pipeline.cases.vocabulary import Fact, Origin


def _kinds(*kinds: type) -> frozenset[type]:
    return frozenset(kinds)


_ALWAYS = _kinds(Noted, Corrected)
_WORK: frozenset[type] = frozenset(
    {Assigned, Reminded, FedBack, FeedbackReturned, Reassigned, AssignmentClosed, Instructed, SentTo, Submitted, Adopted,
     MissExplained, UpwardReported, StartSet, ClassSet, GradeSet, ReachCounted, EffectMeasured}
)  # fmt: skip
_TEXTS: frozenset[type] = frozenset({Drafted, StepApproved, StepReturned})
_JUDGE: frozenset[type] = _kinds(Assessed, Decided, Raised, Folded)
ALLOWED: dict[Phase, frozenset[type]] = {
    Phase.OPENED: _ALWAYS | _kinds(Acknowledged, StartSet, ClassSet, GradeSet, UpwardReported),
    Phase.ASSESSING: _ALWAYS | _WORK | _TEXTS | _JUDGE | _kinds(ResponsePlanned),
    Phase.ANSWERING: _ALWAYS | _WORK | _TEXTS | _JUDGE | _kinds(ResponsePlanned, Responded, Closed),
    Phase.OFFLINE: _ALWAYS | _WORK | _JUDGE | _kinds(Reviewed, Closed),
    Phase.WATCHING: _ALWAYS | _WORK | _JUDGE | _kinds(Reviewed, Closed),
    Phase.RAISED: _ALWAYS | _WORK | _kinds(Supplied, Lowered, Closed),
    Phase.CLOSED: _ALWAYS
    | _kinds(Reopened, Evaluated, EffectMeasured, ReachCounted, Submitted, Adopted, MissExplained, UpwardReported),
    Phase.EVALUATED: _ALWAYS | _kinds(Reopened, EffectMeasured, ReachCounted, Submitted, Adopted),
}
_PLAIN: dict[Origin, frozenset[type]] = {
    Origin.PLANNED: _ALWAYS
    | _TEXTS
    | _kinds(Assigned, Reminded, FedBack, FeedbackReturned, Reassigned, AssignmentClosed, Instructed, SentTo, GradeSet)
    | _kinds(ResponsePlanned, Responded, ReachCounted, EffectMeasured, Submitted, Adopted, Closed, Reopened, Evaluated),
    Origin.ADVICE: _ALWAYS
    | _kinds(Assigned, Reminded, FedBack, FeedbackReturned, Reassigned, AssignmentClosed, Instructed, SentTo, GradeSet)
    | _kinds(Submitted, Adopted, Closed, Reopened, Evaluated),
    Origin.REPORT: _ALWAYS | _kinds(Submitted, Adopted, Closed, Reopened, Instructed, GradeSet),
}


def offered(case: CaseState) -> frozenset[str]:
    """The kinds of action that this kind of file takes in its present phase, whoever asks."""
    kinds = ALLOWED[case.phase] if has_clock(case) else ALLOWED[case.phase] & _PLAIN[case.origin]
    return frozenset(str(kind.model_fields["kind"].default) for kind in kinds if issubclass(kind, Fact))


def decide(case: CaseState, action: Action, by: Person, at: datetime, office: Office) -> tuple[AnyFact, ...]:
    """What this action becomes in the history. Raises Refused with the reason in one Chinese line."""
    asking = Asking(by=office.directory.get(by.id), at=at, office=office)
    kind = type(action)
    if not has_clock(case) and kind not in _PLAIN[case.origin]:
        raise Refused(f"此件不是舆情处置单，不能“{action_name(action.kind)}”。")
    if kind not in ALLOWED[case.phase]:
        raise Refused(
            f"{case.number or '此件'}现处于“{PHASE_NAMES[case.phase]}”，不能“{action_name(action.kind)}”{_hint(case)}。"
        )
    require(case, action, asking)
    return DECIDERS[kind](case, action, asking)


def _hint(case: CaseState) -> str:
    return {
        Phase.OPENED: "：请先签收",
        Phase.ASSESSING: "：请先完成研判并作出决定",
        Phase.RAISED: "：由上级统一发布，本单位提供材料",
        Phase.CLOSED: "：如有新情况请“重新启动”",
        Phase.EVALUATED: "：如有新情况请“重新启动”",
    }.get(case.phase, "")


def apply(case: CaseState, entry: Entry) -> CaseState:
    """The case after one entry. Never refuses: what is written has happened."""
    after = APPLIERS[type(entry.fact)](case, entry.fact, entry)
    return replace(after, id=entry.case_id, entries=entry.seq)


def fold(entries: Iterable[Entry]) -> CaseState:
    """The case as its whole history makes it."""
    case = CaseState()
    for entry in entries:
        case = apply(case, entry)
    return case


# ---- opening, acknowledgement, headquarters ------------------------------------------------------


def _apply_opened(case: CaseState, fact: Opened, entry: Entry) -> CaseState:
    clocked = fact.origin in (Origin.ALERT, Origin.MANUAL)
    return replace(
        case,
        id=entry.case_id,
        number=fact.number,
        origin=fact.origin,
        phase=Phase.OPENED if clocked else Phase.ANSWERING,
        title=fact.title,
        reason=fact.reason,
        event_id=fact.event_id,
        alerts=(fact.alert_id,) if fact.alert_id else (),
        rule=fact.rule,
        policy=fact.policy,
        opened_at=entry.at,
        opened_by=entry.by,
        happened=fact.happened,
        first_seen=fact.first_seen,
        detected=fact.detected,
        suggested_level=fact.level,
        suggested_class=fact.legal_class,
        suggested_units=fact.suggested_units,
        accused=fact.accused,
        evidence=fact.evidence,
        earlier_case=fact.earlier_case,
    )


def _apply_joined(case: CaseState, fact: AlertJoined, _entry: Entry) -> CaseState:
    accused = tuple(dict.fromkeys((*case.accused, *fact.accused)))
    return replace(
        case,
        alerts=(*case.alerts, fact.alert_id),
        suggested_level=min(case.suggested_level, fact.level),
        evidence=tuple(dict.fromkeys((*case.evidence, *fact.evidence))),
        accused=accused,
        suggested_units=tuple(unit for unit in case.suggested_units if unit not in accused),
    )


def _apply_merged(case: CaseState, fact: EventMerged, _entry: Entry) -> CaseState:
    return replace(case, event_id=fact.kept)


def _keep(_case: CaseState, action: Action, _asking: Asking) -> tuple[AnyFact, ...]:
    return (action,)


def _keep_text(_case: CaseState, action: Noted | Supplied, asking: Asking) -> tuple[AnyFact, ...]:
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    return (action,)


def _decide_corrected(case: CaseState, action: Corrected, asking: Asking) -> tuple[AnyFact, ...]:
    if action.entry > case.entries:
        raise Refused(f"没有第{action.entry}条记录：此件共{case.entries}条。")
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    return (action,)


def _apply_acknowledged(case: CaseState, _fact: Acknowledged, entry: Entry) -> CaseState:
    return replace(case, phase=Phase.ASSESSING, acknowledged_at=entry.at, acknowledged_by=entry.by)


def _apply_raised(case: CaseState, fact: Raised, _entry: Entry) -> CaseState:
    return replace(case, phase=Phase.RAISED, phase_before_raise=case.phase, raised_to=fact.authority)


def _apply_lowered(case: CaseState, _fact: Lowered, _entry: Entry) -> CaseState:
    return replace(case, phase=case.phase_before_raise or Phase.ASSESSING, phase_before_raise=None, raised_to="")


def _apply_supplied(case: CaseState, _fact: Supplied, _entry: Entry) -> CaseState:
    return replace(case, supplied=case.supplied + 1)


# ---- closing -------------------------------------------------------------------------------------


def closing_obstacles(case: CaseState, mechanism: Mechanism, at: datetime) -> tuple[str, ...]:
    """Everything that still stands in the way of 办结, in words; empty when it may be closed."""
    found = [f"{a.number}（{a.unit}）尚未办结" for a in case.assignments if a.status is not AssignmentStatus.CLOSED]
    if not has_clock(case):
        return tuple(found)
    if case.phase in (Phase.OFFLINE, Phase.WATCHING) and not case.resolved:
        found.append("复核尚未确认已解决")
    if case.phase is Phase.ANSWERING and not case.responses:
        found.append("决定公开回应，但还没有登记回应")
    views = {view.duty: view for view in clocks(case, mechanism, at)}
    for view in views.values():
        if view.standing is Standing.RUNNING:
            found.append(f"“{view.name}”还在计时，尚未完成")
        elif view.standing in (Standing.OVERDUE, Standing.MET_LATE) and view.duty not in case.explained:
            found.append(f"“{view.name}”逾期，尚未说明原因")
    for duty, _ in sorted(case.missed):
        settled = duty in views and views[duty].standing in (Standing.MET, Standing.OVERDUE, Standing.MET_LATE)
        if duty not in case.explained and not settled:
            rule = mechanism.duty(duty)
            found.append(f"“{rule.name if rule else duty}”曾经逾期，尚未说明原因")
    return tuple(found)


def _decide_closed(case: CaseState, action: Closed, asking: Asking) -> tuple[AnyFact, ...]:
    obstacles = closing_obstacles(case, asking.office.mechanism, asking.at)
    if obstacles:
        raise Refused(f"还不能办结：{'；'.join(obstacles[:3])}。")
    return (action,)


def _decide_folded(case: CaseState, action: Folded, _asking: Asking) -> tuple[AnyFact, ...]:
    if action.into in (case.id, case.number):
        raise Refused("不能并入自己：请填写要并入的另一件处置单。")
    waiting = [a.number for a in case.assignments if a.status is not AssignmentStatus.CLOSED]
    if waiting:
        raise Refused(f"{waiting[0]}尚未办结：请先办结，或在要并入的件中重新交办后再并案。")
    return (action,)


def _apply_folded(case: CaseState, fact: Folded, entry: Entry) -> CaseState:
    note = f"并入{fact.into}：{fact.reason}"
    return replace(
        case, phase=Phase.CLOSED, folded_into=fact.into, closed_at=entry.at, closed_by=entry.by, closing_note=note
    )


def _apply_closed(case: CaseState, fact: Closed, entry: Entry) -> CaseState:
    return replace(case, phase=Phase.CLOSED, closed_at=entry.at, closed_by=entry.by, closing_note=fact.note)


def _apply_reopened(case: CaseState, _fact: Reopened, entry: Entry) -> CaseState:
    return replace(
        case,
        phase=Phase.ASSESSING if has_clock(case) else Phase.ANSWERING,
        phase_before_raise=None,
        raised_to="",
        decision=None,
        review_at=None,
        resolved=False,
        reopened_at=entry.at,
        closed_at=None,
        closed_by="",
        closing_note="",
        folded_into="",
    )


def _apply_evaluated(case: CaseState, fact: Evaluated, _entry: Entry) -> CaseState:
    return replace(case, phase=Phase.EVALUATED, evaluation=fact.text, lessons=fact.lessons, precedent=fact.precedent)


# ---- what the machine records --------------------------------------------------------------------


def _apply_warned(case: CaseState, fact: Warned, _entry: Entry) -> CaseState:
    return replace(case, warned=case.warned | {(fact.duty, fact.mark, fact.due.isoformat())})


def _apply_missed(case: CaseState, fact: DeadlineMissed, _entry: Entry) -> CaseState:
    return replace(case, missed=case.missed | {(fact.duty, fact.due.isoformat())})


def _apply_escalated(case: CaseState, fact: Escalated, _entry: Entry) -> CaseState:
    return replace(case, escalations=max(case.escalations, fact.step))


def _apply_review_due(case: CaseState, fact: ReviewDue, _entry: Entry) -> CaseState:
    return replace(case, review_told=fact.review_at)


def _unchanged(case: CaseState, _fact: AnyFact, _entry: Entry) -> CaseState:
    return case


DECIDERS: dict[type, Decider] = {
    Acknowledged: _keep,
    Raised: _keep,
    Lowered: _keep,
    Supplied: _keep_text,
    Noted: _keep_text,
    Corrected: _decide_corrected,
    Closed: _decide_closed,
    Folded: _decide_folded,
    Reopened: _keep,
    Evaluated: _keep,
    **grading.DECIDERS,
    **assessment.DECIDERS,
    **assignment.DECIDERS,
    **instructions.DECIDERS,
    **line.DECIDERS,
    **responses.DECIDERS,
    **upward.DECIDERS,
}
APPLIERS: dict[type, Applier] = {
    Opened: _apply_opened,
    AlertJoined: _apply_joined,
    EventMerged: _apply_merged,
    Acknowledged: _apply_acknowledged,
    Raised: _apply_raised,
    Lowered: _apply_lowered,
    Supplied: _apply_supplied,
    Noted: _unchanged,
    Corrected: _unchanged,
    Closed: _apply_closed,
    Folded: _apply_folded,
    Reopened: _apply_reopened,
    Evaluated: _apply_evaluated,
    Warned: _apply_warned,
    DeadlineMissed: _apply_missed,
    Escalated: _apply_escalated,
    ReviewDue: _apply_review_due,
    Purged: _unchanged,
    **grading.APPLIERS,
    **assessment.APPLIERS,
    **assignment.APPLIERS,
    **instructions.APPLIERS,
    **line.APPLIERS,
    **responses.APPLIERS,
    **upward.APPLIERS,
}
