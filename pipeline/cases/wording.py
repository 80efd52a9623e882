"""How the office reads a history (历史记录的说法): one Chinese line per fact. Pure.

Lines carry no caller's name and no unmasked text of the public: only what the file itself says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.cases import actions, happenings
from pipeline.cases.clocks import START_NAMES, UPWARD_FIRST, moment_text
from pipeline.cases.facts import AnyFact
from pipeline.cases.line import PAPER_NAMES, step_names
from pipeline.cases.office import Office
from pipeline.cases.responses import FORM_NAMES, open_questions, top_question_open
from pipeline.cases.state import CaseState
from pipeline.cases.upward import STEP_NAMES
from pipeline.cases.vocabulary import Decision


@dataclass(frozen=True, slots=True)
class Telling:
    """A fact is told with the case as it was after it, in this office."""

    case: CaseState
    office: Office


Teller = Callable[[Any, Telling], str]
AUDIENCE_NAMES = {
    "duty_officer": "值班员",
    "shift_leader": "带班领导",
    "unit_head": "单位负责人",
    "spokesperson": "新闻发言人",
    "lead_unit": "牵头单位",
    "assigned_unit": "承办单位",
    "leader_in_charge": "分管领导",
    "principal_leader": "主要领导",
    "administrator": "管理员",
    "secretary": "领导秘书",
}


def tell(fact: AnyFact, case: CaseState, office: Office) -> str:
    """The line for a fact, with the case as it was after it."""
    return TELLERS[type(fact)](fact, Telling(case, office))


def duty_name(duty: str, office: Office) -> str:
    """What a duty is called."""
    rule = office.mechanism.duty(duty)
    if rule:
        return rule.name
    return "紧急信息报送（首报）" if duty == UPWARD_FIRST else "紧急信息报送（续报或终报）"


def grade_name(level: int, office: Office) -> str:
    return f"舆情提示等级（本单位）{office.mechanism.grade_of(level).name}"


def left_text(due: datetime, at: datetime) -> str:
    """Time left or gone, in hours and minutes."""
    minutes = round((due - at).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    span = f"{hours}小时{rest}分" if hours else f"{rest}分钟"
    return f"还剩{span}" if minutes >= 0 else f"已过{span}"


def _unit_of(case: CaseState, assignment_id: str) -> str:
    found = case.assignment(assignment_id)
    return f"{found.number}（{found.unit}）" if found else assignment_id


def _opened(f: happenings.Opened, t: Telling) -> str:
    why = f"：{f.reason}" if f.reason else ""
    return f"建立{f.number}《{f.title}》，{grade_name(f.level, t.office)}{why}"


def _joined(f: happenings.AlertJoined, t: Telling) -> str:
    return f"又有预警（{grade_name(f.level, t.office)}）：{f.reason}"


def _class(f: actions.ClassSet, t: Telling) -> str:
    name = t.office.mechanism.class_of(f.legal_class).name
    as_major = f"，参照重大执行（{t.office.directory.name(f.approver)}批准）" if f.as_major else ""
    return f"法定类别定为“{name}”{as_major}：{f.reason}"


def _assessed(f: actions.Assessed, _t: Telling) -> str:
    return f"研判：{f.opinion_kind}；已核实{len(f.verified)}项，待核实{len(f.unverified)}项，诉求{len(f.demands)}项"


def _decided(f: actions.Decided, t: Telling) -> str:
    name = {Decision.ANSWER: "公开回应", Decision.OFFLINE: "线下解决", Decision.WATCH: "持续关注"}[f.decision]
    quiet = f"（{t.office.directory.name(f.approver)}批准，{moment_text(f.review_at)}复核）" if f.approver else ""
    return f"决定{name}{quiet}：{f.reason}"


def _reviewed(f: actions.Reviewed, _t: Telling) -> str:
    result = "已解决" if f.resolved else f"尚未解决，{moment_text(f.review_at)}再复核"
    return f"复核：{result}，{f.reason}"


def _assigned(f: actions.Assigned, _t: Telling) -> str:
    return f"{f.number}交办{f.unit}（{'牵头' if f.lead else '配合'}），{moment_text(f.due)}前反馈：{f.asked}"


def _reminded(f: actions.Reminded, t: Telling) -> str:
    found = t.case.assignment(f.assignment)
    by = f"，{moment_text(found.due)}前反馈" if found else ""
    return f"{'自动' if f.automatic else ''}催办{_unit_of(t.case, f.assignment)}{by}{'：' + f.text if f.text else ''}"


def _reassigned(f: actions.Reassigned, t: Telling) -> str:
    return f"{_unit_of(t.case, f.assignment)}改派，{moment_text(f.due)}前反馈：{f.reason}"


def _assignment_closed(f: actions.AssignmentClosed, t: Telling) -> str:
    why = f"（数字不一致，采用理由：{f.accept_conflict}）" if f.accept_conflict else ""
    return f"{_unit_of(t.case, f.assignment)}办结{why}"


def _instructed(f: actions.Instructed, t: Telling) -> str:
    return f"{t.office.directory.name(f.leader)}批示：{f.text}{'（批示件 ' + f.scan + '）' if f.scan else ''}"


def _approved(f: actions.StepApproved, t: Telling) -> str:
    by = f"（{t.office.directory.name(f.leader)}签批，{f.scan}）" if f.leader else ""
    return f"第{f.version}版{PAPER_NAMES[f.paper]}通过{step_names(t.office.mechanism, [f.step])}{by}"


def _returned(f: actions.StepReturned, t: Telling) -> str:
    return f"第{f.version}版{PAPER_NAMES[f.paper]}在{step_names(t.office.mechanism, [f.step])}退回：{f.reason}"


def _responded(f: actions.Responded, t: Telling) -> str:
    duties = "、".join(duty_name(duty, t.office) for duty in f.duties or ())
    text = f"{moment_text(f.moment)} {f.unit}以{FORM_NAMES[f.form]}回应《{f.title}》"
    text += f"，履行“{duties}”" if duties else ""
    response = t.case.response(f.id)
    top = top_question_open(t.case, response) if response else ""
    if top:
        return f"{text}；群众最集中的问题“{top}”仍未回答"
    still = open_questions(t.case)
    return f"{text}；还有{len(still)}个问题未回答" if still else text


def _planned_due(f: happenings.PlannedDue, t: Telling) -> str:
    planned = next((p for p in t.case.planned if p.id == f.planned), None)
    what = f"{FORM_NAMES[planned.form]}《{planned.title}》" if planned else f.planned
    return f"拟开展的{what}时间已到，还没有登记：请登记回应，或说明改期"


def _escalated(f: happenings.Escalated, t: Telling) -> str:
    names = "、".join(AUDIENCE_NAMES.get(one, one) for one in f.audience.split("、"))
    minutes = (
        t.office.mechanism.grade_of(t.case.level).acknowledge_minutes * t.office.mechanism.escalation.step[f.step].times
    )
    return f"超过{minutes:g}分钟无人签收，升级提醒{names}"


def _warned(f: happenings.Warned, t: Telling) -> str:
    name = next((w.name for w in t.office.mechanism.deadlines.warning if w.mark == f.mark), f.mark)
    return f"{name}：“{duty_name(f.duty, t.office)}”须在{moment_text(f.due)}前完成"


def _missed(f: happenings.DeadlineMissed, t: Telling) -> str:
    return f"已过时限：“{duty_name(f.duty, t.office)}”应于{moment_text(f.due)}前完成，请完成并说明原因"


def _title(case: CaseState, response_id: str) -> str:
    response = case.response(response_id)
    return f"《{response.title}》" if response else response_id


def _effect(f: actions.EffectMeasured, t: Telling) -> str:
    still = f"；仍在追问：{'、'.join(f.open_questions)}" if f.open_questions else ""
    return f"{_title(t.case, f.response)}回应效果（前后各{f.hours}小时）：{f.verdict}{still}"


TELLERS: dict[type, Teller] = {
    happenings.Opened: _opened,
    happenings.AlertJoined: _joined,
    happenings.EventMerged: lambda f, _t: f"事件{f.merged}并入{f.kept}",
    actions.Acknowledged: lambda f, _t: (
        f"签收（{ {'dashboard': '网页', 'link': '邮件链接', 'command': '命令行'}[f.via] }）"
    ),
    actions.StartSet: lambda f, _t: f"“{START_NAMES[f.which]}”时间记为{moment_text(f.moment)}：{f.reason}",
    actions.ClassSet: _class,
    actions.GradeSet: lambda f, t: f"{grade_name(f.level, t.office)}：{f.reason}",
    actions.Raised: lambda f, _t: f"上级提级，由{f.authority}统一发布：{f.reason}",
    actions.Lowered: lambda f, _t: f"提级结束，恢复由本单位办理：{f.reason}",
    actions.Supplied: lambda f, _t: f"向上级提供材料：{f.text}",
    actions.Assessed: _assessed,
    actions.Decided: _decided,
    actions.Reviewed: _reviewed,
    actions.SentTo: lambda f, _t: f"送{f.unit}会商：{f.text}",
    actions.Noted: lambda f, _t: (
        f"{ {'note': '记事', 'consultation': '会商纪要', 'handover': '交接班'}[f.subject] }：{f.text}"
    ),
    actions.Corrected: lambda f, _t: f"更正第{f.entry}条：{f.text}",
    actions.Assigned: _assigned,
    actions.Reminded: _reminded,
    actions.FedBack: lambda f, t: f"{_unit_of(t.case, f.assignment)}反馈：{f.text}",
    actions.FeedbackReturned: lambda f, t: (
        f"退回{_unit_of(t.case, f.assignment)}，{moment_text(f.due)}前重报：{f.reason}"
    ),
    actions.Reassigned: _reassigned,
    actions.AssignmentClosed: _assignment_closed,
    actions.Instructed: _instructed,
    actions.Drafted: lambda f, _t: f"起草第{f.version}版{PAPER_NAMES[f.paper]}",
    actions.StepApproved: _approved,
    actions.StepReturned: _returned,
    actions.ResponsePlanned: lambda f, _t: (
        f"拟于{moment_text(f.planned_at)}由{f.unit}开展{FORM_NAMES[f.form]}《{f.title}》"
    ),
    actions.Responded: _responded,
    actions.ReachCounted: lambda f, t: f"{_title(t.case, f.response)}传播量记为{f.reach:,}",
    actions.EffectMeasured: _effect,
    actions.MissExplained: lambda f, t: f"“{duty_name(f.duty, t.office)}”逾期原因：{f.reason}",
    actions.UpwardReported: lambda f, _t: f"紧急信息{STEP_NAMES[f.step]}，经{f.through}",
    actions.Submitted: lambda f, _t: f"向{f.to}报送《{f.title}》",
    actions.Adopted: lambda f, _t: f"报送件{f.submission}被采用：{f.how}",
    actions.Closed: lambda f, _t: f"办结：{f.note}",
    actions.Folded: lambda f, _t: f"并入{f.into}：{f.reason}",
    actions.Reopened: lambda f, _t: f"重新启动：{f.reason}",
    actions.Evaluated: lambda f, _t: f"事后评估{'（列入典型案例）' if f.precedent else ''}：{f.text}",
    happenings.Warned: _warned,
    happenings.DeadlineMissed: _missed,
    happenings.Escalated: _escalated,
    happenings.AssignmentOverdue: lambda f, t: (
        f"{_unit_of(t.case, f.assignment)}反馈逾期，应于{moment_text(f.due)}前反馈"
    ),
    happenings.ReviewDue: lambda _f, _t: "复核时间到：请确认是否已经解决",
    happenings.PlannedDue: _planned_due,
    happenings.InterpretationMissing: lambda f, t: f"{_title(t.case, f.response)}发布后没有同步解读，请尽快补上解读",
    happenings.Purged: lambda f, _t: f"案卷{f.case}保管期满，内容已销毁（{len(f.positions)}条）：{f.reason}",
}
