"""Delivering what waits in the outbox (发送): by one process at a time, under a lease; at most the notice in flight goes twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import Connection

from pipeline.cases.mechanism import SecrecyRules
from pipeline.cases.secrecy import CHANNELS, carried_text, carries
from pipeline.cases.secrecy import Channel as ChannelKind
from pipeline.clock import Clock
from pipeline.document import Notice
from pipeline.notices import outbox
from pipeline.notices.failing import DeliveryFailed
from pipeline.store.engine import Store
from pipeline.trace_ids import traced

log = structlog.get_logger()
LOOK = timedelta(hours=1)  # between looks for notices whose channel nobody has set up
CLAIM = timedelta(minutes=2)  # a notice in flight when its sender died is sent again after this


class Channel(Protocol):
    """A way out. `send` returns when the other side has taken the notice, or raises DeliveryFailed."""

    def send(self, notice: Notice) -> None: ...


def _always(_connection: Connection) -> bool:
    return True


class Deliverer:
    """Sends due notices through their channels, each text only as far as its mark may travel."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], rules: SecrecyRules, clock: Clock) -> None:
        self.store = store
        self.channels = channels
        self.rules = rules
        self.clock = clock
        self._gave_up: datetime | None = None

    def deliver_due(self, hold: Callable[[Connection], bool] = _always) -> int:
        """Send what is due now; how many went out. A channel that is not configured keeps its notices waiting.

        `hold` keeps the sender's lease before each notice. A channel that fails rests until the next round, so that a
        slow mail server does not hold up the others.
        """
        now = self.clock.now()
        if self._gave_up is None or now - self._gave_up >= LOOK:
            with self.store.write() as connection:
                outbox.give_up_unserved(connection, self.channels, now - outbox.PATIENCE)
            self._gave_up = now
        with self.store.read() as connection:
            waiting = outbox.due(connection, now, self.channels)
        sent = 0
        resting: set[str] = set()
        for item in waiting:
            name = item.notice.channel
            if name in resting:
                continue
            with self.store.write() as connection:
                if not hold(connection):
                    break
                mine = outbox.claim(connection, item, self.clock.now() + CLAIM)
            if not mine:
                continue
            with traced(item.notice.trace):
                gone = self._send(self.channels[name], item)
            if gone:
                sent += 1
            else:
                resting.add(name)
        return sent

    def _send(self, channel: Channel, item: outbox.Waiting) -> bool:
        notice = self.as_carried(item.notice)
        try:
            channel.send(notice)
        except DeliveryFailed as error:
            self._failed(item, str(error), error.final, error.down)
            return False
        except Exception as error:  # a notice that nobody can send must not hold up the others
            log.exception("notice.broken", key=notice.key)
            self._failed(item, f"{type(error).__name__}: {error}")
            return False
        with self.store.write() as connection:
            outbox.mark_sent(connection, notice.key, self.clock.now())
        log.info("notice.sent", key=notice.key, channel=notice.channel)
        return True

    def _failed(self, item: outbox.Waiting, reason: str, final: bool = False, down: bool = False) -> None:
        log.warning("notice.failed", key=item.notice.key, channel=item.notice.channel, error=reason, final=final)
        with self.store.write() as connection:
            outbox.mark_failed(connection, item, self.clock.now(), reason, final, down)

    def as_carried(self, notice: Notice) -> Notice:
        """The notice as its channel may carry it: whole, or only the line that asks to sign in."""
        kind: ChannelKind = next((name for name in CHANNELS if name == notice.channel.split(":")[0]), "webhook")
        if carries(self.rules, kind, notice.secrecy, notice.recipient) == "full":
            return notice
        line = carried_text(self.rules, kind, notice.secrecy, notice.text, notice.recipient)
        return replace(notice, subject=line or "有新提示，请登录", text=line, html="", images=(), files=())
