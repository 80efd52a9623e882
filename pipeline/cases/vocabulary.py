"""The words that facts are made of (动作用词): origins, starts, decisions, forms of response, papers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class Origin(StrEnum):
    """Why the file was opened (来由)."""

    ALERT = "alert"  # 预警
    MANUAL = "manual"  # 人工登记
    PLANNED = "planned"  # 计划内的发布与解读
    ADVICE = "advice"  # 工作建议函
    REPORT = "report"  # 情况动态


class StartKind(StrEnum):
    """The three times a clock may start from (计时起点)."""

    HAPPENED = "happened"  # 事发
    FIRST_SEEN = "first_seen"  # 首次见于网上
    DETECTED = "detected"  # 本单位发现


class Decision(StrEnum):
    """Answer in public, settle with the people concerned, or keep watching (公开回应、线下解决、持续关注)."""

    ANSWER = "answer"
    OFFLINE = "offline"
    WATCH = "watch"


class Form(StrEnum):
    """Forms of response (回应方式)."""

    PRESS_CONFERENCE = "press_conference"
    SITE_STATEMENT = "site_statement"
    ONLINE_INTERVIEW = "online_interview"
    INTERPRETATION = "interpretation"
    WEIBO = "weibo"
    WECHAT = "wechat"
    APP = "app"
    BROADCAST_PRESS = "broadcast_press"
    PORTAL_REPLY = "portal_reply"
    OTHER = "other"


class Paper(StrEnum):
    """Texts that go through the approval chain (送审文稿)."""

    LINE = "line"  # 口径
    STATEMENT = "statement"  # 发布稿
    POLICY = "policy"  # 政策性文件
    PLAN = "plan"  # 解读方案
    MATERIAL = "material"  # 解读材料


class Fact(BaseModel):
    """One line of a case's history, without who and when (the entry carries those).

    Fields may be added with a default, never renamed or removed: histories written years ago must still be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
