"""Who may do and see what (权限): roles → actions, a unit sees only its cases, the unit complained of is kept apart. Pure.

Settings: mechanism.permissions. Code adds only what no office may loosen: a leader never acts, a unit acts only on its
own part, an office consulted sees what was sent to it.
"""

from __future__ import annotations

from enum import StrEnum

from pipeline.cases.actions import Action, Noted, StepApproved, StepReturned
from pipeline.cases.office import Asking
from pipeline.cases.people import ROLE_NAMES, Person, Role
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState

_OFFICE_ROLES = frozenset({Role.SPOKESPERSON, Role.DUTY_OFFICER, Role.SECRETARY, Role.ADMINISTRATOR})


class View(StrEnum):
    """How much of a case a person sees."""

    FULL = "full"
    PART = "part"  # a unit: its own assignment, the line, the clocks
    PROTECTED = "protected"  # a unit that people complain of: its own assignment, nothing of the complaint
    DRAFTS = "drafts"  # somebody in the approval chain: the texts to approve
    SENT = "sent"  # a consulted office: what was sent to it
    NONE = "none"


def view(person: Person, case: CaseState) -> View:
    """How much of `case` this person sees. The unit complained of never sees the complaint."""
    if not person.active:
        return View.NONE
    if person.has(*_OFFICE_ROLES, Role.LEADER):
        return View.FULL
    holds = any(a.unit == person.unit for a in case.assignments)
    accused = person.unit in case.accused
    if person.has(Role.UNIT) and holds:
        return View.PROTECTED if accused else View.PART
    if accused:
        return View.NONE
    if person.has(Role.CONSULTED) and person.unit in case.consulted:
        return View.SENT
    if person.approves and case.drafts:
        return View.DRAFTS
    return View.NONE


def allowed(kind: str, asking: Asking) -> frozenset[Role]:
    """The roles by which the person may do this kind of action; empty when none."""
    permitted = asking.office.mechanism.permissions.get(kind, ())
    return asking.by.roles & frozenset(permitted)


def require(case: CaseState, action: Action, asking: Asking) -> None:
    """Refused unless the person's role may do this, on this case."""
    roles = allowed(action.kind, asking)
    if not roles:
        own = "、".join(ROLE_NAMES[role] for role in sorted(asking.by.roles)) or "无角色"
        raise Refused(f"{asking.by.name}（{own}）没有“{action_name(action.kind)}”的权限：请由有权限的同志办理。")
    if roles & _OFFICE_ROLES or isinstance(action, StepApproved | StepReturned):
        return  # who may pass a step is checked by the chain itself
    seen = view(asking.by, case)
    if seen in (View.PART, View.PROTECTED) and Role.UNIT in roles:
        return
    if seen is View.SENT and isinstance(action, Noted):
        return
    raise Refused(
        f"{case.number or '该处置单'}没有交办给{asking.by.unit or asking.by.name}：单位只能办理交办给本单位的事项。"
    )


ACTION_NAMES = {
    "opened": "建单",
    "alert_joined": "并入新的预警",
    "event_merged": "事件合并",
    "acknowledged": "签收",
    "start_set": "补记或更正计时起点",
    "class_set": "确定法定类别",
    "grade_set": "确定舆情提示等级（本单位）",
    "raised": "上级提级",
    "lowered": "提级结束",
    "supplied": "向上级提供材料",
    "assessed": "填写研判表",
    "decided": "决定是否公开回应",
    "reviewed": "复核",
    "sent_to": "送会商单位",
    "noted": "记事",
    "corrected": "更正记录",
    "assigned": "交办",
    "reminded": "催办",
    "fed_back": "反馈",
    "feedback_returned": "退回反馈",
    "reassigned": "改派",
    "assignment_closed": "交办办结",
    "instructed": "登记领导批示",
    "drafted": "起草文稿",
    "step_approved": "审签通过",
    "step_returned": "审签退回",
    "response_planned": "登记拟开展的回应",
    "responded": "登记回应",
    "reach_counted": "补记传播量",
    "effect_measured": "回应效果评估",
    "miss_explained": "说明逾期原因",
    "upward_reported": "紧急信息报送",
    "submitted": "报送情况动态",
    "adopted": "登记采用情况",
    "closed": "办结",
    "folded": "并案",
    "reopened": "重新启动",
    "evaluated": "事后评估",
    "warned": "时限提醒",
    "deadline_missed": "时限已过",
    "escalated": "升级提醒",
    "assignment_overdue": "反馈逾期",
    "review_due": "复核到期",
    "interpretation_missing": "缺少解读",
    "planned_due": "拟开展的回应到期",
    "purged": "到期销毁内容",
}


def action_name(kind: str) -> str:
    """What the office calls an action or fact."""
    return ACTION_NAMES.get(kind, kind)
