"""The ways out that the settings open (渠道): mail when it has a host, and each webhook by its name."""

from __future__ import annotations

from collections.abc import Mapping

from config.settings import Settings
from pipeline.cases.mechanism import load_mechanism
from pipeline.notices.deliver import Channel, Deliverer
from pipeline.notices.mail import Mail
from pipeline.notices.outbox import PATIENCE
from pipeline.notices.webhooks import KINDS, Webhooks
from pipeline.services import Services

NAMES = {"mail": "邮件", "dingtalk": "钉钉", "wecom": "企业微信", "feishu": "飞书", "webhook": "群机器人"}


def configured(settings: Settings) -> tuple[str, ...]:
    """The channels that the settings open."""
    kinds = {hook.kind for hook in settings.webhooks}
    return (("mail",) if settings.mail.host else ()) + tuple(name for name, kind in KINDS.items() if kind in kinds)


def unserved_words(waiting: Mapping[str, int]) -> str:
    """Notices that wait for a channel that nobody has set up, in one line; '' when there are none."""
    if not waiting:
        return ""
    told = "、".join(f"{NAMES.get(name, name)} {number} 条" for name, number in waiting.items())
    return f"{told}在等没有设置的渠道，{PATIENCE.days} 天后不再等；请在 huiying.toml 里写 [mail] host 或登记群机器人"


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
