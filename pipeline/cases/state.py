"""What a case is at one moment (处置单的状态): the fold of its history, never stored as truth.

Frozen; every applier returns a new one. Times are aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pipeline.cases.actions import Assessed, Decided, EffectMeasured, UpwardReported
from pipeline.cases.facts import AnyFact
from pipeline.cases.vocabulary import Form, Origin, Paper
from pipeline.document import Secrecy


class Phase(StrEnum):
    """收集 → 会商 → 研判 → 回应 → 评估, as the file sees it."""

    OPENED = "opened"  # 待签收
    ASSESSING = "assessing"  # 会商研判中
    ANSWERING = "answering"  # 回应中
    OFFLINE = "offline"  # 线下解决
    WATCHING = "watching"  # 持续关注
    RAISED = "raised"  # 上级提级
    CLOSED = "closed"  # 已办结
    EVALUATED = "evaluated"  # 已评估


PHASE_NAMES = {
    Phase.OPENED: "待签收",
    Phase.ASSESSING: "会商研判",
    Phase.ANSWERING: "回应中",
    Phase.OFFLINE: "线下解决",
    Phase.WATCHING: "持续关注",
    Phase.RAISED: "上级提级",
    Phase.CLOSED: "已办结",
    Phase.EVALUATED: "已评估",
}
FINISHED = frozenset({Phase.CLOSED, Phase.EVALUATED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of history: what, who, when. `seq` counts from 1 within the case."""

    case_id: str
    seq: int
    at: datetime
    by: str
    fact: AnyFact


class AssignmentStatus(StrEnum):
    OPEN = "open"  # 待反馈
    FED_BACK = "fed_back"  # 已反馈
    CLOSED = "closed"  # 已办结


@dataclass(frozen=True, slots=True)
class Assignment:
    """One 交办: a unit, what is asked, until when, what came back."""

    id: str
    number: str
    unit: str
    asked: str
    assigned_at: datetime
    due: datetime
    lead: bool
    status: AssignmentStatus = AssignmentStatus.OPEN
    instruction: str = ""
    feedback: str = ""
    feedback_at: datetime | None = None
    feedback_secrecy: Secrecy = Secrecy.INTERNAL
    first_due: datetime | None = None
    reminders: int = 0
    reminded_automatically: bool = False
    returned: int = 0
    late_units: tuple[str, ...] = ()  # units that were late with it
    overdue_told: bool = False  # the present due time's lateness is recorded
    feedback_by: str = ""
    closed_at: datetime | None = None
    former_units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instruction:
    """A leader's 批示 and the task it became."""

    id: str
    leader: str
    text: str
    scan: str
    at: datetime
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """A step that passed: `by` decided (a leader where the secretary recorded it), `recorded_by` wrote it down."""

    step: str
    by: str
    recorded_by: str
    at: datetime
    scan: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One version of a text under approval."""

    paper: Paper
    version: int
    text: str
    secrecy: Secrecy
    drafted_by: str
    at: datetime
    publish_at: datetime | None = None
    approvals: tuple[Approved, ...] = ()
    returned: str = ""


@dataclass(frozen=True, slots=True)
class PlannedResponse:
    id: str
    form: Form
    planned_at: datetime
    unit: str
    title: str


@dataclass(frozen=True, slots=True)
class Response:
    """A response that went out, with its proof and what it settles."""

    id: str
    form: Form
    title: str
    unit: str
    moment: datetime
    recorded_at: datetime
    recorded_by: str
    duties: tuple[str, ...]
    answers: tuple[str, ...]
    paper: Paper
    version: int
    linked: str
    principal: bool
    held: bool
    url: str = ""
    archive: str = ""
    archive_sha256: str = ""
    reach: int | None = None
    planned: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """情况动态 or 意见建议 submitted; `adopted_at` when it was used."""

    id: str
    title: str
    to: str
    unit: str
    at: datetime
    adopted_at: datetime | None = None
    how: str = ""


@dataclass(frozen=True, slots=True)
class CaseState:
    """The whole file. `suggested_*` is what an alert proposed; `legal_class` and `grade` are what persons set."""

    id: str = ""
    number: str = ""
    origin: Origin = Origin.MANUAL
    phase: Phase = Phase.OPENED
    phase_before_raise: Phase | None = None
    title: str = ""
    reason: str = ""
    event_id: str = ""
    alerts: tuple[str, ...] = ()
    rule: str = ""
    policy: bool = False
    opened_at: datetime | None = None
    opened_by: str = ""
    happened: datetime | None = None
    first_seen: datetime | None = None
    detected: datetime | None = None
    suggested_level: int = 4
    grade: int | None = None
    grade_by: str = ""
    suggested_class: str = ""
    legal_class: str = ""
    class_by: str = ""
    class_reason: str = ""
    as_major: bool = False
    as_major_approver: str = ""
    suggested_units: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    earlier_case: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    escalations: int = 0
    raised_to: str = ""
    supplied: int = 0
    assessment: Assessed | None = None
    assessed_by: str = ""
    assessed_at: datetime | None = None
    decision: Decided | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    review_at: datetime | None = None
    review_told: datetime | None = None
    resolved: bool = False
    reopened_at: datetime | None = None
    assignments: tuple[Assignment, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    drafts: tuple[Draft, ...] = ()
    planned: tuple[PlannedResponse, ...] = ()
    planned_told: tuple[str, ...] = ()  # planned ones whose time came without a response
    responses: tuple[Response, ...] = ()
    effects: tuple[EffectMeasured, ...] = ()
    warned: frozenset[tuple[str, str, str]] = frozenset()  # duty, mark, due
    missed: frozenset[tuple[str, str]] = frozenset()  # duty, due
    explained: Mapping[str, str] = field(default_factory=dict)  # duty → reason
    consulted: tuple[str, ...] = ()
    sent: tuple[tuple[str, datetime, str], ...] = ()  # unit, when, text
    upward: tuple[tuple[datetime, UpwardReported], ...] = ()
    submissions: tuple[Submission, ...] = ()
    unlinked: tuple[str, ...] = ()  # responses flagged: a release without its interpretation
    closed_at: datetime | None = None
    closed_by: str = ""
    closing_note: str = ""
    folded_into: str = ""
    evaluation: str = ""
    lessons: tuple[str, ...] = ()
    precedent: bool = False
    entries: int = 0

    @property
    def level(self) -> int:
        """舆情提示等级（本单位）in force: the person's, else the alert's."""
        return self.grade or self.suggested_level

    @property
    def finished(self) -> bool:
        return self.phase in FINISHED

    @property
    def lead_units(self) -> tuple[str, ...]:
        """The units that hold the lead now."""
        return tuple(dict.fromkeys(a.unit for a in self.assignments if a.lead))

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit that has or had a part."""
        return tuple(dict.fromkeys(a.unit for a in self.assignments))

    @property
    def demands(self) -> tuple[str, ...]:
        """What people ask for, the most asked first."""
        return self.assessment.demands if self.assessment else ()

    def assignment(self, assignment_id: str) -> Assignment | None:
        return next((a for a in self.assignments if a.id == assignment_id), None)

    def draft(self, paper: Paper, version: int) -> Draft | None:
        return next((d for d in self.drafts if d.paper is paper and d.version == version), None)

    def latest(self, paper: Paper) -> Draft | None:
        return next((d for d in reversed(self.drafts) if d.paper is paper), None)

    def response(self, response_id: str) -> Response | None:
        return next((r for r in self.responses if r.id == response_id), None)
