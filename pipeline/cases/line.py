"""The line and its approval (口径审签): versions, a chain by grade, four eyes always. Pure.

Settings: mechanism.approval. Nobody passes his own draft, nobody passes two steps of one version, a leader's approval is
recorded by the secretary with the scan. When the grade rises, the longer chain applies to what is not yet out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipeline.cases.actions import Drafted, StepApproved, StepReturned
from pipeline.cases.facts import AnyFact
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.office import Applier, Asking, Decider
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import Approved, AssignmentStatus, CaseState, Draft, Entry
from pipeline.cases.vocabulary import Paper

PAPER_NAMES = {
    Paper.LINE: "口径",
    Paper.STATEMENT: "发布稿",
    Paper.POLICY: "政策性文件",
    Paper.PLAN: "解读方案",
    Paper.MATERIAL: "解读材料",
}


def waiting_steps(draft: Draft, mechanism: Mechanism, level: int) -> tuple[str, ...]:
    """The steps that may pass next; empty when the chain is complete (or the draft was returned)."""
    if draft.returned:
        return ()
    passed = {approved.step for approved in draft.approvals}
    for stage in mechanism.approval.stages(level):
        waiting = tuple(step for step in stage if step not in passed)
        if waiting:
            return waiting
    return ()


def is_approved(draft: Draft, mechanism: Mechanism, level: int) -> bool:
    """Every step of the grade's chain has passed."""
    return not draft.returned and not waiting_steps(draft, mechanism, level)


def approved_latest(case: CaseState, paper: Paper, mechanism: Mechanism) -> Draft | None:
    """The newest approved version of a paper."""
    ready = [d for d in case.drafts if d.paper is paper and is_approved(d, mechanism, case.level)]
    return ready[-1] if ready else None


def step_names(mechanism: Mechanism, steps: Iterable[str]) -> str:
    return "、".join(step.name for key in steps if (step := mechanism.approval.find(key)))


def _decide_drafted(case: CaseState, action: Drafted, asking: Asking) -> tuple[AnyFact, ...]:
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    if not asking.by.has(Role.SPOKESPERSON, Role.DUTY_OFFICER) and not _holds_open_part(case, asking):
        raise Refused("本单位在此件中没有在办的交办事项，不能起草文稿。")
    return (action.model_copy(update={"version": _versions(case, action.paper) + 1}),)


def _holds_open_part(case: CaseState, asking: Asking) -> bool:
    return any(a.unit == asking.by.unit and a.status is not AssignmentStatus.CLOSED for a in case.assignments)


def _versions(case: CaseState, paper: Paper) -> int:
    return sum(1 for d in case.drafts if d.paper is paper)


def _pending(case: CaseState, action: StepApproved | StepReturned, asking: Asking) -> Draft:
    draft = case.draft(action.paper, action.version)
    name = PAPER_NAMES[action.paper]
    if draft is None:
        raise Refused(f"没有第{action.version}版{name}：请核对版本号。")
    if draft.version != _versions(case, action.paper):
        raise Refused(f"第{action.version}版{name}已有新版本：请审签最新一版。")
    if draft.returned:
        raise Refused(f"第{action.version}版{name}已退回：请起草新版本。")
    waiting = waiting_steps(draft, asking.office.mechanism, case.level)
    if action.step not in waiting:
        now = step_names(asking.office.mechanism, waiting) or "审签已完成"
        raise Refused(f"现在轮到的环节是：{now}；不能越过次序。")
    return draft


def _who_passes(action: StepApproved, asking: Asking) -> str:
    """The person whose approval it is: the one who asks, or the leader for whom the secretary records."""
    step = asking.office.mechanism.approval.find(action.step)
    assert step is not None
    if not step.leader:
        if action.leader:
            raise Refused(f"{step.name}由审核人本人办理，不能代签。")
        if action.step not in asking.by.approves:
            raise Refused(f"{asking.by.name}不是{step.name}的审核人。")
        return asking.by.id
    if not asking.by.has(Role.SECRETARY):
        raise Refused(f"{step.name}由领导秘书凭签批件录入。")
    if not action.leader or not action.scan:
        raise Refused(f"{step.name}须写明签批的领导并附签批件（扫描件编号）。")
    leader = asking.office.directory.get(action.leader)
    if action.step not in leader.approves or not leader.has(Role.LEADER):
        raise Refused(f"{leader.name}无权作{step.name}。")
    return leader.id


def _decide_approved(case: CaseState, action: StepApproved, asking: Asking) -> tuple[AnyFact, ...]:
    draft = _pending(case, action, asking)
    by = _who_passes(action, asking)
    if draft.drafted_by in (by, asking.by.id):
        raise Refused("起草人不能审签自己起草的文稿：请由他人审签。")
    if any(by == passed.by for passed in draft.approvals):
        raise Refused("同一人不能在同一版文稿上审签两个环节：请由他人审签。")
    return (action,)


def _decide_returned(case: CaseState, action: StepReturned, asking: Asking) -> tuple[AnyFact, ...]:
    draft = _pending(case, action, asking)
    step = asking.office.mechanism.approval.find(action.step)
    assert step is not None
    may = asking.by.has(Role.SECRETARY) if step.leader else action.step in asking.by.approves
    if not may:
        raise Refused(f"{asking.by.name}不是{step.name}的审核人，不能退回。")
    if draft.drafted_by == asking.by.id:
        raise Refused("起草人不能退回自己起草的文稿：直接起草新版本即可。")
    return (action,)


def _apply_drafted(case: CaseState, fact: Drafted, entry: Entry) -> CaseState:
    made = Draft(fact.paper, fact.version, fact.text, fact.secrecy, entry.by, entry.at, fact.publish_at)
    return replace(case, drafts=(*case.drafts, made))


def _change(case: CaseState, paper: Paper, version: int, changed: Draft) -> CaseState:
    return replace(case, drafts=tuple(changed if d.paper is paper and d.version == version else d for d in case.drafts))


def _apply_approved(case: CaseState, fact: StepApproved, entry: Entry) -> CaseState:
    draft = case.draft(fact.paper, fact.version)
    assert draft is not None
    passed = Approved(fact.step, fact.leader or entry.by, entry.by, entry.at, fact.scan)
    return _change(case, fact.paper, fact.version, replace(draft, approvals=(*draft.approvals, passed)))


def _apply_returned(case: CaseState, fact: StepReturned, _entry: Entry) -> CaseState:
    draft = case.draft(fact.paper, fact.version)
    assert draft is not None
    return _change(case, fact.paper, fact.version, replace(draft, returned=fact.reason))


DECIDERS: dict[type, Decider] = {
    Drafted: _decide_drafted,
    StepApproved: _decide_approved,
    StepReturned: _decide_returned,
}
APPLIERS: dict[type, Applier] = {
    Drafted: _apply_drafted,
    StepApproved: _apply_approved,
    StepReturned: _apply_returned,
}
