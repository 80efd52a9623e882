"""Backtest (回看): what a rule file would have done over the stored past, beside another one.

The past is walked again in its own order: documents, counters and the ten-minute grid through a StageBook of its own, each
event state through both rule books. Nothing of the store is touched. Events are as they stand today (a later merge or split is
already in them), and the report says so. Rules on sources, cases and days without an alert are not walked: they need no tuning on
the past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter

from sqlalchemy import Connection, select

from pipeline.alerts.alerting import RAISED, Alerting
from pipeline.alerts.early_signs import EarlySigns
from pipeline.alerts.rules import LEVEL_NAMES, RuleBook
from pipeline.cases.vocabulary import Origin
from pipeline.clock import shanghai
from pipeline.document import Alert, Observation, Stage
from pipeline.events.stage_settings import StageSettings
from pipeline.events.stages import StageBook
from pipeline.store import events
from pipeline.store.events import Member
from pipeline.store.schema.cases import cases

GRID = timedelta(minutes=10)
NOT_WALKED = "信源中断、处置单临期、无预警说明三类规则不回看，下面的条数里没有它们"


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert that would have fired: when, how long after the event's first document, how long before 热议."""

    alert: Alert
    first_seen: datetime | None
    hot_at: datetime | None

    @property
    def key(self) -> tuple[str, int]:
        """What two rule files are compared by: the event (or subject) and the level."""
        return self.alert.event_id or self.alert.title, self.alert.level

    @property
    def after_first(self) -> timedelta | None:
        """How long after the first document."""
        return self.alert.at - self.first_seen if self.first_seen else None

    @property
    def before_hot(self) -> timedelta | None:
        """How long before the event became 热议; negative when after."""
        return self.hot_at - self.alert.at if self.hot_at else None


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case that a person opened: the measure of what alerts ought to find."""

    number: str
    title: str
    event_id: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule file would have done."""

    name: str
    fired: tuple[Fired, ...]
    missed: tuple[OpenedCase, ...]
    caught: tuple[tuple[OpenedCase, timedelta], ...]  # with how much earlier than the person

    def per_day(self, days: float) -> dict[str, float]:
        """Alerts a day for each audience."""
        told = Counter(role for fired in self.fired for role in fired.alert.audience)
        return {role: number / max(1.0, days) for role, number in sorted(told.items())}

    def by_rule(self) -> dict[str, int]:
        """Alerts by rule."""
        return dict(sorted(Counter(fired.alert.rule for fired in self.fired).items()))


@dataclass(frozen=True, slots=True)
class Report:
    """A backtest: the new rules, the old ones beside them, over a span."""

    since: datetime
    until: datetime
    documents: int
    new: Outcome
    old: Outcome | None

    @property
    def days(self) -> float:
        """The span in days."""
        return (self.until - self.since).total_seconds() / 86_400

    def only(self, one: Outcome, other: Outcome) -> list[Fired]:
        """Alerts of `one` for which `other` has none of the same event and level."""
        known = {fired.key for fired in other.fired}
        return [fired for fired in one.fired if fired.key not in known]


@dataclass(slots=True)
class _Run:
    """One rule book on its way through the past."""

    name: str
    alerting: Alerting
    fired: list[tuple[Alert, str]] = field(default_factory=list)


def backtest(
    connection: Connection,
    books: Sequence[tuple[str, RuleBook]],
    since: datetime,
    until: datetime,
    settings: StageSettings | None = None,
) -> Report:
    """Walk the stored past through one or two rule books: the new one first, then the one it is held against."""
    stages = StageBook(settings)
    runs = [_Run(name, Alerting(book)) for name, book in books]
    start = since - max(stages.remembers, EarlySigns().remembers)
    members = list(events.members(connection, start, until))
    seen = [row for row in events.observations_of_live(connection, start, until) if row[1].at < until]
    walk = _Walk(stages, runs, since)
    walk.through(members, seen, until)
    opened = list(_opened(connection, since, until))
    outcomes = [_outcome(run, walk, opened) for run in runs]
    number = sum(since <= member.at < until for member in members)
    return Report(since, until, number, outcomes[0], outcomes[1] if len(outcomes) > 1 else None)


class _Walk:
    """The past, walked once for all rule books."""

    def __init__(self, stages: StageBook, runs: Sequence[_Run], since: datetime) -> None:
        self.stages = stages
        self.signs = EarlySigns()
        self.runs = runs
        self.since = since
        self.first_seen: dict[str, datetime] = {}
        self.hot_at: dict[str, datetime] = {}

    def through(self, members: Iterable[Member], seen: Iterable[tuple[str, Observation]], until: datetime) -> None:
        """Documents, counters and ticks in the order of time."""
        rows: list[tuple[datetime, int, str, Member | Observation]] = [(m.at, 0, m.event_id, m) for m in members]
        rows += [(observation.at, 1, event_id, observation) for event_id, observation in seen]
        rows.sort(key=itemgetter(0, 1))
        if not rows:
            return
        tick = _grid(rows[0][0])
        for at, _, event_id, row in rows:
            while tick + GRID <= at:
                tick += GRID
                self._tick(tick)
            self._step(event_id, row, at)
        while tick + GRID <= until:
            tick += GRID
            self._tick(tick)

    def _step(self, event_id: str, row: Member | Observation, at: datetime) -> None:
        if isinstance(row, Observation):
            changes = self.stages.count(event_id, row)
            judged = None
        else:
            self.first_seen.setdefault(event_id, at)
            self.signs.add(row.judged, at)
            changes = self.stages.observe(event_id, row.judged, row.copy, at)
            judged = row.judged
        self._note([change.after for change in changes], event_id, at)
        if at < self.since or event_id not in self.stages:
            return
        state = self.stages.state(event_id, at)
        for run in self.runs:
            for change in run.alerting.consider(state, judged, at):
                if change.what == RAISED:
                    run.fired.append((change.alert, event_id))

    def _tick(self, at: datetime) -> None:
        for change in self.stages.tick(at):
            self._note([change.after], change.event_id, at)
        signs = self.signs.tick(at)
        if at < self.since:
            return
        for run in self.runs:
            for sign in signs:
                raised = run.alerting.consider_other(run.alerting.book.test_sign(sign), again_after=self.signs.window)
                run.fired += [(new.alert, "") for new in raised]

    def _note(self, stages: Iterable[Stage], event_id: str, at: datetime) -> None:
        if Stage.HOT in stages:
            self.hot_at.setdefault(event_id, at)


def _grid(at: datetime) -> datetime:
    return at - (at - datetime.fromtimestamp(0, at.tzinfo)) % GRID


def _outcome(run: _Run, walk: _Walk, opened: Sequence[OpenedCase]) -> Outcome:
    fired = tuple(
        Fired(alert, walk.first_seen.get(event_id), walk.hot_at.get(event_id)) for alert, event_id in run.fired
    )
    first: dict[str, datetime] = {}
    for one in fired:
        first.setdefault(one.alert.event_id, one.alert.at)
    missed = tuple(case for case in opened if case.event_id not in first)
    caught = tuple((case, case.opened_at - first[case.event_id]) for case in opened if case.event_id in first)
    return Outcome(run.name, fired, missed, caught)


def _opened(connection: Connection, since: datetime, until: datetime) -> Iterator[OpenedCase]:
    query = (
        select(cases)
        .where(
            cases.c.opened_at >= since,
            cases.c.opened_at < until,
            cases.c.event_id != "",
            cases.c.origin == Origin.MANUAL.value,
        )
        .order_by(cases.c.opened_at, cases.c.id)
    )
    for row in connection.execute(query):
        yield OpenedCase(row.number, row.title, events.resolve(connection, row.event_id), row.opened_at)


def lines(report: Report) -> list[str]:
    """The report in words, as the terminal and the rules page show it."""
    span = f"{shanghai(report.since):%Y-%m-%d %H:%M} 至 {shanghai(report.until):%Y-%m-%d %H:%M}"
    shown = [f"回看 {span}：{report.documents} 篇文档（事件按现在的归并计）", NOT_WALKED]
    for outcome in [report.new, *([report.old] if report.old else [])]:
        shown += _outcome_lines(outcome, report.days)
    if report.old:
        shown += _difference("新规则多出", report.only(report.new, report.old))
        shown += _difference("新规则不再有", report.only(report.old, report.new))
    return shown


def _outcome_lines(outcome: Outcome, days: float) -> list[str]:
    shown = [f"◆ {outcome.name}：预警 {len(outcome.fired)} 条"]
    shown += [f"  规则 {rule}：{number} 条" for rule, number in outcome.by_rule().items()]
    shown += [f"  每天告知 {role} {number:.1f} 条" for role, number in outcome.per_day(days).items()]
    early = sorted(fired.before_hot for fired in outcome.fired if fired.before_hot is not None)
    if early:
        shown.append(f"  后来热议的事件：首次进入热议前中位数 {_hours(early[len(early) // 2])} 预警")
    shown += [f"  {fired_line(fired)}" for fired in outcome.fired]
    shown += [f"  人工建单 {case.number} {case.title}：早 {_hours(ahead)}" for case, ahead in outcome.caught]
    shown += [f"  漏掉人工建单 {case.number} {case.title}" for case in outcome.missed]
    return shown


def _difference(name: str, fired: Sequence[Fired]) -> list[str]:
    return [f"◆ {name} {len(fired)} 条", *(f"  {fired_line(one)}" for one in fired)]


def fired_line(fired: Fired) -> str:
    """One alert in one line: when, level, rule, title, how early."""
    alert = fired.alert
    after = f"，首条后 {_hours(fired.after_first)}" if fired.after_first is not None else ""
    return f"{shanghai(alert.at):%m-%d %H:%M} {LEVEL_NAMES[alert.level]} {alert.rule} {alert.title}{after}"


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours * 60:.0f} 分钟" if abs(hours) < 1 else f"{hours:.1f} 小时"
