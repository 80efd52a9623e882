"""What can be done and what can happen in a case (处置单里的动作与事实): one frozen model per fact.

An action a person asks for and the fact the history keeps are the same record, so the history reads as what was done.
Facts that only the machine records (warnings, missed deadlines, escalations) stand at the end. Fields may be added with
a default, never renamed or removed: histories written years ago must still be read.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from pipeline.cases.refusal import Refused
from pipeline.document import Secrecy

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class Origin(StrEnum):
    """Why the file was opened (来由)."""

    ALERT = "alert"  # 预警
    MANUAL = "manual"  # 人工登记
    PLANNED = "planned"  # 计划内的发布与解读
    ADVICE = "advice"  # 工作建议函
    REPORT = "report"  # 情况动态


class StartKind(StrEnum):
    """The three times a clock may start from (计时起点)."""

    HAPPENED = "happened"  # 事发
    FIRST_SEEN = "first_seen"  # 首次见于网上
    DETECTED = "detected"  # 本单位发现


class Decision(StrEnum):
    """Answer in public, settle with the people concerned, or keep watching (公开回应、线下解决、持续关注)."""

    ANSWER = "answer"
    OFFLINE = "offline"
    WATCH = "watch"


class Form(StrEnum):
    """Forms of response (回应方式)."""

    PRESS_CONFERENCE = "press_conference"
    SITE_STATEMENT = "site_statement"
    ONLINE_INTERVIEW = "online_interview"
    INTERPRETATION = "interpretation"
    WEIBO = "weibo"
    WECHAT = "wechat"
    APP = "app"
    BROADCAST_PRESS = "broadcast_press"
    PORTAL_REPLY = "portal_reply"
    OTHER = "other"


class Paper(StrEnum):
    """Texts that go through the approval chain (送审文稿)."""

    LINE = "line"  # 口径
    STATEMENT = "statement"  # 发布稿
    POLICY = "policy"  # 政策性文件
    PLAN = "plan"  # 解读方案
    MATERIAL = "material"  # 解读材料


class Fact(BaseModel):
    """One line of a case's history, without who and when (the entry carries those)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# ---- opening, class and grade -------------------------------------------------------------------


class Opened(Fact):
    """The file is opened. `level` is the office's own 舆情提示等级（本单位）1..4; `legal_class` only a suggestion."""

    kind: Literal["opened"] = "opened"
    origin: Origin
    number: str
    title: Said
    reason: str = ""
    event_id: str = ""
    alert_id: str = ""
    rule: str = ""
    level: int = Field(default=4, ge=1, le=4)
    legal_class: str = ""
    happened: AwareDatetime | None = None
    first_seen: AwareDatetime | None = None
    detected: AwareDatetime
    suggested_units: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    earlier_case: str = ""
    policy: bool = False


class AlertJoined(Fact):
    """A further alert on the same event."""

    kind: Literal["alert_joined"] = "alert_joined"
    alert_id: str
    rule: str
    level: int = Field(ge=1, le=4)
    reason: str
    evidence: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()


class EventMerged(Fact):
    """The case's event became part of another."""

    kind: Literal["event_merged"] = "event_merged"
    kept: str
    merged: str


class Acknowledged(Fact):
    """签收. `via` says by which door: dashboard, link (one-time link in the mail) or command."""

    kind: Literal["acknowledged"] = "acknowledged"
    via: Literal["dashboard", "link", "command"] = "dashboard"


class StartSet(Fact):
    """One of the three starts is set or corrected, with its reason."""

    kind: Literal["start_set"] = "start_set"
    which: StartKind
    moment: AwareDatetime
    reason: Said


class ClassSet(Fact):
    """A person sets the legal class; `as_major` = 参照重大执行, which needs `approver` (a leader)."""

    kind: Literal["class_set"] = "class_set"
    legal_class: Literal["major", "other"]
    reason: Said
    as_major: bool = False
    approver: str = ""


class GradeSet(Fact):
    """A person sets 舆情提示等级（本单位）: 1 red .. 4 blue."""

    kind: Literal["grade_set"] = "grade_set"
    level: int = Field(ge=1, le=4)
    reason: Said


class Raised(Fact):
    """上级提级: the headquarters above speaks, we supply."""

    kind: Literal["raised"] = "raised"
    authority: Said
    reason: Said


class Lowered(Fact):
    """The headquarters gives the matter back."""

    kind: Literal["lowered"] = "lowered"
    reason: Said


class Supplied(Fact):
    """Material given to the headquarters while raised."""

    kind: Literal["supplied"] = "supplied"
    text: Said


# ---- assessment and decision --------------------------------------------------------------------


class Assessed(Fact):
    """研判表. `consequences` has one text for each of 散播、集聚、热议; `demands` in order, the most asked first."""

    kind: Literal["assessed"] = "assessed"
    verified: tuple[Said, ...] = ()
    unverified: tuple[Said, ...] = ()
    demands: tuple[Said, ...] = ()
    consequences: dict[Literal["spread", "gathering", "hot"], Said]
    opinion_kind: Literal["建设性意见", "实际困难", "重大问题", "模糊认识", "错误看法"]
    key_classes: tuple[str, ...] = ()
    trend: str = ""
    countermeasures: tuple[str, ...] = ()


class Decided(Fact):
    """Answer or not, who, where, when. 线下解决 and 持续关注 need approver, reason and review time."""

    kind: Literal["decided"] = "decided"
    decision: Decision
    reason: Said
    units: tuple[str, ...] = ()
    channels: tuple[Form, ...] = ()
    answer_at: AwareDatetime | None = None
    approver: str = ""
    review_at: AwareDatetime | None = None


class Reviewed(Fact):
    """复核 of 线下解决 or 持续关注; not resolved needs the next review time."""

    kind: Literal["reviewed"] = "reviewed"
    resolved: bool
    reason: Said
    review_at: AwareDatetime | None = None


class SentTo(Fact):
    """What a consulted office (宣传部、网信办、公安) is given to see."""

    kind: Literal["sent_to"] = "sent_to"
    unit: Said
    text: Said


class Noted(Fact):
    """A note, a phone call, a meeting (会商纪要)."""

    kind: Literal["noted"] = "noted"
    text: Said
    subject: Literal["note", "consultation", "handover"] = "note"


class Corrected(Fact):
    """更正: an earlier entry stays as it is; this says what is right."""

    kind: Literal["corrected"] = "corrected"
    entry: int = Field(ge=1)
    text: Said


# ---- assignments and instructions ---------------------------------------------------------------


class Assigned(Fact):
    """交办. `number` and `id` are given by the rules, not by the person."""

    kind: Literal["assigned"] = "assigned"
    unit: Said
    asked: Said
    due: AwareDatetime
    lead: bool = True
    reason: str = ""
    id: str = ""
    number: str = ""
    instruction: str = ""


class Reminded(Fact):
    """催办."""

    kind: Literal["reminded"] = "reminded"
    assignment: str
    text: str = ""
    automatic: bool = False


class FedBack(Fact):
    """反馈: the unit's report."""

    kind: Literal["fed_back"] = "fed_back"
    assignment: str
    text: Said
    secrecy: Secrecy = Secrecy.INTERNAL


class FeedbackReturned(Fact):
    """退回: the report does not do."""

    kind: Literal["feedback_returned"] = "feedback_returned"
    assignment: str
    reason: Said
    due: AwareDatetime


class Reassigned(Fact):
    """改派 to another unit, with the reason."""

    kind: Literal["reassigned"] = "reassigned"
    assignment: str
    unit: Said
    reason: Said
    due: AwareDatetime


class AssignmentClosed(Fact):
    """办结 of one assignment. `accept_conflict` says why contradicting numbers are accepted."""

    kind: Literal["assignment_closed"] = "assignment_closed"
    assignment: str
    note: str = ""
    accept_conflict: str = ""


class Instructed(Fact):
    """领导批示, recorded by the secretary; with a unit it becomes a task with feedback."""

    kind: Literal["instructed"] = "instructed"
    leader: Said
    text: Said
    scan: str = ""
    unit: str = ""
    due: AwareDatetime | None = None
    id: str = ""


# ---- the line and its approval ------------------------------------------------------------------


class Drafted(Fact):
    """A new version of a text for approval; `version` is given by the rules."""

    kind: Literal["drafted"] = "drafted"
    paper: Paper = Paper.LINE
    text: Said
    secrecy: Secrecy = Secrecy.INTERNAL
    publish_at: AwareDatetime | None = None
    version: int = 0


class StepApproved(Fact):
    """One step of the chain is passed. The secretary records a leader's approval with `leader` and the scan."""

    kind: Literal["step_approved"] = "step_approved"
    paper: Paper = Paper.LINE
    version: int
    step: Said
    comment: str = ""
    leader: str = ""
    scan: str = ""


class StepReturned(Fact):
    """A step sends the text back; a new version is needed."""

    kind: Literal["step_returned"] = "step_returned"
    paper: Paper = Paper.LINE
    version: int
    step: Said
    reason: Said


# ---- responses, effect, reports -----------------------------------------------------------------


class ResponsePlanned(Fact):
    """A response that is to come."""

    kind: Literal["response_planned"] = "response_planned"
    form: Form
    planned_at: AwareDatetime
    unit: Said
    title: Said
    id: str = ""


class Responded(Fact):
    """A response that went out. `duties` None = every duty its form can fulfil; `linked` = what it does in 三联动."""

    kind: Literal["responded"] = "responded"
    form: Form
    title: Said
    unit: Said
    moment: AwareDatetime
    paper: Paper = Paper.LINE
    version: int
    url: str = ""
    archive: str = ""
    archive_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    reach: int | None = Field(default=None, ge=0)
    principal: bool = False
    held: bool = True
    duties: tuple[str, ...] | None = None
    answers: tuple[str, ...] = ()
    linked: Literal["release", "interpretation", "answer"] = "answer"
    planned: str = ""
    id: str = ""


class ReachCounted(Fact):
    """Reach of a response known later."""

    kind: Literal["reach_counted"] = "reach_counted"
    response: str
    reach: int = Field(ge=0)


class EffectMeasured(Fact):
    """Before and after one response, as computed by effect.py."""

    kind: Literal["effect_measured"] = "effect_measured"
    response: str
    hours: int
    before: dict[str, float]
    after: dict[str, float]
    stage_before: str
    stage_after: str
    open_questions: tuple[str, ...] = ()
    verdict: Said


class MissExplained(Fact):
    """Why a deadline was missed. The miss itself stays."""

    kind: Literal["miss_explained"] = "miss_explained"
    duty: Said
    reason: Said


class UpwardReported(Fact):
    """首报、续报、终报 to the level above; the official channel remains 总值班室."""

    kind: Literal["upward_reported"] = "upward_reported"
    step: Literal["first", "follow", "final"]
    text: Said
    through: str = "总值班室"


class Submitted(Fact):
    """情况动态 or 意见建议 submitted to those who decide."""

    kind: Literal["submitted"] = "submitted"
    title: Said
    to: Said
    text: str = ""
    unit: str = ""
    id: str = ""


class Adopted(Fact):
    """A submission was adopted (采用)."""

    kind: Literal["adopted"] = "adopted"
    submission: str
    how: Said


class Closed(Fact):
    """办结, with the closing note."""

    kind: Literal["closed"] = "closed"
    note: Said


class Reopened(Fact):
    """Opened again, with the reason."""

    kind: Literal["reopened"] = "reopened"
    reason: Said


class Evaluated(Fact):
    """事后评估; `precedent` puts the case among the ones worth learning from."""

    kind: Literal["evaluated"] = "evaluated"
    text: Said
    lessons: tuple[str, ...] = ()
    precedent: bool = False


# ---- what only the machine records --------------------------------------------------------------


class Warned(Fact):
    """A deadline comes near: `mark` is half, three_quarters or hour_before."""

    kind: Literal["warned"] = "warned"
    duty: str
    mark: str
    due: AwareDatetime


class DeadlineMissed(Fact):
    """A deadline passed."""

    kind: Literal["deadline_missed"] = "deadline_missed"
    duty: str
    due: AwareDatetime


class Escalated(Fact):
    """Nobody acknowledged: the next in the chain is told."""

    kind: Literal["escalated"] = "escalated"
    step: int
    audience: str


class AssignmentOverdue(Fact):
    """An assignment's feedback time passed."""

    kind: Literal["assignment_overdue"] = "assignment_overdue"
    assignment: str
    due: AwareDatetime


class ReviewDue(Fact):
    """The review time of 线下解决 or 持续关注 has come."""

    kind: Literal["review_due"] = "review_due"
    review_at: AwareDatetime


class InterpretationMissing(Fact):
    """A release stands without its interpretation (三联动)."""

    kind: Literal["interpretation_missing"] = "interpretation_missing"
    response: str


class Purged(Fact):
    """Content destroyed by retention; the digests stay. Written on the office's own stream."""

    kind: Literal["purged"] = "purged"
    case: str
    positions: tuple[int, ...]
    reason: Said


Action = (
    Acknowledged | StartSet | ClassSet | GradeSet | Raised | Lowered | Supplied | Assessed | Decided | Reviewed | SentTo
    | Noted | Corrected | Assigned | Reminded | FedBack | FeedbackReturned | Reassigned | AssignmentClosed | Instructed
    | Drafted | StepApproved | StepReturned | ResponsePlanned | Responded | ReachCounted | EffectMeasured
    | MissExplained | UpwardReported | Submitted | Adopted | Closed | Reopened | Evaluated
)  # fmt: skip
AnyFact = (
    Action | Opened | AlertJoined | EventMerged | Warned | DeadlineMissed | Escalated | AssignmentOverdue | ReviewDue
    | InterpretationMissing | Purged
)  # fmt: skip

_ACTIONS: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="kind")])
_FACTS: TypeAdapter[AnyFact] = TypeAdapter(Annotated[AnyFact, Field(discriminator="kind")])


def read_action(raw: dict[str, Any]) -> Action:
    """An action from a form, a command or a signed link. Raises Refused naming the field that is wrong."""
    try:
        return _ACTIONS.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:]) or "kind"
        raise Refused(f"动作“{raw.get('kind', '')}”的“{field}”填写有误：{first['msg']}。请改正后再提交。") from error


def read_fact(raw: dict[str, Any]) -> AnyFact:
    """A fact from the history."""
    return _FACTS.validate_python(raw)


def write_fact(fact: AnyFact) -> dict[str, Any]:
    """The fact as the history keeps it: JSON values only."""
    return fact.model_dump(mode="json")


def iso(moment: datetime | None) -> str:
    """A moment for content that is plain text."""
    return "" if moment is None else moment.isoformat()
