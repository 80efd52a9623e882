"""The ways out that the settings open (渠道): mail when it has a host, and each webhook by its name."""

from __future__ import annotations

from pipeline.cases.mechanism import load_mechanism
from pipeline.notices.deliver import Channel, Deliverer
from pipeline.notices.mail import Mail
from pipeline.notices.webhooks import KINDS, Webhooks
from pipeline.services import Services


def open_deliverer(services: Services) -> Deliverer:
    """A deliverer over every configured channel."""
    settings = services.settings
    channels: dict[str, Channel] = {}
    if settings.mail.host:
        channels["mail"] = Mail(settings.mail)
    for name, kind in KINDS.items():
        hooks = [hook for hook in settings.webhooks if hook.kind == kind]
        if hooks:
            channels[name] = Webhooks(hooks, services.clock.now)
    rules = load_mechanism(settings.file("mechanism.toml")).secrecy
    return Deliverer(services.store, channels, rules, services.clock)
