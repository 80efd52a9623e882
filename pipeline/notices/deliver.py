"""Delivering what waits in the outbox (发送): by one process at a time, under a lease; at most the notice in flight goes twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from pipeline.cases.mechanism import SecrecyRules
from pipeline.cases.secrecy import CHANNELS, carried_text, carries
from pipeline.cases.secrecy import Channel as ChannelKind
from pipeline.clock import Clock
from pipeline.document import Notice
from pipeline.notices import outbox
from pipeline.notices.mail import DeliveryFailed
from pipeline.store.engine import Store

log = structlog.get_logger()


class Channel(Protocol):
    """A way out. `send` returns when the other side has taken the notice, or raises DeliveryFailed."""

    def send(self, notice: Notice) -> None: ...


class Deliverer:
    """Sends due notices through their channels, each text only as far as its mark may travel."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], rules: SecrecyRules, clock: Clock) -> None:
        self.store = store
        self.channels = channels
        self.rules = rules
        self.clock = clock

    def deliver_due(self) -> int:
        """Send what is due now; how many went out. A channel that is not configured keeps its notices waiting."""
        with self.store.read() as connection:
            waiting = outbox.due(connection, self.clock.now())
        sent = 0
        for item in waiting:
            channel = self.channels.get(item.notice.channel)
            if channel is not None:
                sent += self._send(channel, item)
        return sent

    def _send(self, channel: Channel, item: outbox.Waiting) -> bool:
        notice = self.as_carried(item.notice)
        try:
            channel.send(notice)
        except DeliveryFailed as error:
            log.warning("notice.failed", key=notice.key, channel=notice.channel, error=str(error), final=error.final)
            with self.store.write() as connection:
                outbox.mark_failed(connection, item, self.clock.now(), str(error), error.final)
            return False
        with self.store.write() as connection:
            outbox.mark_sent(connection, notice.key, self.clock.now())
        return True

    def as_carried(self, notice: Notice) -> Notice:
        """The notice as its channel may carry it: whole, or only the line that asks to sign in."""
        kind: ChannelKind = next((name for name in CHANNELS if name == notice.channel.split(":")[0]), "webhook")
        if carries(self.rules, kind, notice.secrecy, notice.recipient) == "full":
            return notice
        line = carried_text(self.rules, kind, notice.secrecy, notice.text, notice.recipient)
        return replace(notice, subject=line or "有新提示，请登录", text=line, html="", images=())
