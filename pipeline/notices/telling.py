"""Telling people (告知): an alert or a change of a case becomes notices in the outbox, in the same transaction.

Who, how and when is `alerts.routing`'s (pure) and the desk's; this is the edge that knows the directory, the roster and
the store. What a catch-up raises is noted, and told in one digest when the catch-up is done, instead of a flood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, select

from config.settings import Settings
from pipeline.alerts.alerting import AlertChange
from pipeline.alerts.routing import About, Delivery, Letter, Routing, delivery_key, letters, route
from pipeline.cases.clocks import has_clock
from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.office import Asking, Office
from pipeline.cases.people import Person
from pipeline.cases.permissions import allowed
from pipeline.cases.state import CaseState, Phase
from pipeline.clock import shanghai
from pipeline.document import EventState, Notice, Secrecy
from pipeline.notices.links import Links
from pipeline.notices.outbox import enqueue, notice_key
from pipeline.notices.webhooks import KINDS
from pipeline.store import cases
from pipeline.store.alerts import alert_of, latest_of_event
from pipeline.store.documents import insert_ignoring
from pipeline.store.schema.events import alerts
from pipeline.store.schema.notices import late_alerts
from pipeline.trace_ids import trace_of_alert

log = structlog.get_logger()
ACKNOWLEDGEABLE = frozenset({"opened", "alert_joined", "escalated"})


class Telling:
    """Writes notices for the flow. `now` is the office's clock; None when the documents' own time is the present."""

    def __init__(self, settings: Settings, desk: Desk, now: Callable[[], datetime] | None) -> None:
        self.base_url = settings.office.base_url.rstrip("/")
        self.routing = Routing.load(settings.file("routing.toml"))
        self.hooks = {
            name: [hook.name for hook in settings.webhooks if hook.kind == kind] for name, kind in KINDS.items()
        }
        self.links = Links(settings.data_dir)
        self.desk = desk
        self.now = now
        self._deliveries: list[Delivery] = []

    def on_alert(
        self,
        connection: Connection,
        change: AlertChange,
        state: EventState | None,
        accused: Sequence[str],
        at: datetime,
        about: About | None = None,
    ) -> None:
        """Route an alert to those it is news to; it is written by `flush`. `about`: of one that has no event."""
        if not change.newly:
            return
        about = about or About(accused=tuple(accused))
        if state is not None:
            topics = (state.topic, f"{state.topic}/{state.topic_sub}") if state.topic_sub else (state.topic,)
            about = About(topics, state.places, state.departments, tuple(accused))
        staff = self.desk.office(connection).directory.all()
        duty = now_on_duty(connection, at).officers
        news = replace(change.alert, audience=change.newly)
        self._deliveries += route(news, about, staff, self.routing, at, duty)

    def flush(self, connection: Connection, at: datetime) -> None:
        """Write what was routed since the last flush; what lies long past is noted for the digest."""
        now = self.now() if self.now else at
        late = timedelta(minutes=self.routing.digest.late_minutes)
        past = [d for d in self._deliveries if now - d.alert.at > late]
        fresh = [d for d in self._deliveries if now - d.alert.at <= late]
        self._deliveries.clear()
        for delivery in past:
            row = {"alert_id": delivery.alert.id, "person_id": delivery.person_id, "channel": delivery.channel}
            connection.execute(insert_ignoring(connection, late_alerts).values(**row, why=delivery.why))
        self._write(connection, fresh, now)

    def tell_late(self, connection: Connection, now: datetime) -> None:
        """The catch-up is done: one digest to each person who would have been told."""
        rows = connection.execute(
            select(alerts, late_alerts.c.person_id, late_alerts.c.channel, late_alerts.c.why)
            .join(late_alerts, late_alerts.c.alert_id == alerts.c.id)
            .order_by(alerts.c.at, alerts.c.id, late_alerts.c.person_id, late_alerts.c.channel)
        ).all()
        if not rows:
            return
        deliveries = [
            Delivery(delivery_key(r.id, r.person_id, r.channel), r.person_id, r.channel, alert_of(r), now, r.why)
            for r in rows
        ]
        self._write(connection, deliveries, now)
        connection.execute(delete(late_alerts))

    def on_case(self, connection: Connection, change: CaseChange) -> None:
        """Tell those whom the case's desk names, by mail."""
        office = self.desk.office(connection)
        lines = [change.text, f"{shanghai(change.at):%m月%d日 %H:%M}"]
        if change.case_id:
            lines.append(f"查看：{self.base_url}/cases/{change.case_id}")
        people = [person for key in change.tell if (person := office.directory.find(key)) and person.mail]
        case = cases.load(connection, change.case_id) if people and change.kind in ACKNOWLEDGEABLE else None
        cause = latest_of_event(connection, change.event_id) if people and change.event_id else None
        trace = trace_of_alert(cause) if cause else ""
        notices = [
            Notice(
                key=notice_key(change.id, person.id, "mail"),
                at=change.at,
                channel="mail",
                recipient=f"{person.name} <{person.mail}>",
                subject=f"【处置】{change.title[:48]}",
                text="\n\n".join([*lines, *self._acknowledging(case, person, office, change.at)]),
                secrecy=change.secrecy,
                thread=change.event_id or change.case_id or change.id,
                trace=trace,
            )
            for person in people
        ]
        enqueue(connection, notices)

    def _write(self, connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> None:
        if not deliveries:
            return
        office = self.desk.office(connection)
        told = {delivery.alert.id: delivery.alert for delivery in deliveries}
        for letter in letters(deliveries, self.routing, now):
            person = office.directory.find(letter.person_id)
            if person is None:
                continue
            alert = told[letter.alerts[0]]
            event_id = alert.event_id
            path = f"/alerts/{letter.alerts[0]}" if len(letter.alerts) == 1 else "/"
            case_id = cases.open_of_event(connection, event_id) if event_id and len(letter.alerts) == 1 else None
            case = cases.load(connection, case_id) if case_id else None
            lines = [letter.text, f"查看：{self.base_url}{path}"]
            for channel, recipient, key in self._ways(letter, person):
                signing = self._acknowledging(case, person, office, now) if channel == "mail" else []
                notice = Notice(
                    key=key,
                    at=now,
                    channel=channel,
                    recipient=recipient,
                    subject=letter.subject,
                    text="\n\n".join(lines + signing),
                    secrecy=Secrecy.INTERNAL,
                    thread=event_id or letter.alerts[0],
                    trace=trace_of_alert(alert),
                )
                enqueue(connection, [notice], not_before=letter.due_at)

    def _ways(self, letter: Letter, person: Person) -> list[tuple[str, str, str]]:
        """(channel, recipient, key). A group is told once, whoever wished it; without a receiver it becomes a mail."""
        alerts_ = "\n".join(letter.alerts)
        hooks = self.hooks.get(letter.channel, [])
        if hooks:
            return [(letter.channel, name, delivery_key(alerts_, name, letter.channel)) for name in hooks]
        if not person.mail:
            log.warning("notice.no_way", person=person.id, channel=letter.channel, alerts=letter.alerts)
            return []
        return [("mail", f"{person.name} <{person.mail}>", delivery_key(alerts_, person.id, "mail"))]

    def _acknowledging(self, case: CaseState | None, person: Person, office: Office, at: datetime) -> list[str]:
        """The line with the one-time link, for a person who may sign for a case that nobody has signed for."""
        if case is None or case.phase is not Phase.OPENED or not has_clock(case):
            return []
        if not allowed("acknowledged", Asking(person, at, office)):
            return []
        return [f"签收（仅限本人，一次有效）：{self.base_url}/ack/{self.links.make(case.id, person.id, at)}"]
