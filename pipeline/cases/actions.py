"""What a person can do in a case (处置单里的动作): one frozen model per action, kept in the history as it was asked."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from pipeline.cases.vocabulary import Decision, Fact, Form, Paper, Said, StartKind
from pipeline.document import Secrecy

# ---- opening, class and grade -------------------------------------------------------------------


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


class Folded(Fact):
    """并案: this case goes on in another open case of the same event."""

    kind: Literal["folded"] = "folded"
    into: Said
    reason: Said


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


Action = (
    Acknowledged | StartSet | ClassSet | GradeSet | Raised | Lowered | Supplied | Assessed | Decided | Reviewed | SentTo
    | Noted | Corrected | Assigned | Reminded | FedBack | FeedbackReturned | Reassigned | AssignmentClosed | Instructed
    | Drafted | StepApproved | StepReturned | ResponsePlanned | Responded | ReachCounted | EffectMeasured
    | MissExplained | UpwardReported | Submitted | Adopted | Closed | Folded | Reopened | Evaluated
)  # fmt: skip
