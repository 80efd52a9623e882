"""Alerting (预警): one alert per event and level; growth updates it (a catch-up's digest is `routing.letters`).

In memory, restored from the stored alerts. For each event it knows the gravest level raised, who was told and how big
the event was then. A rule of a graver level raises a new alert; one of the same or a milder level updates the alert in
force: new reason when the event has doubled or moved on, new audience when somebody has not been told yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.alerts.rules import LEVEL_NAMES, RuleBook
from pipeline.document import Alert, EventState, Judged, Stage
from pipeline.store.alerts import StoredAlert

RAISED = "raised"
UPDATED = "updated"
EVIDENCE = 9  # documents named beside the first


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert was raised, or the one in force grew. `newly` = whom to tell now (empty: nobody anew)."""

    what: str  # raised | updated
    alert: Alert
    newly: tuple[str, ...]
    why: str


@dataclass(slots=True)
class _InForce:
    alert: Alert
    documents: int
    stage: Stage | None
    order: int  # which of all alerts was raised first


class Alerting:
    """What has been raised, and what the rules call for next."""

    def __init__(self, book: RuleBook) -> None:
        self.book = book
        self._in_force: dict[str, _InForce] = {}  # by event
        self._raised: set[str] = set()  # ids without an event (sources, signs, cases, statements)
        self._told: dict[tuple[str, str], datetime] = {}  # rule and subject of those → when last
        self._order = 0

    def consider(self, state: EventState, judged: Judged | None, at: datetime) -> list[AlertChange]:
        """Test the event; what is to be raised or updated (none, or one)."""
        fired = self.book.test(state, judged, at)
        if not fired:
            return []
        gravest = fired[0]
        known = self._in_force.get(state.event_id)
        if known is None or gravest.level < known.alert.level:
            alert = _with_others(gravest, fired[1:])
            self._in_force[state.event_id] = _InForce(alert, state.documents, state.stage, self._next())
            why = "首次预警" if known is None else f"由{LEVEL_NAMES[known.alert.level]}升为{LEVEL_NAMES[gravest.level]}"
            return [AlertChange(RAISED, alert, alert.audience, why)]
        return self._grow(known, fired, state, at)

    def _grow(self, known: _InForce, fired: Sequence[Alert], state: EventState, at: datetime) -> list[AlertChange]:
        wanted = dict.fromkeys(person for alert in fired for person in alert.audience)
        newly = tuple(person for person in wanted if person not in known.alert.audience)
        moved = state.stage is not known.stage and state.stage in (Stage.GATHERING, Stage.HOT)
        doubled = state.documents >= 2 * known.documents
        if not (newly or moved or doubled):
            return []
        audience = known.alert.audience + newly
        alert = replace(
            known.alert,
            at=at,
            reason=_grown_reason(known.alert, fired),
            audience=audience,
            title=state.title,
            legal_class=fired[0].legal_class,
            evidence=_grown_evidence(known.alert, fired[0]),
        )
        why = (
            f"文档由 {known.documents} 增至 {state.documents}"
            if state.documents > known.documents
            else "又符合一条规则"
        )
        known.alert, known.documents, known.stage = alert, state.documents, state.stage
        return [AlertChange(UPDATED, alert, newly, why)]

    def consider_other(self, fired: Iterable[Alert], again_after: timedelta = timedelta(0)) -> list[AlertChange]:
        """Alerts about a source, a case, an early sign or nothing: each id once, and one subject not again so soon."""
        new = []
        for alert in fired:
            last = self._told.get((alert.rule, alert.title))
            if alert.id in self._raised or (last is not None and alert.at - last < again_after):
                continue
            self._raised.add(alert.id)
            self._told[(alert.rule, alert.title)] = alert.at
            new.append(AlertChange(RAISED, alert, alert.audience, "首次预警"))
        return new

    def merge(self, kept: str, merged: str) -> None:
        """The kept event answers for both: the graver alert stays in force, of two equals the elder."""
        other = self._in_force.pop(merged, None)
        mine = self._in_force.get(kept)
        if other and (mine is None or (other.alert.level, other.order) < (mine.alert.level, mine.order)):
            other.alert = replace(other.alert, event_id=kept)
            self._in_force[kept] = other

    def restore(self, stored: Iterable[StoredAlert]) -> None:
        """From the stored alerts in order of time, each with how big its event was when it last grew."""
        for known in stored:
            event_id = known.alert.event_id
            if not event_id:
                self._raised.add(known.alert.id)
                self._told[(known.alert.rule, known.alert.title)] = known.alert.at
                continue
            mine = self._in_force.get(event_id)
            if mine is None or known.alert.level < mine.alert.level:
                self._in_force[event_id] = _InForce(known.alert, known.documents, known.stage, self._next())

    def _next(self) -> int:
        self._order += 1
        return self._order


def _grown_evidence(alert: Alert, newest: Alert) -> tuple[str, ...]:
    """The first document, and the latest of those that made the alert grow."""
    known = dict.fromkeys((*alert.evidence, *newest.evidence))
    return (alert.evidence[0], *[name for name in known if name != alert.evidence[0]][-EVIDENCE:])


def _grown_reason(alert: Alert, fired: Sequence[Alert]) -> str:
    """The rule's reason with today's numbers; what milder rules add, said as such."""
    same = next((one for one in fired if one.rule == alert.rule), None)
    rules = "、".join(dict.fromkeys(one.rule for one in fired if one.rule != alert.rule))
    reason = same.reason if same else alert.reason.split("另符合规则：")[0]
    return f"{reason}另符合规则：{rules}。" if rules else reason


def _with_others(gravest: Alert, others: Sequence[Alert]) -> Alert:
    if not others:
        return gravest
    audience = tuple(dict.fromkeys(person for alert in (gravest, *others) for person in alert.audience))
    also = "、".join(dict.fromkeys(alert.rule for alert in others))
    return replace(gravest, audience=audience, reason=f"{gravest.reason}另符合规则：{also}。")
