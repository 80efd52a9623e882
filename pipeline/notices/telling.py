"""Telling people (告知): an alert or a change of a case becomes one notice per person and route, in the same transaction.

Roles are resolved to people at the moment of telling. What was raised more than an hour before the office's clock is
told in one digest, not in a flood. The texts are the masked ones; what a channel may carry is decided by `secrecy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection

from config.settings import Settings
from pipeline.alerts.alerting import AlertChange, digest, is_late
from pipeline.alerts.rules import LEVEL_NAMES
from pipeline.cases.audience import resolve
from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.people import Person, Role
from pipeline.clock import shanghai
from pipeline.document import Alert, EventState, Notice, Secrecy
from pipeline.notices.outbox import enqueue, notice_key

_ROLES = {"leader": Role.LEADER, "consulted": Role.CONSULTED, "secretary": Role.SECRETARY}


class Telling:
    """Writes notices for the flow. `now` is the office's clock; None when the documents' own time is the present."""

    def __init__(self, settings: Settings, desk: Desk, now: Callable[[], datetime] | None) -> None:
        self.base_url = settings.office.base_url.rstrip("/")
        self.desk = desk
        self.now = now
        self.late: list[tuple[Alert, tuple[str, ...]]] = []

    def on_alert(self, connection: Connection, change: AlertChange, state: EventState | None, at: datetime) -> None:
        """Tell those whom the alert is news to."""
        people = self._people(connection, change.newly, state, at)
        if self.now is not None and is_late(change.alert, self.now()):
            self.late.append((change.alert, tuple(person.id for person in people)))
            return
        alert = change.alert
        subject = f"【{LEVEL_NAMES[alert.level]}提示】{alert.title[:40]}"
        lines = [
            alert.reason,
            f"法定类别建议：{alert.legal_class}（由人认定）",
            f"{shanghai(at):%m月%d日 %H:%M}，{change.why}。",
            self._link(f"/events/{alert.event_id}" if alert.event_id else "/alerts"),
        ]
        thread = alert.event_id or alert.id
        self._enqueue(connection, people, f"{alert.id}/{change.what}", subject, lines, thread, at)

    def on_case(self, connection: Connection, change: CaseChange) -> None:
        """Tell those whom the case's desk names."""
        directory = self.desk.office(connection).directory
        people = [person for key in change.tell if (person := directory.find(key))]
        lines = [change.text, f"{shanghai(change.at):%m月%d日 %H:%M}"]
        if change.case_id:
            lines.append(self._link(f"/cases/{change.case_id}"))
        thread = change.event_id or change.case_id or change.id
        subject = f"【处置】{change.title[:48]}"
        self._enqueue(connection, people, change.id, subject, lines, thread, change.at, change.secrecy)

    def flush_late(self, connection: Connection) -> None:
        """One digest for each person who would have been told of alerts now long past."""
        if not self.late or self.now is None:
            return
        now = self.now()
        directory = self.desk.office(connection).directory
        for key in sorted({person for _, people in self.late for person in people}):
            person = directory.find(key)
            alerts = [alert for alert, people in self.late if key in people]
            if person is None:
                continue
            subject, text = digest(alerts, now)
            what = notice_key("digest", *sorted(alert.id for alert in alerts))
            self._enqueue(connection, [person], what, subject, [text, self._link("/")], "digest", now)
        self.late.clear()

    def _people(
        self, connection: Connection, audience: Iterable[str], state: EventState | None, at: datetime
    ) -> list[Person]:
        office, duty = self.desk.office(connection), now_on_duty(connection, at)
        found: list[Person] = []
        for name in audience:
            if name == "unit":
                found += [p for unit in (state.departments if state else ()) for p in office.directory.of_unit(unit)]
            elif name in _ROLES:
                found += office.directory.with_role(_ROLES[name])
            elif (person := office.directory.find(name)) is not None:
                found.append(person)
            else:
                found += resolve([name], None, office, duty)
        return list({person.id: person for person in found if person.active}.values())

    def _enqueue(
        self,
        connection: Connection,
        people: Iterable[Person],
        what: str,
        subject: str,
        lines: list[str],
        thread: str,
        at: datetime,
        secrecy: Secrecy = Secrecy.INTERNAL,
    ) -> None:
        notices = [
            Notice(
                key=notice_key(what, person.id, "mail"),
                at=at,
                channel="mail",
                recipient=f"{person.name} <{person.mail}>",
                subject=subject,
                text="\n\n".join(lines),
                secrecy=secrecy,
                thread=thread,
            )
            for person in people
            if person.mail
        ]
        enqueue(connection, notices)

    def _link(self, path: str) -> str:
        return f"查看：{self.base_url}{path}"
