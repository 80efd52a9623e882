"""Responses (回应): what went out, on which approved text, which duty it fulfils, which questions stay open. Pure.

Settings: mechanism.legal_class (duties and their forms), linkage (发布、解读、回应 三联动).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pipeline.cases.actions import (
    Adopted,
    EffectMeasured,
    MissExplained,
    ReachCounted,
    Responded,
    ResponsePlanned,
    Submitted,
)
from pipeline.cases.clocks import Standing, class_in_force, clocks, has_clock
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import InterpretationMissing, PlannedDue
from pipeline.cases.line import PAPER_NAMES, approved_latest, is_approved
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.office import Applier, Asking, Decider
from pipeline.cases.people import Role
from pipeline.cases.refusal import Refused
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import CaseState, Draft, Entry, PlannedResponse, Response, Submission
from pipeline.cases.vocabulary import Form, Paper
from pipeline.document import Secrecy

FORM_NAMES = {
    Form.PRESS_CONFERENCE: "新闻发布会",
    Form.SITE_STATEMENT: "政府网站发布",
    Form.ONLINE_INTERVIEW: "政府网站在线访谈",
    Form.INTERPRETATION: "政策解读稿件",
    Form.WEIBO: "政务微博",
    Form.WECHAT: "政务微信",
    Form.APP: "政务客户端",
    Form.BROADCAST_PRESS: "广播电视报刊",
    Form.PORTAL_REPLY: "互动平台答复",
    Form.OTHER: "其他方式",
}
_ATTENDED = (Form.PRESS_CONFERENCE, Form.ONLINE_INTERVIEW)


def open_questions(case: CaseState) -> tuple[str, ...]:
    """What people ask that no response has answered yet, the most asked first."""
    answered = {question for response in case.responses for question in response.answers}
    return tuple(demand for demand in case.demands if demand not in answered)


def top_question_open(case: CaseState, response: Response) -> str:
    """The most asked question, when it was still unanswered after this response; '' otherwise."""
    if not case.demands:
        return ""
    answered = {q for r in case.responses if r.moment <= response.moment for q in r.answers}
    return case.demands[0] if case.demands[0] not in answered else ""


def unlinked(case: CaseState, mechanism: Mechanism, at: datetime) -> tuple[Response, ...]:
    """Releases of a policy that stood without an interpretation when the time for it ran out (三联动)."""
    grace = timedelta(hours=mechanism.linkage.interpretation_hours)
    interpreted = [r.moment for r in case.responses if r.linked == "interpretation" or r.form is Form.INTERPRETATION]
    return tuple(
        r
        for r in case.responses
        if r.linked == "release"
        and (case.policy or r.paper is Paper.POLICY)
        and at > r.moment + grace
        and not any(moment <= r.moment + grace for moment in interpreted)
    )


def _decide_planned(case: CaseState, action: ResponsePlanned, asking: Asking) -> tuple[AnyFact, ...]:
    if action.planned_at <= asking.at:
        raise Refused("拟开展时间须晚于现在；已经开展的请直接登记回应。")
    return (action.model_copy(update={"id": f"p{len(case.planned) + 1}"}),)


def _decide_responded(case: CaseState, action: Responded, asking: Asking) -> tuple[AnyFact, ...]:
    draft = _publishable(case, action, asking.office.mechanism)
    _check_form(action, asking, draft)
    if action.planned and action.planned not in {p.id for p in case.planned}:
        raise Refused(f"没有拟开展事项“{action.planned}”：请核对编号。")
    _check_answers(case, action)
    if action.linked == "release":
        _check_linked(case, asking.office.mechanism)
    duties = _duties(case, action, asking.office.mechanism)
    return (action.model_copy(update={"id": f"r{len(case.responses) + 1}", "duties": duties}),)


def _publishable(case: CaseState, action: Responded, mechanism: Mechanism) -> Draft:
    draft = case.draft(action.paper, action.version)
    name = f"第{action.version}版{PAPER_NAMES[action.paper]}"
    if draft is None:
        raise Refused(f"没有{name}：回应须有经审签的文稿。")
    if not is_approved(draft, mechanism, case.level):
        raise Refused(f"{name}没有走完审签：不能对外发布。")
    if approved_latest(case, action.paper, mechanism) != draft:
        raise Refused(f"{name}已有新的审定版本：请按最新版发布。")
    if draft.secrecy is not Secrecy.PUBLIC:
        raise Refused(f"{name}标识不是“公开”：请起草标识为公开的版本并重新审签。")
    if draft.publish_at is not None and action.moment < draft.publish_at:
        raise Refused(f"{name}定于指定时间之后发布，不能提前。")
    return draft


def _check_form(action: Responded, asking: Asking, draft: Draft) -> None:
    if action.moment > asking.at:
        raise Refused("回应时间不能晚于现在：还没开展的请登记为拟开展的回应。")
    approved_at = max((passed.at for passed in draft.approvals), default=draft.at)
    if action.moment < approved_at:
        raise Refused("回应时间早于文稿审签完成时间：请核对；未经审签先行发布的，请用“记事”如实记录。")
    if action.principal and action.form not in _ATTENDED:
        raise Refused("“主要负责同志参加”只用于新闻发布会和在线访谈。")
    if not action.url and not action.archive:
        raise Refused("回应须附链接或存档件，以备核查。")
    office_role = asking.by.has(Role.SPOKESPERSON, Role.DUTY_OFFICER)
    if not office_role and action.unit != asking.by.unit:
        raise Refused("单位只能登记本单位作出的回应。")


def _check_answers(case: CaseState, action: Responded) -> None:
    if not has_clock(case):
        return
    unknown = [question for question in action.answers if question not in case.demands]
    if unknown:
        raise Refused(f"“{unknown[0]}”不在研判表的群众诉求中：请从诉求清单选择，或先补充研判表。")


def _check_linked(case: CaseState, mechanism: Mechanism) -> None:
    if not case.policy:
        return
    for paper in (Paper.PLAN, Paper.MATERIAL):
        if approved_latest(case, paper, mechanism) is None:
            raise Refused(f"政策发布须与解读同步：{PAPER_NAMES[paper]}还没有审定，不能单独发布。")


def _duties(case: CaseState, action: Responded, mechanism: Mechanism) -> tuple[str, ...]:
    if not has_clock(case):
        return ()
    fitting = {duty.key: duty for duty in class_in_force(case, mechanism).duty}
    if action.duties is None:
        return tuple(key for key, duty in fitting.items() if action.form in duty.forms)
    for key in action.duties:
        duty = fitting.get(key)
        if duty is None:
            raise Refused(f"“{key}”不是此件应尽的时限事项：可选 {'、'.join(fitting)}。")
        if action.form not in duty.forms:
            raise Refused(f"{FORM_NAMES[action.form]}不能履行“{duty.name}”。")
    return action.duties


def _decide_reach(case: CaseState, action: ReachCounted, _asking: Asking) -> tuple[AnyFact, ...]:
    _require_response(case, action.response)
    return (action,)


def _decide_effect(case: CaseState, action: EffectMeasured, _asking: Asking) -> tuple[AnyFact, ...]:
    _require_response(case, action.response)
    return (action,)


def _require_response(case: CaseState, response_id: str) -> None:
    if case.response(response_id) is None:
        raise Refused(f"没有回应“{response_id}”：请核对编号。")


def _decide_explained(case: CaseState, action: MissExplained, asking: Asking) -> tuple[AnyFact, ...]:
    late = {view.duty for view in clocks(case, asking.office.mechanism, asking.at) if view.standing in _LATE}
    if action.duty not in late | {duty for duty, _ in case.missed}:
        raise Refused("该时限没有逾期，不需要说明。")
    return (action,)


_LATE = (Standing.OVERDUE, Standing.MET_LATE)


def _decide_submitted(case: CaseState, action: Submitted, asking: Asking) -> tuple[AnyFact, ...]:
    refuse_state_secrets(asking.office.mechanism.secrecy, action.title, action.text)
    unit = action.unit or asking.by.unit
    if not asking.by.has(Role.SPOKESPERSON, Role.DUTY_OFFICER) and unit != asking.by.unit:
        raise Refused("单位只能登记本单位报送的情况动态。")
    return (action.model_copy(update={"id": f"s{len(case.submissions) + 1}", "unit": unit}),)


def _decide_adopted(case: CaseState, action: Adopted, _asking: Asking) -> tuple[AnyFact, ...]:
    found = next((s for s in case.submissions if s.id == action.submission), None)
    if found is None:
        raise Refused(f"没有报送“{action.submission}”：请核对编号。")
    if found.adopted_at is not None:
        raise Refused("该件已登记采用，不重复登记。")
    return (action,)


def _apply_planned(case: CaseState, fact: ResponsePlanned, _entry: Entry) -> CaseState:
    made = PlannedResponse(fact.id, fact.form, fact.planned_at, fact.unit, fact.title)
    return replace(case, planned=(*case.planned, made))


def _apply_responded(case: CaseState, fact: Responded, entry: Entry) -> CaseState:
    made = Response(
        id=fact.id,
        form=fact.form,
        title=fact.title,
        unit=fact.unit,
        moment=fact.moment,
        recorded_at=entry.at,
        recorded_by=entry.by,
        duties=fact.duties or (),
        answers=fact.answers,
        paper=fact.paper,
        version=fact.version,
        linked=fact.linked,
        principal=fact.principal,
        held=fact.held,
        url=fact.url,
        archive=fact.archive,
        archive_sha256=fact.archive_sha256,
        reach=fact.reach,
        planned=fact.planned,
    )
    return replace(case, responses=(*case.responses, made))


def _apply_reach(case: CaseState, fact: ReachCounted, _entry: Entry) -> CaseState:
    changed = tuple(replace(r, reach=fact.reach) if r.id == fact.response else r for r in case.responses)
    return replace(case, responses=changed)


def _apply_effect(case: CaseState, fact: EffectMeasured, _entry: Entry) -> CaseState:
    return replace(case, effects=(*case.effects, fact))


def _apply_explained(case: CaseState, fact: MissExplained, _entry: Entry) -> CaseState:
    return replace(case, explained={**case.explained, fact.duty: fact.reason})


def _apply_submitted(case: CaseState, fact: Submitted, entry: Entry) -> CaseState:
    return replace(case, submissions=(*case.submissions, Submission(fact.id, fact.title, fact.to, fact.unit, entry.at)))


def _apply_adopted(case: CaseState, fact: Adopted, entry: Entry) -> CaseState:
    changed = tuple(
        replace(s, adopted_at=entry.at, how=fact.how) if s.id == fact.submission else s for s in case.submissions
    )
    return replace(case, submissions=changed)


def _apply_planned_due(case: CaseState, fact: PlannedDue, _entry: Entry) -> CaseState:
    return replace(case, planned_told=(*case.planned_told, fact.planned))


def _apply_unlinked(case: CaseState, fact: InterpretationMissing, _entry: Entry) -> CaseState:
    return replace(case, unlinked=(*case.unlinked, fact.response))


DECIDERS: dict[type, Decider] = {
    ResponsePlanned: _decide_planned,
    Responded: _decide_responded,
    ReachCounted: _decide_reach,
    EffectMeasured: _decide_effect,
    MissExplained: _decide_explained,
    Submitted: _decide_submitted,
    Adopted: _decide_adopted,
}
APPLIERS: dict[type, Applier] = {
    ResponsePlanned: _apply_planned,
    Responded: _apply_responded,
    ReachCounted: _apply_reach,
    EffectMeasured: _apply_effect,
    MissExplained: _apply_explained,
    Submitted: _apply_submitted,
    Adopted: _apply_adopted,
    InterpretationMissing: _apply_unlinked,
    PlannedDue: _apply_planned_due,
}
