"""The ways out that the settings open (渠道): mail when it has a host, and each webhook by its name."""

from __future__ import annotations

from pipeline.cases.mechanism import load_mechanism
from pipeline.notices.deliver import Channel, Deliverer
from pipeline.notices.mail import Mail
from pipeline.services import Services


def open_deliverer(services: Services) -> Deliverer:
    """A deliverer over every configured channel."""
    settings = services.settings
    channels: dict[str, Channel] = {}
    if settings.mail.host:
        channels["mail"] = Mail(settings.mail)
    rules = load_mechanism(settings.file("mechanism.toml")).secrecy
    return Deliverer(services.store, channels, rules, services.clock)
