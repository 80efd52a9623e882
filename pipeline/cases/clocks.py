"""The clocks (时限): what is owed by when, from which start, and how it stands. Pure.

Settings: mechanism legal_class, deadlines, upward. The rules do not say when a clock starts, so three starts are kept
and all three are shown; the class's `start` order says which known one governs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.cases.mechanism import Duty as DutyRule
from pipeline.cases.mechanism import LegalClass, Mechanism
from pipeline.cases.state import CaseState, Phase, Response
from pipeline.cases.vocabulary import Decision, Origin, StartKind
from pipeline.clock import shanghai

UPWARD_FIRST = "upward_first"
UPWARD_FOLLOW = "upward_follow"
START_NAMES = {StartKind.HAPPENED: "事发", StartKind.FIRST_SEEN: "首次见于网上", StartKind.DETECTED: "本单位发现"}


class Standing(StrEnum):
    """How a clock stands."""

    RUNNING = "running"  # 计时中
    MET = "met"  # 按时
    MET_LATE = "met_late"  # 逾期完成
    OVERDUE = "overdue"  # 已逾期
    WAIVED = "waived"  # 不适用


STANDING_NAMES = {
    Standing.RUNNING: "计时中",
    Standing.MET: "按时完成",
    Standing.MET_LATE: "逾期完成",
    Standing.OVERDUE: "已逾期",
    Standing.WAIVED: "不适用",
}


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock of a case at one moment. `starts` shows all three times; `governing` is the one that counts."""

    duty: str
    name: str
    source: str
    starts: tuple[tuple[StartKind, datetime | None], ...]
    governing: StartKind
    start: datetime
    due: datetime
    legal_due: datetime
    standing: Standing
    provisional: bool
    met_at: datetime | None = None
    met_by: str = ""
    reason: str = ""

    def remaining(self, at: datetime) -> timedelta:
        """Time left; negative when overdue."""
        return self.due - at

    def mark_at(self, share: float | None, minutes_before: int | None) -> datetime:
        """When a warning of this kind falls."""
        if share is not None:
            return self.start + (self.due - self.start) * share
        return self.due - timedelta(minutes=minutes_before or 0)


def has_clock(case: CaseState) -> bool:
    """Plans, letters and submissions owe no answer to the public by an hour."""
    return case.origin in (Origin.ALERT, Origin.MANUAL)


def class_in_force(case: CaseState, mechanism: Mechanism) -> LegalClass:
    """The class whose hours apply: set by a person (or 参照重大执行), else the alert's suggestion, provisionally."""
    if case.as_major:
        return mechanism.class_of("major")
    return mechanism.class_of(case.legal_class or mechanism.class_key(case.suggested_class))


def start_of(case: CaseState, legal: LegalClass) -> tuple[StartKind, datetime]:
    """The first start of the class's order that is known and within reach; detection always is."""
    reach = timedelta(hours=legal.start_reach_hours) if legal.start_reach_hours else timedelta.max
    known = {
        StartKind.HAPPENED: case.happened,
        StartKind.FIRST_SEEN: case.first_seen,
        StartKind.DETECTED: case.detected,
    }
    for kind in (*legal.start, StartKind.DETECTED):
        moment = known[kind]
        if moment is not None and (case.detected is None or case.detected - moment <= reach):
            return kind, moment
    raise ValueError(f"case {case.id} has no start")


def clocks(case: CaseState, mechanism: Mechanism, at: datetime) -> tuple[ClockView, ...]:
    """Every clock of the case as it stands at `at`."""
    if not has_clock(case) or case.detected is None:
        return ()
    legal = class_in_force(case, mechanism)
    kind, start = start_of(case, legal)
    views = [_view(case, duty, kind, start, at) for duty in legal.duty]
    if mechanism.upward.enabled and legal.key == "major":
        views += _upward(case, mechanism, at)
    return tuple(views)


def _view(case: CaseState, duty: DutyRule, kind: StartKind, start: datetime, at: datetime) -> ClockView:
    legal_due = start + timedelta(hours=duty.hours)
    due = start + timedelta(hours=duty.local_hours or duty.hours)
    answer = _first_that_meets(case, duty.key)
    waived = "" if answer else _waived(case)
    standing = Standing.WAIVED if waived else _standing(answer.moment if answer else None, due, at)
    return ClockView(
        duty=duty.key,
        name=duty.name,
        source=duty.source if duty.local_hours is None else f"{duty.source}；本地时限：{duty.local_source}",
        starts=_starts(case),
        governing=kind,
        start=start,
        due=due,
        legal_due=legal_due,
        standing=standing,
        provisional=not case.legal_class,
        met_at=answer.moment if answer else None,
        met_by=answer.id if answer else "",
        reason=waived or case.explained.get(duty.key, ""),
    )


def _standing(met: datetime | None, due: datetime, at: datetime) -> Standing:
    """An answer at the last moment is in time; a deadline that has come without one is missed."""
    if met is not None:
        return Standing.MET if met <= due else Standing.MET_LATE
    return Standing.OVERDUE if at >= due else Standing.RUNNING


def _starts(case: CaseState) -> tuple[tuple[StartKind, datetime | None], ...]:
    return (
        (StartKind.HAPPENED, case.happened),
        (StartKind.FIRST_SEEN, case.first_seen),
        (StartKind.DETECTED, case.detected),
    )


def _first_that_meets(case: CaseState, duty: str) -> Response | None:
    meeting = [response for response in case.responses if duty in response.duties]
    return min(meeting, key=lambda response: response.moment, default=None)


def _waived(case: CaseState) -> str:
    """Why no public answer is owed, '' when it is."""
    phase = case.phase_before_raise if case.phase is Phase.RAISED else case.phase
    if case.raised_to and (case.phase is Phase.RAISED or case.finished):
        return f"上级提级，由{case.raised_to}统一发布"
    if case.folded_into:
        return f"并入{case.folded_into}，在该件中计时"
    decision = case.decision
    if decision and decision.decision is not Decision.ANSWER and phase is not Phase.ASSESSING:
        name = "线下解决" if decision.decision is Decision.OFFLINE else "持续关注"
        return f"经批准{name}：{decision.reason}"
    return ""


def _upward(case: CaseState, mechanism: Mechanism, at: datetime) -> list[ClockView]:
    """首报 within hours of 接报 (detection), then 续报 within hours of the last report, until the 终报."""
    rules, detected = mechanism.upward, case.detected
    assert detected is not None
    sent = {
        step: [when for when, report in case.upward if report.step == step] for step in ("first", "follow", "final")
    }
    views = [
        _upward_view(
            case, UPWARD_FIRST, "首报", rules.source, detected, rules.first_hours, min(sent["first"], default=None), at
        )
    ]
    reports = sorted(when for when, _ in case.upward)
    if sent["first"] and not sent["final"] and not case.finished:
        duty = f"{UPWARD_FOLLOW}.{len(reports)}"
        views.append(_upward_view(case, duty, "续报或终报", rules.source, reports[-1], rules.follow_hours, None, at))
    return views


def _upward_view(
    case: CaseState,
    duty: str,
    name: str,
    source: str,
    start: datetime,
    hours: float,
    met: datetime | None,
    at: datetime,
) -> ClockView:
    due = start + timedelta(hours=hours)
    return ClockView(
        duty=duty,
        name=f"紧急信息报送（{name}）",
        source=source,
        starts=_starts(case),
        governing=StartKind.DETECTED,
        start=start,
        due=due,
        legal_due=due,
        standing=_standing(met, due, at),
        provisional=not case.legal_class,
        met_at=met,
        reason=case.explained.get(duty, ""),
    )


def moment_text(moment: datetime | None) -> str:
    """How the office reads a time: 3月15日 07:40."""
    if moment is None:
        return "未定"
    local = shanghai(moment)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
