"""What the office reads for each word of the records (页面用词), and how numbers, times and hostile characters are shown."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pipeline.clock import shanghai
from pipeline.document import Kind, Polarity, Scope, Secrecy, Stage
from pipeline.hostile import plain

KINDS = {
    Kind.NEWS: "新闻", Kind.WEIBO: "微博", Kind.WECHAT: "微信", Kind.MESSAGE: "留言", Kind.HOTLINE: "热线",
    Kind.FORUM: "论坛", Kind.VIDEO: "视频", Kind.DISCLOSURE: "依申请公开",
}  # fmt: skip
STAGES = {
    Stage.SPREAD: "散播", Stage.GATHERING: "集聚", Stage.HOT: "热议", Stage.COOLING: "回落", Stage.QUIET: "平息",
}  # fmt: skip
SCOPES = {
    Scope.LOCAL: "本地", Scope.NEIGHBOURING: "周边", Scope.NATIONAL: "国内", Scope.INTERNATIONAL: "国际",
}  # fmt: skip
MOODS = {Polarity.NEGATIVE: "负面", Polarity.NEUTRAL: "中性", Polarity.POSITIVE: "正面"}
LEVELS = {1: "红", 2: "橙", 3: "黄", 4: "蓝"}
LEVEL_KEYS = {1: "red", 2: "orange", 3: "yellow", 4: "blue"}
SECRECIES = {Secrecy.PUBLIC: "公开", Secrecy.INTERNAL: "内部", Secrecy.WORK_SECRET: "工作秘密"}
SIDES = {"negative": "批评与不满", "question": "疑问", "neutral": "陈述", "positive": "肯定"}
HEALTH = {"new": "未运行", "ok": "正常", "broken": "故障", "silent": "静默"}
CHANGES = {
    "opened": "新事件", "merged": "合并", "split": "拆分", "renamed": "改名", "muted": "静音", "unmuted": "取消静音",
    "raised": "预警", "grown": "预警升级",
}  # fmt: skip


def short(text: object, letters: int = 60) -> str:
    """At most so many letters, … where it is cut."""
    said = re.sub(r"\s+", " ", plain(text)).strip()
    return said if len(said) <= letters else said[: letters - 1] + "…"


def moment(at: datetime | None) -> str:
    """3月15日 07:40."""
    if at is None:
        return "—"
    local = shanghai(at)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def full_moment(at: datetime | None) -> str:
    return f"{shanghai(at):%Y-%m-%d %H:%M}" if at else "—"


def hour(at: datetime) -> str:
    return f"{shanghai(at):%H:%M}"


def span(length: timedelta) -> str:
    """2天3小时, 4小时05分, 12分."""
    minutes = int(abs(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 1440)
    hours, rest = divmod(rest, 60)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    return f"{hours}小时{rest:02d}分" if hours else f"{rest}分"


def share(part: float, whole: float) -> str:
    """A percentage; — of nothing."""
    return f"{part / whole:.0%}" if whole else "—"


def number(value: float) -> str:
    return f"{value:,.0f}" if value < 1_000_000 else f"{value / 10_000:,.0f}万"
