"""今日态势: what needs me now. Ten statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from dashboards.keeping import Kept
from dashboards.queries import cases as case_queries
from dashboards.queries.cases import Running
from dashboards.queries.coverage import Gap, gaps
from dashboards.queries.hours import hour_bucket, hour_of
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.responses import open_questions
from pipeline.cases.roster import OnDuty
from pipeline.cases.state import CaseState
from pipeline.clock import shanghai
from pipeline.document import Polarity, Scope, Stage
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import alerts, changes, event_documents, events

RISING_HOURS = 12
ALERT_DAYS = 3
NORMAL_DAYS = 7


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An event (or sign) with alerts that nobody has taken on: the gravest, and how many more."""

    row: Row[Any]
    more: int
    case: CaseState | None


@dataclass(frozen=True, slots=True)
class Question:
    """Something that people ask and nobody has answered."""

    text: str
    event_id: str
    title: str
    voices: int


@dataclass(frozen=True, slots=True)
class Volume:
    """Documents of today against a normal day up to the same hour. `hours`: (hour, today, normal)."""

    hours: tuple[tuple[int, int, float], ...]
    today: int
    normal: float
    negative: int
    normal_negative: float


@dataclass(frozen=True, slots=True)
class Today:
    """Everything on the front page."""

    alerts: tuple[OpenAlert, ...]
    acknowledged: int
    clocks: tuple[Running, ...]
    rising: tuple[Any, ...]
    questions: tuple[Question, ...]
    on_duty: OnDuty
    volume: Volume
    gaps: tuple[Gap, ...]


def read(connection: Connection, mechanism: Mechanism, at: datetime) -> Today:
    """The front page as of `at`."""
    running = case_queries.unfinished(connection)
    open_alerts, acknowledged = _alerts(connection, running, at)
    return Today(
        alerts=open_alerts,
        acknowledged=acknowledged,
        clocks=tuple(case_queries.running(running, mechanism, at)),
        rising=tuple(_rising(connection, at)),
        questions=tuple(_questions(connection, running, at)),
        on_duty=now_on_duty(connection, at),
        volume=_volume(connection, at),
        gaps=tuple(gaps(connection, at - timedelta(hours=24), at)),
    )


def _alerts(connection: Connection, running: Sequence[CaseState], at: datetime) -> tuple[tuple[OpenAlert, ...], int]:
    """One line an event, gravest first. What somebody has signed for in its case is counted, not shown."""
    rows = connection.execute(
        select(
            alerts, events.c.title.label("event_title"), events.c.stage.label("event_stage"), events.c.heat,
            events.c.documents.label("event_documents"), events.c.muted_until,
        )
        .outerjoin(events, events.c.id == alerts.c.event_id)
        .where(alerts.c.state == "open", alerts.c.updated_at >= at - timedelta(days=ALERT_DAYS))
        .order_by(alerts.c.level, alerts.c.updated_at.desc(), alerts.c.id)
        .limit(500)
    ).all()  # fmt: skip
    of_event = {one.event_id: one for one in running if one.event_id}
    shown: dict[str, OpenAlert] = {}
    acknowledged = 0
    for row in rows:
        if row.muted_until and row.muted_until > at:
            continue
        key = row.event_id or row.id
        found = of_event.get(row.event_id)
        if key in shown:
            shown[key] = OpenAlert(shown[key].row, shown[key].more + 1, shown[key].case)
        elif found is not None and found.acknowledged_at is not None:
            acknowledged += 1
        else:
            shown[key] = OpenAlert(row, 0, found)
    return tuple(shown.values()), acknowledged


def _rising(connection: Connection, at: datetime) -> list[Any]:
    """Events that moved up in the last hours, each once, the latest move."""
    rows = connection.execute(
        select(changes.c.at, changes.c.what, changes.c.reason, changes.c.event_id, events.c.title, events.c.documents)
        .join(events, events.c.id == changes.c.event_id)
        .where(
            changes.c.at >= at - timedelta(hours=RISING_HOURS),
            changes.c.at <= at,
            changes.c.type == "stage",
            changes.c.what.in_([Stage.GATHERING.value, Stage.HOT.value]),
            events.c.scope.in_([Scope.LOCAL.value, Scope.NEIGHBOURING.value]),
        )
        .order_by(changes.c.number.desc())
        .limit(60)
    )
    latest: dict[str, Any] = {}
    for row in rows:
        latest.setdefault(row.event_id, row)
    return list(latest.values())[:8]


def _questions(connection: Connection, running: Sequence[CaseState], at: datetime) -> list[Question]:
    """What the assessments list and no response answered; then what voices of live, unanswered events ask."""
    found = [Question(question, one.event_id, one.title, 0) for one in running for question in open_questions(one)[:2]]
    answered = {one.event_id for one in running if one.responses or one.assessment}
    live = (
        select(events.c.id)
        .where(
            events.c.merged_into == "",
            events.c.scope == Scope.LOCAL.value,
            events.c.last_at >= at - timedelta(days=2),
            events.c.stage != Stage.QUIET.value,
        )
        .order_by(events.c.heat.desc())
        .limit(12)
    )
    rows = connection.execute(
        select(event_documents.c.event_id, events.c.title, analyses.c.detail["asks"].label("asks"))
        .join(analyses, analyses.c.document_id == event_documents.c.document_id)
        .join(events, events.c.id == event_documents.c.event_id)
        .where(event_documents.c.event_id.in_(live), event_documents.c.known_at >= at - timedelta(days=2))
        .order_by(event_documents.c.known_at.desc())
        .limit(400)
    )
    said: dict[str, Counter[str]] = {}
    titles: dict[str, str] = {}
    voices: Counter[str] = Counter()
    for row in rows:
        asks = [ask for ask in row.asks or [] if 6 <= len(ask) <= 60]
        if asks and row.event_id not in answered:
            titles[row.event_id] = row.title
            voices[row.event_id] += 1
            said.setdefault(row.event_id, Counter()).update(asks)
    for event_id, count in voices.most_common(8):
        found.append(Question(said[event_id].most_common(1)[0][0], event_id, titles[event_id], count))
    return found[:8]


_normal_days = Kept(most=16)


def _volume(connection: Connection, at: datetime) -> Volume:
    """By Shanghai's hour: today, and the mean of the seven days before (which stays the same until midnight)."""
    midnight = shanghai(at).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=NORMAL_DAYS)
    key = (str(connection.engine.url), midnight, shanghai(at).hour)
    before = _normal_days.get(key, lambda: _by_hour(connection, since, midnight))
    days = max(1, len({shanghai(hour).date() for hour in before}))
    today: Counter[int] = Counter()
    normal: Counter[int] = Counter()
    negative, normal_negative = 0, 0
    last = shanghai(at).hour
    for moment, (count, unhappy) in _by_hour(connection, midnight, at + timedelta(microseconds=1)).items():
        today[shanghai(moment).hour] += count
        negative += unhappy
    for moment, (count, unhappy) in before.items():
        normal[shanghai(moment).hour] += count
        normal_negative += unhappy if shanghai(moment).hour <= last else 0
    return Volume(
        hours=tuple((hour, today[hour], normal[hour] / days) for hour in range(24)),
        today=sum(today.values()),
        normal=sum(normal[hour] for hour in range(last + 1)) / days,
        negative=negative,
        normal_negative=normal_negative / days,
    )


def _by_hour(connection: Connection, since: datetime, until: datetime) -> dict[datetime, tuple[int, int]]:
    """Documents known in [since, until) by the hour: how many, how many of them negative."""
    bucket = hour_bucket(connection, documents.c.known_at)
    rows = connection.execute(
        select(
            bucket.label("hour"),
            func.count().label("documents"),
            func.sum(case((analyses.c.sentiment == Polarity.NEGATIVE.value, 1), else_=0)).label("negative"),
        )
        .outerjoin(analyses, analyses.c.document_id == documents.c.id)
        .where(documents.c.known_at >= since, documents.c.known_at < until)
        .group_by(bucket)
    )
    return {hour_of(row.hour): (row.documents, row.negative) for row in rows}
