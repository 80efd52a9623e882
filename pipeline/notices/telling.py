"""Telling people (告知): an alert or a change of a case becomes notices in the outbox, in the same transaction.

Who, how and when is `alerts.routing`'s (pure) and the desk's; this is the edge that knows the directory, the roster and
the store. What a catch-up raises is noted, and told in one digest when the catch-up is done, instead of a flood.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from config.settings import Settings
from pipeline.alerts.alerting import AlertChange
from pipeline.alerts.routing import About, Delivery, Routing, delivery_key, letters, route
from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.clock import shanghai
from pipeline.document import EventState, Notice, Secrecy
from pipeline.notices.outbox import enqueue, notice_key
from pipeline.store.alerts import alert_of
from pipeline.store.documents import insert_ignoring
from pipeline.store.schema.events import alerts
from pipeline.store.schema.notices import late_alerts


class Telling:
    """Writes notices for the flow. `now` is the office's clock; None when the documents' own time is the present."""

    def __init__(self, settings: Settings, desk: Desk, now: Callable[[], datetime] | None) -> None:
        self.base_url = settings.office.base_url.rstrip("/")
        self.routing = Routing.load(settings.file("routing.toml"))
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
        directory = self.desk.office(connection).directory
        lines = [change.text, f"{shanghai(change.at):%m月%d日 %H:%M}"]
        if change.case_id:
            lines.append(f"查看：{self.base_url}/cases/{change.case_id}")
        people = [person for key in change.tell if (person := directory.find(key)) and person.mail]
        notices = [
            Notice(
                key=notice_key(change.id, person.id, "mail"),
                at=change.at,
                channel="mail",
                recipient=f"{person.name} <{person.mail}>",
                subject=f"【处置】{change.title[:48]}",
                text="\n\n".join(lines),
                secrecy=change.secrecy,
                thread=change.event_id or change.case_id or change.id,
            )
            for person in people
        ]
        enqueue(connection, notices)

    def _write(self, connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> None:
        if not deliveries:
            return
        directory = self.desk.office(connection).directory
        events = {delivery.alert.id: delivery.alert.event_id for delivery in deliveries}
        for letter in letters(deliveries, self.routing, now):
            person = directory.find(letter.person_id)
            if person is None or (letter.channel == "mail" and not person.mail):
                continue
            path = f"/alerts/{letter.alerts[0]}" if len(letter.alerts) == 1 else "/"
            notice = Notice(
                key=letter.key,
                at=now,
                channel=letter.channel,
                recipient=f"{person.name} <{person.mail}>" if letter.channel == "mail" else person.id,
                subject=letter.subject,
                text=f"{letter.text}\n\n查看：{self.base_url}{path}",
                secrecy=Secrecy.INTERNAL,
                thread=events[letter.alerts[0]] or letter.alerts[0],
            )
            enqueue(connection, [notice], not_before=letter.due_at)
