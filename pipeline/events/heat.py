"""Heat (热度): one public formula, each term visible.

热度 = Σ 按时间衰减的〔文档分 + 作者分 + 转载分 + 权威分〕 + 2·√(衰减后的转发) + 2·√(衰减后的评论)

Decay: half every 12 hours by whole hours, nothing after 72 hours. Document points by kind of source (reach):
news, WeChat and video 3, hotline, message and disclosure 2, Weibo and forum 1. A new author 1, a copy elsewhere 1,
an official or media document 3. Reposts and comments enter by their square root: the thousandth repost says less than the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipeline.document import HeatTerm, Kind
from pipeline.events.tally import HOUR, Cell, Tally

HALF_LIFE_HOURS = 12
REACH_HOURS = 72
KIND_POINTS = {
    Kind.NEWS.value: 3,
    Kind.WECHAT.value: 3,
    Kind.VIDEO.value: 3,
    Kind.MESSAGE.value: 2,
    Kind.HOTLINE.value: 2,
    Kind.DISCLOSURE.value: 2,
    Kind.WEIBO.value: 1,
    Kind.FORUM.value: 1,
}
KIND_NAMES = {
    Kind.NEWS.value: "新闻",
    Kind.WECHAT.value: "微信",
    Kind.VIDEO.value: "视频",
    Kind.MESSAGE.value: "信件",
    Kind.HOTLINE.value: "热线",
    Kind.DISCLOSURE.value: "依申请公开",
    Kind.WEIBO.value: "微博",
    Kind.FORUM.value: "论坛",
}
AUTHORITY_POINTS = 3
_DECAY = tuple(0.5 ** (hours / HALF_LIFE_HOURS) for hours in range(REACH_HOURS + 1))


def heat(tally: Tally, at: int) -> tuple[float, tuple[HeatTerm, ...]]:
    """Heat at epoch seconds `at` and its terms, each to one decimal; summed in order of hours."""
    now = at // HOUR
    hours = range(now - REACH_HOURS, now + 1)
    recent = [(cell, _DECAY[now - hour]) for hour in hours if (cell := tally.cells.get(hour)) is not None]
    documents = math.fsum(_points(cell) * weight for cell, weight in recent)
    authors = math.fsum(cell.authors * weight for cell, weight in recent)
    copies = math.fsum(cell.copies * weight for cell, weight in recent)
    authority = math.fsum(cell.authority * weight for cell, weight in recent)
    reposts = math.fsum(cell.reposts * weight for cell, weight in recent)
    comments = math.fsum(cell.comments * weight for cell, weight in recent)
    terms = (
        HeatTerm(
            "文档",
            round(documents, 1),
            f"{_kinds(tally.kinds.items())}，按信源类别计分后衰减（半衰期 {HALF_LIFE_HOURS} 小时）",
        ),
        HeatTerm("作者", round(authors, 1), f"共 {len(tally.voices)} 个不同声音，各 1 分后衰减"),
        HeatTerm("转载", round(copies, 1), f"共 {tally.copies} 条转载或搬运，各 1 分后衰减"),
        HeatTerm(
            "权威",
            round(AUTHORITY_POINTS * authority, 1),
            f"官方与媒体 {tally.authority} 条，各 {AUTHORITY_POINTS} 分后衰减",
        ),
        HeatTerm("转发", round(2 * math.sqrt(reposts), 1), f"共 {tally.reposts} 次，衰减后为 {reposts:.0f}，开方乘 2"),
        HeatTerm(
            "评论", round(2 * math.sqrt(comments), 1), f"共 {tally.comments} 条，衰减后为 {comments:.0f}，开方乘 2"
        ),
    )
    return round(math.fsum(term.value for term in terms), 1), terms


def _points(cell: Cell) -> int:
    return sum(KIND_POINTS[kind] * number for kind, number in cell.kinds.items())


def _kinds(kinds: Iterable[tuple[str, int]]) -> str:
    return "、".join(f"{KIND_NAMES[kind]} {number}" for kind, number in sorted(kinds))
