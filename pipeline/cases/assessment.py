"""Assessment and decision (研判表、是否回应): what is known, what may follow, and who decided what. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipeline.cases.actions import Assessed, Decided, Reviewed, SentTo
from pipeline.cases.clocks import class_in_force
from pipeline.cases.facts import AnyFact
from pipeline.cases.grading import require_approver
from pipeline.cases.office import Applier, Asking, Decider
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import CaseState, Entry, Phase
from pipeline.cases.vocabulary import Decision

STAGES = {"spread": "散播", "gathering": "集聚", "hot": "热议"}


def _decide_assessed(_case: CaseState, action: Assessed, asking: Asking) -> tuple[AnyFact, ...]:
    missing = [name for key, name in STAGES.items() if key not in action.consequences]
    if missing:
        raise Refused(f"研判表缺少{'、'.join(missing)}阶段可能产生的后果：三个阶段都要写。")
    if not action.verified and not action.unverified:
        raise Refused("研判表须写明已核实或待核实的情况，至少一条。")
    unknown = [name for name in action.key_classes if name not in asking.office.mechanism.key_classes]
    if unknown:
        raise Refused(f"“{unknown[0]}”不是回应重点类别：可选 {'、'.join(asking.office.mechanism.key_classes)}。")
    texts = (*action.verified, *action.unverified, *action.demands, *action.consequences.values(), action.trend)
    refuse_state_secrets(asking.office.mechanism.secrecy, *texts, *action.countermeasures)
    return (action,)


def _decide_decided(case: CaseState, action: Decided, asking: Asking) -> tuple[AnyFact, ...]:
    if case.assessment is None:
        raise Refused("还没有研判表：请先研判，再决定是否公开回应。")
    if not case.legal_class:
        raise Refused("还没有确定法定类别：请先由新闻发言人确定类别，再作决定。")
    if action.decision is Decision.ANSWER:
        return (action,)
    name = "线下解决" if action.decision is Decision.OFFLINE else "持续关注"
    if class_in_force(case, asking.office.mechanism).key == "major":
        raise Refused(f"特别重大、重大突发事件（含参照执行）必须公开回应，不能{name}。")
    require_approver(action.approver, asking, name)
    if action.review_at is None or action.review_at <= asking.at:
        raise Refused(f"{name}须定复核时间，且要晚于现在。")
    return (action,)


def _decide_reviewed(case: CaseState, action: Reviewed, asking: Asking) -> tuple[AnyFact, ...]:
    if case.phase not in (Phase.OFFLINE, Phase.WATCHING):
        raise Refused("只有线下解决、持续关注的事项才需复核。")
    if not action.resolved and (action.review_at is None or action.review_at <= asking.at):
        raise Refused("尚未解决的，须定下次复核时间，且要晚于现在。")
    return (action,)


def _decide_sent(case: CaseState, action: SentTo, asking: Asking) -> tuple[AnyFact, ...]:
    people = [p for p in asking.office.directory.of_unit(action.unit) if p.has(Role.CONSULTED)]
    if not people:
        raise Refused(f"“{action.unit}”没有会商联系人：请先在人员名单中登记。")
    if action.unit in case.accused:
        raise Refused(f"有群众举报涉及{action.unit}，不得把材料送被举报单位。")
    refuse_state_secrets(asking.office.mechanism.secrecy, action.text)
    return (action,)


def _apply_assessed(case: CaseState, fact: Assessed, entry: Entry) -> CaseState:
    return replace(case, assessment=fact, assessed_by=entry.by, assessed_at=entry.at)


def _apply_decided(case: CaseState, fact: Decided, entry: Entry) -> CaseState:
    phase = {Decision.ANSWER: Phase.ANSWERING, Decision.OFFLINE: Phase.OFFLINE, Decision.WATCH: Phase.WATCHING}
    return replace(
        case,
        phase=phase[fact.decision],
        decision=fact,
        decided_by=entry.by,
        decided_at=entry.at,
        review_at=fact.review_at if fact.decision is not Decision.ANSWER else None,
        resolved=False,
    )


def _apply_reviewed(case: CaseState, fact: Reviewed, _entry: Entry) -> CaseState:
    return replace(case, resolved=fact.resolved, review_at=None if fact.resolved else fact.review_at)


def _apply_sent(case: CaseState, fact: SentTo, entry: Entry) -> CaseState:
    consulted = tuple(dict.fromkeys((*case.consulted, fact.unit)))
    return replace(case, consulted=consulted, sent=(*case.sent, (fact.unit, entry.at, fact.text)))


DECIDERS: dict[type, Decider] = {
    Assessed: _decide_assessed,
    Decided: _decide_decided,
    Reviewed: _decide_reviewed,
    SentTo: _decide_sent,
}
APPLIERS: dict[type, Applier] = {
    Assessed: _apply_assessed,
    Decided: _apply_decided,
    Reviewed: _apply_reviewed,
    SentTo: _apply_sent,
}
