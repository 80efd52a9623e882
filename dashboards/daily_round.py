"""The round of the daily mail (每日邮件分送): at its hour, one to each person of the roles that get it, through the outbox."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dashboards import daily_mail
from dashboards.pages import Pages
from pipeline.cases.desk import Desk
from pipeline.cases.people import Person, Role
from pipeline.notices import outbox
from pipeline.services import Services

NO_LATER = timedelta(hours=6)  # a machine that wakes in the afternoon does not send the morning's mail


class DailyRound:
    """Writes the day's mails once. What is written is known from the outbox, so a restart writes nothing twice."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.desk = Desk.of(services.settings)
        self._done: date | None = None

    def write_due(self) -> int:
        """Put today's mails in the outbox when their hour has come; how many are new."""
        now = self.services.clock.now()
        day = daily_mail.day_of(now)
        if self._done == day or not self._is_time(now, day):
            return 0
        new = self.write(day) if self.services.settings.mail.host else 0
        self._done = day
        return new

    def write(self, day: date) -> int:
        """The mails of a day to those who have none of it yet."""
        settings = self.services.settings
        with self.services.store.read() as connection:
            people = self._readers(self.desk.office(connection).directory.all())
            keys = {daily_mail.key_of(day, person.id): person for person in people}
            missing = [keys[key] for key in keys.keys() - outbox.known(connection, list(keys))]
            if not missing:
                return 0
            mail = daily_mail.write(connection, settings, day)
        pages = Pages()
        notices = [daily_mail.addressed(mail, person, settings, pages) for person in missing]
        with self.services.store.write() as connection:
            return outbox.enqueue(connection, notices)

    def _is_time(self, now: datetime, day: date) -> bool:
        ready = daily_mail.cut_off(self.services.settings, day)
        return ready <= now < ready + NO_LATER

    def _readers(self, people: tuple[Person, ...]) -> list[Person]:
        roles = [Role(name) for name in self.services.settings.mail.daily_roles]
        return [person for person in people if person.active and person.mail and person.has(*roles)]
