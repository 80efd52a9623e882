"""A test notice through every way out (试发): sent at once, not through the outbox, so that the answer is seen."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.document import Notice, Secrecy
from pipeline.notices.channels import open_deliverer
from pipeline.notices.failing import DeliveryFailed
from pipeline.notices.outbox import notice_key
from pipeline.notices.webhooks import KINDS
from pipeline.services import Services


@dataclass(frozen=True, slots=True)
class Tried:
    """One way out: who got the test, or why it failed ('' = it went)."""

    channel: str
    recipient: str
    failure: str


def try_all(services: Services, mail_to: str) -> list[Tried]:
    """Mail to `mail_to` (none when ''), and every webhook."""
    channels = open_deliverer(services).channels
    ways = [("mail", mail_to)] if mail_to and "mail" in channels else []
    kinds = {kind: name for name, kind in KINDS.items()}
    ways += [(kinds[hook.kind], hook.name) for hook in services.settings.webhooks]
    now = services.clock.now()
    found = []
    for channel, recipient in ways:
        notice = Notice(
            key=notice_key("test", channel, recipient, now.isoformat()),
            at=now,
            channel=channel,
            recipient=recipient,
            subject="测试通知",
            text=f"这是“{services.settings.office.name}”的测试通知，收到即说明渠道可用。",
            secrecy=Secrecy.PUBLIC,
        )
        try:
            channels[channel].send(notice)
            found.append(Tried(channel, recipient, ""))
        except DeliveryFailed as error:
            found.append(Tried(channel, recipient, str(error)))
    return found
