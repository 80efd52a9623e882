"""Secrecy by channel (涉密管理): which mark may travel where, and what never enters. Pure.

Settings: mechanism.secrecy. 公开 text may go anywhere; 内部 and 工作秘密 only to listed mail domains; every other
channel gets a line that says to sign in; a model endpoint gets nothing. State secrets are refused on input.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args

from pipeline.cases.mechanism import SecrecyRules
from pipeline.cases.refusal import Refused
from pipeline.document import Secrecy

Channel = Literal["mail", "wechat", "dingtalk", "wecom", "feishu", "webhook", "model"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
SECRECY_NAMES = {Secrecy.PUBLIC: "公开", Secrecy.INTERNAL: "内部", Secrecy.WORK_SECRET: "工作秘密"}


class Carries(StrEnum):
    """What a channel may carry of a text."""

    FULL = "full"
    NOTICE = "notice"  # only “有新提示，请登录”
    NOTHING = "nothing"


def carries(rules: SecrecyRules, channel: Channel, mark: Secrecy, recipient: str = "") -> Carries:
    """What may go to `recipient` by `channel`. An unknown channel carries nothing."""
    if channel not in CHANNELS:
        return Carries.NOTHING
    if channel == "mail":
        listed = mail_domain(recipient) in {domain.lower() for domain in rules.full_mail_domains}
        allowed = rules.full.get("mail_listed" if listed else "mail_other", ())
    else:
        allowed = rules.full.get(channel, ())
    if mark in allowed:
        return Carries.FULL
    return Carries.NOTHING if channel == "model" else Carries.NOTICE


def carried_text(rules: SecrecyRules, channel: Channel, mark: Secrecy, text: str, recipient: str = "") -> str:
    """The text as it may travel: whole, the sign-in line, or '' when nothing may go."""
    match carries(rules, channel, mark, recipient):
        case Carries.FULL:
            return text
        case Carries.NOTICE:
            return rules.notice_text
        case _:
            return ""


def mail_domain(address: str) -> str:
    """The exact domain of an address, lower case; '' when it has none. A look-alike sub-domain is another domain."""
    return address.rpartition("@")[2].strip().strip(">").lower() if "@" in address else ""


def refuse_state_secrets(rules: SecrecyRules, *texts: str) -> None:
    """Refused when a text bears the mark of a state secret: such a paper must never enter this system."""
    for text in texts:
        for mark in rules.refused_marks:
            if mark in text:
                raise Refused(
                    f"文本带有“{mark}”字样，疑似国家秘密：本系统不得录入，请走涉密渠道；如属误判请改写后再录。"
                )
