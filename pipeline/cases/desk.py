"""The desk (处置台): where cases meet the store. Opens, acts, ticks; every change says who must be told.

Settings: mechanism.toml, people.toml, roster.toml through `Settings.file`.
Everything happens in the caller's transaction; ids are hashes, so doing it again after a crash gives the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from pipeline.cases import duty_desk
from pipeline.cases.actions import Action, EffectMeasured, FedBack, Folded
from pipeline.cases.assignment import protect
from pipeline.cases.audience import resolve, to_tell
from pipeline.cases.effect import measure, similar_changes
from pipeline.cases.escalation import due, next_moment, unmeasured
from pipeline.cases.facts import AnyFact
from pipeline.cases.happenings import AlertJoined, EventMerged, Opened
from pipeline.cases.mechanism import Mechanism, load_mechanism
from pipeline.cases.office import Asking, Office
from pipeline.cases.people import SYSTEM, Directory, Person, load_people
from pipeline.cases.permissions import ACTION_NAMES, View, action_name, allowed, view
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import OnDuty, Pattern, gaps, load_pattern
from pipeline.cases.secrecy import refuse_state_secrets
from pipeline.cases.state import CaseState
from pipeline.cases.steps import decide
from pipeline.cases.vocabulary import Origin
from pipeline.cases.wording import tell
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Alert, EventState, Secrecy
from pipeline.store import cases, duty, effects
from pipeline.store.case_changes import known_change, save_changes
from pipeline.store.events import Change

IN_JOURNAL = frozenset({
    "opened", "alert_joined", "event_merged", "acknowledged", "start_set", "class_set", "grade_set", "raised", "lowered",
    "decided", "drafted", "step_approved", "responded", "response_planned", "reach_counted", "effect_measured", "warned",
    "deadline_missed", "escalated", "assignment_overdue", "review_due", "interpretation_missing", "planned_due",
    "roster_gap", "reminded", "assignment_closed",
})  # fmt: skip


class Files(Protocol):
    """What the desk needs of the settings: where a configuration file is."""

    def file(self, name: str) -> Path: ...


@dataclass(frozen=True, slots=True)
class CaseChange:
    """Something changed in a case, and who must be told. `id` is the same whenever it is worked out again."""

    id: str
    at: datetime
    case_id: str
    event_id: str
    kind: str
    title: str
    text: str
    tell: tuple[str, ...]
    level: int
    number: str = ""
    by: str = SYSTEM
    secrecy: Secrecy = Secrecy.INTERNAL

    def line(self) -> Change:
        """The line of the flow's journal. What people wrote inside the file stays in the file: there it can be purged."""
        detail = {"title": self.title, "number": self.number, "level": self.level, "change": self.id}
        reason = self.text if self.kind in IN_JOURNAL else f"{self.number}{action_name(self.kind)}"
        return Change(self.at, "case", self.kind, reason, self.event_id, self.case_id, self.by, detail)


class Desk:
    """Cases on the clock. Holds only configuration: everything else is in the store."""

    def __init__(self, mechanism: Mechanism, shipped: Directory, pattern: Pattern) -> None:
        self.mechanism = mechanism
        self.shipped = shipped
        self.pattern = pattern

    @classmethod
    def of(cls, settings: Files) -> Desk:
        """A desk as the settings' files configure it."""
        return cls(
            load_mechanism(settings.file("mechanism.toml")),
            load_people(settings.file("people.toml")),
            load_pattern(settings.file("roster.toml")),
        )

    def office(self, connection: Connection) -> Office:
        """Mechanism and people as they are now."""
        return Office(self.mechanism, duty.directory(connection, self.shipped))

    # ------------------------------------------------------------------ opening
    def opens(self, alert: Alert) -> bool:
        """Does this alert open a case by itself?"""
        rules = self.mechanism.opening
        if alert.rule in rules.never_rules:
            return False
        return alert.rule in rules.rules or alert.level in rules.levels

    def open_for_alert(
        self, connection: Connection, alert: Alert, state: EventState | None, at: datetime, accused: Sequence[str] = ()
    ) -> list[CaseChange]:
        """Open a case for an alert, or join it to the event's open case. `accused`: units that reports of wrongdoing name."""
        event_id = alert.event_id or (state.event_id if state else "")
        if not self.opens(alert) and not (event_id and cases.open_of_event(connection, event_id)):
            return []
        cases.lock_head(connection)
        running = cases.open_of_event(connection, event_id) if event_id else None
        if running:
            return self._join(connection, running, alert, at, accused)
        case_id = case_id_of(alert.id)
        if not self.opens(alert) or cases.exists(connection, case_id):
            return []
        self.fill_roster(connection, at)
        earlier = cases.of_event(connection, event_id) if event_id else []
        fact = Opened(
            origin=Origin.ALERT,
            number=self._number(connection, at),
            title=alert.title,
            reason=alert.reason,
            event_id=event_id,
            alert_id=alert.id,
            rule=alert.rule,
            level=alert.level,
            legal_class=self.mechanism.class_key(alert.legal_class),
            first_seen=self._first_seen(connection, event_id, state, at),
            detected=alert.at,
            suggested_units=tuple(u for u in (state.departments if state else ()) if u not in accused),
            accused=tuple(accused),
            evidence=alert.evidence,
            earlier_case=earlier[-1].id if earlier else "",
        )
        return self._write(connection, CaseState(), case_id, [fact], SYSTEM, at)

    def _first_seen(
        self, connection: Connection, event_id: str, state: EventState | None, at: datetime
    ) -> datetime | None:
        if state is None:
            return None
        since = state.opened_at - timedelta(days=self.mechanism.opening.first_seen_days)
        published = effects.first_published(connection, event_id, since)
        return min(moment for moment in (published, state.opened_at, at) if moment is not None)

    def _join(
        self, connection: Connection, case_id: str, alert: Alert, at: datetime, accused: Sequence[str]
    ) -> list[CaseChange]:
        case = cases.load(connection, case_id)
        if case is None or alert.id in case.alerts:
            return []
        joined = AlertJoined(
            alert_id=alert.id,
            rule=alert.rule,
            level=alert.level,
            reason=alert.reason,
            evidence=alert.evidence,
            accused=tuple(accused),
        )
        moved = protect(case, accused, self.office(connection), at)
        return self._write(connection, case, case_id, [*moved, joined], SYSTEM, at)

    def accuse(self, connection: Connection, event_id: str, unit: str, at: datetime) -> list[CaseChange]:
        """A report of wrongdoing that names `unit` joined the event: the unit loses the lead at once."""
        case_id = cases.open_of_event(connection, event_id)
        if case_id:
            cases.lock_head(connection)
        case = cases.load(connection, case_id) if case_id else None
        if case is None or case_id is None or unit in case.accused:
            return []
        fact = AlertJoined(
            alert_id="", rule="举报", level=case.level, reason="有群众举报涉及本件单位，已按规定回避", accused=(unit,)
        )
        moved = protect(case, [unit], self.office(connection), at)
        return self._write(connection, case, case_id, [*moved, fact], SYSTEM, at)

    def open_by_hand(
        self,
        connection: Connection,
        person: Person,
        at: datetime,
        *,
        title: str,
        reason: str,
        origin: Origin = Origin.MANUAL,
        level: int = 4,
        event_id: str = "",
        state: EventState | None = None,
        accused: Sequence[str] = (),
        policy: bool = False,
    ) -> list[CaseChange]:
        """A person opens a file: a case, a planned release, a 工作建议 letter or a 情况动态. `state`, `accused`: of the event."""
        office = self.office(connection)
        cases.lock_head(connection)
        kind = "open" if origin is not Origin.REPORT else "open_report"
        if not allowed(kind, Asking(office.directory.get(person.id), at, office)):
            raise Refused(f"{person.name}没有建单权限：请由值班员或新闻发言人建单。")
        if not title.strip() or not reason.strip():
            raise Refused("建单须写标题和事由。")
        refuse_state_secrets(self.mechanism.secrecy, title, reason)
        if event_id and origin is Origin.MANUAL and cases.open_of_event(connection, event_id):
            raise Refused("该事件已有在办的处置单：请在原件中办理。")
        fact = Opened(
            origin=origin,
            number=self._number(connection, at),
            title=title,
            reason=reason,
            event_id=event_id,
            level=level,
            first_seen=self._first_seen(connection, event_id, state, at),
            detected=at,
            suggested_units=tuple(u for u in (state.departments if state else ()) if u not in accused),
            accused=tuple(accused),
            policy=policy,
        )
        case_id = case_id_of(f"{fact.number}|{title}|{person.id}|{at.isoformat()}")
        return self._write(connection, CaseState(), case_id, [fact], person.id, at)

    def merge_events(self, connection: Connection, kept: str, merged: str, at: datetime) -> list[CaseChange]:
        """The event of a case became part of another: the case follows."""
        changes: list[CaseChange] = []
        for row in cases.of_event(connection, merged):
            case = cases.load(connection, row.id)
            if case is not None:
                fact = EventMerged(kept=kept, merged=merged)
                changes += self._write(connection, case, row.id, [fact], SYSTEM, at)
        return changes

    def _number(self, connection: Connection, at: datetime) -> str:
        year = shanghai(at).year
        start, end = (datetime(y, 1, 1, tzinfo=SHANGHAI) for y in (year, year + 1))
        number = cases.next_number(connection, start, end)
        return self.mechanism.office.case_number.format(year=year, number=number)

    # ------------------------------------------------------------------ acting
    def act(
        self, connection: Connection, case_id: str, action: Action, person: Person, at: datetime
    ) -> list[CaseChange]:
        """Do what a person asks, or raise Refused with the reason in one Chinese line."""
        cases.lock_head(connection)  # two people at once: the second decides on what the first has done
        case = cases.load(connection, case_id)
        if case is None:
            raise Refused("没有这件处置单，或其内容已到期销毁：请核对编号。")
        facts = decide(case, action, person, at, self.office(connection))
        if isinstance(action, Folded):
            self._require_same_event(connection, case, action)
        return self._write(connection, case, case_id, facts, person.id, at)

    def _require_same_event(self, connection: Connection, case: CaseState, action: Folded) -> None:
        key = cases.find(connection, action.into)
        other = cases.load(connection, key) if key else None
        if other is None or other.finished or other.event_id != case.event_id or not case.event_id:
            raise Refused("只能并入同一事件的另一件在办处置单：请核对编号，或先合并事件。")

    def see(
        self, connection: Connection, case_id: str, person: Person, at: datetime, reason: str = ""
    ) -> tuple[CaseState, View]:
        """A case for a person to look at; the look is audited. Refused when he may not."""
        case = cases.load(connection, case_id)
        seen = view(person, case) if case else View.NONE
        if case is None or seen is View.NONE:
            raise Refused("没有这件处置单，或您无权查看。")
        cases.audit(connection, at, person.id, "view", case_id, reason)
        return case, seen

    # ------------------------------------------------------------------ time
    def tick(self, connection: Connection, at: datetime) -> list[CaseChange]:
        """What time brought by `at`: warnings, missed deadlines, escalation, reminders, reviews, a gap in the roster."""
        changes = self._gaps(connection, at)
        for case_id in cases.due(connection, at):
            cases.lock_head(connection)
            case = cases.load(connection, case_id)
            if case is None:
                continue
            facts = [*due(case, self.mechanism, at), *self._effects(connection, case, at)]
            changes += self._write(connection, case, case_id, facts, SYSTEM, at)
        return changes

    def is_due(self, connection: Connection, at: datetime) -> bool:
        """Does time bring anything by `at`? The caller then first writes what it still holds back."""
        return bool(cases.due(connection, at))

    def _effects(self, connection: Connection, case: CaseState, at: datetime) -> list[EffectMeasured]:
        """The effect of each response whose window is full, beside similar events that nobody answered."""
        rules = self.mechanism.effect
        found = []
        for moment, response in unmeasured(case, self.mechanism):
            if moment > at or not case.event_id:
                continue
            voices = effects.voices(connection, case.event_id, rules.own_sources, moment)
            if not voices:
                found.append(measure(case, response, (), (), ("", ""), rules))
                continue
            age = response.moment - min(voice.at for voice in voices)
            others = effects.similar(connection, case.event_id, rules.own_sources, age, rules.hours, at)
            stages = tuple(effects.stage_at(connection, case.event_id, when) for when in (response.moment, moment))
            similar = similar_changes(others, age, rules.hours)
            found.append(measure(case, response, voices, similar, (stages[0], stages[1]), rules))
        return found

    def _gaps(self, connection: Connection, at: datetime) -> list[CaseChange]:
        """Gaps in the roster within the look-ahead, each told once."""
        duty_desk.fill(connection, self.pattern, at)
        ahead = at + timedelta(hours=self.mechanism.roster.look_ahead_hours)
        found = []
        for gap in gaps(duty.shifts(connection, at - timedelta(days=1), ahead), at, ahead):
            known = gap.known_from.isoformat() if gap.known_from else "never"
            change_id = _hash("gap", known)
            if known_change(connection, change_id):
                continue
            told = resolve(self.mechanism.roster.gap_tell, None, self.office(connection), OnDuty())
            ids = tuple(dict.fromkeys(person.id for person in told))
            found.append(CaseChange(change_id, at, "", "", "roster_gap", "值班表空缺", gap.text(), ids, level=2))
        save_changes(connection, found)
        return found

    def fill_roster(self, connection: Connection, at: datetime) -> int:
        """Extend the roster from the pattern when its end comes near."""
        return duty_desk.fill(connection, self.pattern, at)

    # ------------------------------------------------------------------ writing
    def _write(
        self,
        connection: Connection,
        case: CaseState,
        case_id: str,
        facts: Sequence[AnyFact],
        by: str,
        at: datetime,
    ) -> list[CaseChange]:
        if not facts:
            cases.project(connection, case, next_moment(case, self.mechanism, at))
            return []
        after, entries = cases.append(connection, case, case_id, facts, by, at)
        cases.project(connection, after, next_moment(after, self.mechanism, at))
        office, now = self.office(connection), duty_desk.now_on_duty(connection, at)
        changes = [
            CaseChange(
                id=_hash(case_id, str(entry.seq)),
                at=at,
                case_id=case_id,
                event_id=after.event_id,
                kind=entry.fact.kind,
                title=f"{after.number} {after.title}",
                text=tell(entry.fact, after, office),
                tell=to_tell(entry.fact, after, office, now),
                level=after.level,
                number=after.number,
                by=by,
                secrecy=_mark(entry.fact),
            )
            for entry in entries
        ]
        save_changes(connection, changes)
        return changes


def _mark(fact: AnyFact) -> Secrecy:
    """A change quotes a unit's report, so it bears the report's mark; a file's inner life is never public."""
    return fact.secrecy if isinstance(fact, FedBack) and fact.secrecy is Secrecy.WORK_SECRET else Secrecy.INTERNAL


def case_id_of(key: str) -> str:
    """The id of the case that this alert (or this opening by hand) makes."""
    return "c" + hashlib.sha256(key.encode()).hexdigest()[:16]


def _hash(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]


KIND_NAMES = ACTION_NAMES | {"roster_gap": "值班表空缺"}
