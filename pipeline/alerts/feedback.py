"""Feedback (反馈): “useful”, “false alarm” and “should have been told”; precision and recall of each rule from them.

Only what people said is counted: an alert without a word is neither right nor wrong, and the figures say how many were judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from pipeline.errors import HuiyingError
from pipeline.store.schema.events import alerts
from pipeline.store.schema.feedback import alert_feedback


class FeedbackRefused(HuiyingError):
    """The word cannot be taken: the message says why."""


class Verdict(StrEnum):
    """What a person says of an alert, or of its absence."""

    USEFUL = "useful"
    FALSE_ALARM = "false_alarm"
    SHOULD_HAVE_BEEN_TOLD = "should_have_been_told"


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """One rule's record: of its judged alerts how many were useful, of what should have been told how much it told."""

    rule: str
    raised: int
    useful: int
    false_alarms: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Useful among judged; None when nobody judged."""
        judged = self.useful + self.false_alarms
        return self.useful / judged if judged else None

    @property
    def recall(self) -> float | None:
        """Told among what people called useful or missed; None when there is neither."""
        wanted = self.useful + self.missed
        return self.useful / wanted if wanted else None

    @property
    def words(self) -> str:
        """The record in one line, with its numbers."""
        judged = self.useful + self.false_alarms
        precision = f"准 {self.precision:.0%}" if self.precision is not None else "尚无人评价"
        recall = f"，应告知的告知了 {self.recall:.0%}" if self.recall is not None else ""
        return f"预警 {self.raised} 次，评价 {judged} 次：有用 {self.useful}、误报 {self.false_alarms}、漏报 {self.missed}；{precision}{recall}"


def say(connection: Connection, alert_id: str, verdict: Verdict, by: str, at: datetime, note: str = "") -> None:
    """A person's word on an alert. FeedbackRefused for an unknown alert or a verdict that does not fit one."""
    if verdict is Verdict.SHOULD_HAVE_BEEN_TOLD:
        raise FeedbackRefused("“应告知而未告知”是对事件说的，请在事件页上标记")
    row = connection.execute(select(alerts.c.rule, alerts.c.event_id).where(alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise FeedbackRefused(f"没有编号为 {alert_id} 的预警；请从预警列表里选")
    _keep(connection, at=at, by=by, alert_id=alert_id, event_id=row.event_id, rule=row.rule, verdict=verdict, note=note)
    connection.execute(update(alerts).where(alerts.c.id == alert_id).values(feedback=verdict.value))


def say_missed(connection: Connection, event_id: str, by: str, at: datetime, rule: str = "", note: str = "") -> None:
    """A person should have been told of this event and was not; `rule` = the one that ought to have fired, if known."""
    verdict = Verdict.SHOULD_HAVE_BEEN_TOLD
    _keep(connection, at=at, by=by, alert_id="", event_id=event_id, rule=rule, verdict=verdict, note=note)


def _keep(connection: Connection, **values: object) -> None:
    connection.execute(insert(alert_feedback).values(values))


def records(connection: Connection, at: datetime, days: int = 30) -> list[RuleRecord]:
    """Each rule's record over the last `days`, by name; misses without a rule stand under ''."""
    since = at - timedelta(days=days)
    raised = Counter(
        row.rule for row in connection.execute(select(alerts.c.rule).where(alerts.c.at >= since, alerts.c.at <= at))
    )
    said = connection.execute(
        select(alert_feedback)
        .where(alert_feedback.c.at >= since, alert_feedback.c.at <= at)
        .order_by(alert_feedback.c.number)
    )
    verdicts = _latest((row.rule, row.alert_id or row.event_id, row.by, row.verdict) for row in said)
    names = sorted(raised.keys() | verdicts.keys())
    return [
        RuleRecord(
            name,
            raised[name],
            verdicts[name][Verdict.USEFUL],
            verdicts[name][Verdict.FALSE_ALARM],
            verdicts[name][Verdict.SHOULD_HAVE_BEEN_TOLD],
        )
        for name in names
    ]


def _latest(said: Iterable[tuple[str, str, str, str]]) -> dict[str, Counter[str]]:
    """Verdicts by rule; of one person on one subject only the latest, of one subject each verdict once."""
    last = {(rule, subject, by): verdict for rule, subject, by, verdict in said}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for rule, _, verdict in sorted({(rule, subject, verdict) for (rule, subject, _), verdict in last.items()}):
        counted[rule][verdict] += 1
    return counted
