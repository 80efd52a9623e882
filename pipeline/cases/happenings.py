"""What happens to a case (处置单里的事实): its opening, and what only the machine records as time goes by."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from pipeline.cases.vocabulary import Fact, Origin, Said


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


class PlannedDue(Fact):
    """The time of a planned response has come and nothing was recorded."""

    kind: Literal["planned_due"] = "planned_due"
    planned: str


class Purged(Fact):
    """Content destroyed by retention; the digests stay. Written on the office's own stream."""

    kind: Literal["purged"] = "purged"
    case: str
    positions: tuple[int, ...]
    reason: Said


Happening = (
    Opened | AlertJoined | EventMerged | Warned | DeadlineMissed | Escalated | AssignmentOverdue | ReviewDue
    | InterpretationMissing | PlannedDue | Purged
)  # fmt: skip
