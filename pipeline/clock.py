"""The one clock (时钟): everything that asks for the time asks this, so that days can be lived in minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the time. Two implementations: the wall's, and one that is stepped by hand."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppedClock:
    """A clock that stands still until it is advanced: for the demo city, replays and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Move forward to `moment`; ValueError when that would be backwards."""
        if moment < self._now:
            raise ValueError(f"clock is at {self._now.isoformat()}, cannot go back to {moment.isoformat()}")
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self.advance_to(self._now + by)


def parse_time(text: str) -> datetime:
    """ISO 8601 → aware UTC; without an offset it is Asia/Shanghai. ValueError when it is no time."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def shanghai(moment: datetime) -> datetime:
    """The same moment as the office's wall clock shows it."""
    return moment.astimezone(SHANGHAI)


def iso(moment: datetime) -> str:
    """How every export writes a time: ISO 8601 with +08:00."""
    return shanghai(moment).isoformat()
