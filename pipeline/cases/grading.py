"""Class, grade and starts (法定类别、提示等级、计时起点): three things kept apart, none derived from another. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline.cases.actions import ClassSet, GradeSet, StartSet
from pipeline.cases.facts import AnyFact
from pipeline.cases.office import Applier, Asking, Decider
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState, Entry, Phase
from pipeline.cases.vocabulary import StartKind


def _decide_start(case: CaseState, action: StartSet, asking: Asking) -> tuple[AnyFact, ...]:
    if action.moment > asking.at:
        raise Refused("计时起点不能晚于现在：请核对时间。")
    if action.which is StartKind.DETECTED and case.opened_at is not None and action.moment > case.opened_at:
        raise Refused("“本单位发现”的时间不能晚于建单时间：只能改早，不能改晚。")
    return (action,)


def _decide_class(case: CaseState, action: ClassSet, asking: Asking) -> tuple[AnyFact, ...]:
    if action.as_major and action.legal_class == "major":
        raise Refused("已定为特别重大、重大突发事件，不必再“参照重大执行”：二者选一。")
    if action.as_major:
        require_approver(action.approver, asking, "参照重大执行")
    elif action.approver:
        raise Refused("只有“参照重大执行”才填批准人：请去掉批准人或勾选参照执行。")
    if (case.legal_class, case.as_major) == (action.legal_class, action.as_major):
        raise Refused("法定类别没有变化，不必重复登记。")
    return (action,)


def _decide_grade(case: CaseState, action: GradeSet, _asking: Asking) -> tuple[AnyFact, ...]:
    if case.grade == action.level:
        raise Refused("提示等级没有变化，不必重复登记。")
    return (action,)


def require_approver(approver: str, asking: Asking, what: str) -> None:
    """A leader, or the head of a unit, other than the one who asks."""
    if not approver:
        raise Refused(f"{what}须有批准人：请填写批准的领导。")
    person = asking.office.directory.get(approver)
    if person.id == asking.by.id:
        raise Refused(f"{what}不能自己批准自己：请由分管领导批准。")
    if not (person.has(Role.LEADER) or person.head):
        raise Refused(f"{person.name}不是领导或单位负责人，不能批准{what}。")


def _apply_start(case: CaseState, fact: StartSet, _entry: Entry) -> CaseState:
    changed: dict[str, Any] = {fact.which.value: fact.moment}
    return replace(case, **changed)


def _apply_class(case: CaseState, fact: ClassSet, entry: Entry) -> CaseState:
    after = replace(
        case,
        legal_class=fact.legal_class,
        class_by=entry.by,
        class_reason=fact.reason,
        as_major=fact.as_major,
        as_major_approver=fact.approver,
    )
    if not (fact.legal_class == "major" or fact.as_major):
        return after
    # The first class must be answered in public: a decision to settle quietly or to watch falls.
    quiet = (Phase.OFFLINE, Phase.WATCHING)
    if after.phase in quiet:
        return replace(after, phase=Phase.ASSESSING, decision=None, review_at=None, resolved=False)
    if after.phase_before_raise in quiet:
        return replace(after, phase_before_raise=Phase.ASSESSING, decision=None, review_at=None, resolved=False)
    return after


def _apply_grade(case: CaseState, fact: GradeSet, entry: Entry) -> CaseState:
    return replace(case, grade=fact.level, grade_by=entry.by)


DECIDERS: dict[type, Decider] = {StartSet: _decide_start, ClassSet: _decide_class, GradeSet: _decide_grade}
APPLIERS: dict[type, Applier] = {StartSet: _apply_start, ClassSet: _apply_class, GradeSet: _apply_grade}
