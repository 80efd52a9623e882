"""交办—催办—反馈—办结: one lead unit, each its part, and texts that do not contradict each other in numbers. Pure.

Settings: mechanism.assignments. The unit people complain of is never the lead and never the sole owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pipeline.cases.actions import Assigned, AssignmentClosed, FedBack, FeedbackReturned, Reassigned, Reminded
from pipeline.cases.consistency import Contradiction, contradictions
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import AssignmentOverdue
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.office import Applier, Asking, Decider, Office
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import Assignment, AssignmentStatus, CaseState, Entry
from pipeline.clock import shanghai


def feedback_due(mechanism: Mechanism, level: int, at: datetime) -> datetime:
    """The usual feedback time for a grade."""
    hours: dict[Any, float] = dict(mechanism.assignments.feedback_hours)
    return at + timedelta(hours=hours[str(level)])


def lead_of(case: CaseState) -> Assignment | None:
    """The one assignment that carries the lead."""
    return next((a for a in case.assignments if a.lead), None)


def number_of(case: CaseState, mechanism: Mechanism, at: datetime, part: int) -> str:
    """交办单号: the case's running number and the part."""
    digits = "".join(c for c in case.number.rpartition("〕")[2] if c.isdigit()) or "0"
    return mechanism.assignments.number.format(year=shanghai(at).year, number=int(digits), part=part)


def decide_assigned(case: CaseState, action: Assigned, asking: Asking) -> tuple[AnyFact, ...]:
    if action.id or action.number or action.instruction:
        raise Refused("交办单的编号由系统生成，不用填写。")
    return (assign(case, action, asking.office, asking.at),)


def assign(case: CaseState, action: Assigned, office: Office, at: datetime, instruction: str = "") -> Assigned:
    """The assignment with its id and number, or Refused."""
    _require_unit(office, action.unit)
    if action.due <= at:
        raise Refused("反馈时间须晚于现在：请重新选择。")
    lead = lead_of(case)
    if action.lead and lead is not None:
        raise Refused(f"已由{lead.unit}牵头：一件事只有一个牵头单位，其他单位请作为配合，或先改派。")
    if not action.lead and lead is None:
        raise Refused("还没有牵头单位：请先交办牵头单位，再交办配合单位。")
    _require_not_accused(case, action.unit, lead=action.lead)
    refuse_state_secrets(office.mechanism.secrecy, action.asked)
    part = len(case.assignments) + 1
    return action.model_copy(
        update={"id": f"a{part}", "number": number_of(case, office.mechanism, at, part), "instruction": instruction}
    )


def protect(case: CaseState, accused: Iterable[str], office: Office, at: datetime) -> tuple[Reassigned, ...]:
    """A complaint names the lead unit: the lead moves at once (回避), until a person decides. Written before the complaint."""
    named = {*case.accused, *accused}
    units = office.mechanism.assignments.recusal_units
    safe = next((unit for unit in units if unit not in named), units[-1])
    return tuple(
        Reassigned(
            assignment=a.id,
            unit=safe,
            reason=f"有群众举报涉及{a.unit}，不得由被举报单位牵头；暂由{safe}接办",
            due=max(a.due, feedback_due(office.mechanism, case.level, at)),
        )
        for a in case.assignments
        if a.lead and a.unit in named and a.unit != safe
    )


def check(case: CaseState) -> tuple[Contradiction, ...]:
    """Numbers that the units' reports, and what was published, state differently."""
    texts = {a.unit: a.feedback for a in case.assignments if a.feedback}
    published = {(r.paper, r.version) for r in case.responses}
    for draft in case.drafts:
        if (draft.paper, draft.version) in published:
            texts[f"已发布文稿第{draft.version}版"] = draft.text
    return contradictions(texts)


def _require_unit(office: Office, unit: str) -> None:
    if unit not in office.directory.units() and unit != office.directory.press_office:
        raise Refused(f"“{unit}”没有登记接收交办的人员：请核对单位名称，或先在人员名单中登记。")


def _require_not_accused(case: CaseState, unit: str, *, lead: bool) -> None:
    if unit in case.accused and lead:
        raise Refused(f"有群众举报涉及{unit}：被举报单位不能牵头，请交上级主管部门或纪检监察机构牵头。")


def _get(case: CaseState, assignment_id: str) -> Assignment:
    found = case.assignment(assignment_id)
    if found is None:
        raise Refused(f"没有交办事项“{assignment_id}”：请核对编号。")
    if found.status is AssignmentStatus.CLOSED:
        raise Refused(f"{found.number}已办结，不能再改。")
    return found


def _decide_reminded(case: CaseState, action: Reminded, _asking: Asking) -> tuple[AnyFact, ...]:
    found = _get(case, action.assignment)
    if found.status is not AssignmentStatus.OPEN:
        raise Refused(f"{found.number}已经反馈，不需要催办：请审阅反馈，办结或退回。")
    return (action.model_copy(update={"automatic": False}),)


def _decide_fed_back(case: CaseState, action: FedBack, asking: Asking) -> tuple[AnyFact, ...]:
    found = _get(case, action.assignment)
    if found.unit != asking.by.unit:
        raise Refused(f"{found.number}交办给{found.unit}，不能由{asking.by.unit or asking.by.name}代为反馈。")
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    return (action,)


def _decide_returned(case: CaseState, action: FeedbackReturned, asking: Asking) -> tuple[AnyFact, ...]:
    found = _get(case, action.assignment)
    if found.status is not AssignmentStatus.FED_BACK:
        raise Refused(f"{found.number}还没有反馈，不能退回：可以催办。")
    if action.due <= asking.at:
        raise Refused("退回后的反馈时间须晚于现在。")
    return (action,)


def _decide_reassigned(case: CaseState, action: Reassigned, asking: Asking) -> tuple[AnyFact, ...]:
    found = _get(case, action.assignment)
    _require_unit(asking.office, action.unit)
    if found.unit == action.unit:
        raise Refused(f"{found.number}本来就由{found.unit}承办，不必改派。")
    if action.due <= asking.at:
        raise Refused("改派后的反馈时间须晚于现在。")
    _require_not_accused(case, action.unit, lead=found.lead)
    return (action,)


def _decide_closed(case: CaseState, action: AssignmentClosed, asking: Asking) -> tuple[AnyFact, ...]:
    found = _get(case, action.assignment)
    if found.status is not AssignmentStatus.FED_BACK:
        raise Refused(f"{found.number}还没有反馈，不能办结：请先催办。")
    if found.feedback_by == asking.by.id:
        raise Refused(f"{found.number}的反馈是您本人报的，须由另一人审核办结。")
    conflicts = [c for c in check(case) if found.unit in (c.first_source, c.second_source)]
    if conflicts and not action.accept_conflict:
        raise Refused(f"数字对不上：{conflicts[0].text()}。请先核对、退回更正，或写明采用哪个数的理由。")
    return (action if conflicts else action.model_copy(update={"accept_conflict": ""}),)


def _replace(case: CaseState, assignment_id: str, **changes: Any) -> CaseState:
    changed = tuple(replace(a, **changes) if a.id == assignment_id else a for a in case.assignments)
    return replace(case, assignments=changed)


def _apply_assigned(case: CaseState, fact: Assigned, entry: Entry) -> CaseState:
    made = Assignment(
        id=fact.id,
        number=fact.number,
        unit=fact.unit,
        asked=fact.asked,
        assigned_at=entry.at,
        due=fact.due,
        first_due=fact.due,
        lead=fact.lead,
        instruction=fact.instruction,
    )
    return replace(case, assignments=(*case.assignments, made))


def _apply_reminded(case: CaseState, fact: Reminded, _entry: Entry) -> CaseState:
    found = case.assignment(fact.assignment)
    assert found is not None
    return _replace(
        case,
        found.id,
        reminders=found.reminders + 1,
        reminded_automatically=found.reminded_automatically or fact.automatic,
    )


def _late(found: Assignment) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*found.late_units, found.unit)))


def _apply_fed_back(case: CaseState, fact: FedBack, entry: Entry) -> CaseState:
    found = case.assignment(fact.assignment)
    assert found is not None
    return _replace(
        case,
        found.id,
        late_units=_late(found) if entry.at > found.due else found.late_units,
        status=AssignmentStatus.FED_BACK,
        feedback=fact.text,
        feedback_at=entry.at,
        feedback_by=entry.by,
        feedback_secrecy=fact.secrecy,
    )


def _apply_returned(case: CaseState, fact: FeedbackReturned, _entry: Entry) -> CaseState:
    found = case.assignment(fact.assignment)
    assert found is not None
    return _replace(
        case,
        found.id,
        status=AssignmentStatus.OPEN,
        due=fact.due,
        returned=found.returned + 1,
        reminded_automatically=False,
        overdue_told=False,
    )


def _apply_reassigned(case: CaseState, fact: Reassigned, _entry: Entry) -> CaseState:
    found = case.assignment(fact.assignment)
    assert found is not None
    return _replace(
        case,
        found.id,
        unit=fact.unit,
        due=fact.due,
        first_due=fact.due,
        status=AssignmentStatus.OPEN,
        feedback="",
        feedback_at=None,
        feedback_by="",
        former_units=(*found.former_units, found.unit),
        reminded_automatically=False,
        overdue_told=False,
    )


def _apply_closed(case: CaseState, fact: AssignmentClosed, entry: Entry) -> CaseState:
    return _replace(case, fact.assignment, status=AssignmentStatus.CLOSED, closed_at=entry.at)


def _apply_overdue(case: CaseState, fact: AssignmentOverdue, _entry: Entry) -> CaseState:
    found = case.assignment(fact.assignment)
    assert found is not None
    return _replace(case, found.id, overdue_told=True, late_units=_late(found))


DECIDERS: dict[type, Decider] = {
    Assigned: decide_assigned,
    Reminded: _decide_reminded,
    FedBack: _decide_fed_back,
    FeedbackReturned: _decide_returned,
    Reassigned: _decide_reassigned,
    AssignmentClosed: _decide_closed,
}
APPLIERS: dict[type, Applier] = {
    Assigned: _apply_assigned,
    Reminded: _apply_reminded,
    FedBack: _apply_fed_back,
    FeedbackReturned: _apply_returned,
    Reassigned: _apply_reassigned,
    AssignmentClosed: _apply_closed,
    AssignmentOverdue: _apply_overdue,
}
