"""The mobile JSON of Weibo as it comes (微博数据结构): pure reading, tolerant of what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crawlers.extraction.text import text_of_html
from crawlers.troubles import PageTrouble, Reason
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Counts

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_FULL = re.compile(r"\w{3} (\w{3}) (\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})")
_AGO = re.compile(r"(\d+)\s*(秒|分钟|小时|天)前")
_UNITS = {"秒": 1, "分钟": 60, "小时": 3600, "天": 86400}


@dataclass(frozen=True, slots=True)
class Post:
    """A post, repost or comment as the interface shows it."""

    mid: str
    text: str
    created_at: datetime
    author: str
    author_id: str
    institution: bool
    counts: Counts
    is_long: bool = False
    pinned: bool = False
    place: str = ""
    original: Post | None = None


def mblogs(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The posts of a container page or of a repost list, wherever the page puts them."""
    data = answer.get("data") or {}
    if isinstance(data, list):
        return [raw for raw in data if isinstance(raw, dict)]
    if isinstance(data.get("data"), list):
        return [raw for raw in data["data"] if isinstance(raw, dict)]
    return list(_from_cards(data.get("cards") or []))


def comments_of(answer: dict[str, Any]) -> tuple[list[dict[str, Any]], int, int]:
    """Comments of a hotflow page with the max_id and max_id_type of the next one (0 = no more)."""
    data = answer.get("data") or {}
    found = [raw for raw in data.get("data") or [] if isinstance(raw, dict)]
    return found, int(data.get("max_id") or 0), int(data.get("max_id_type") or 0)


def hot_words(answer: dict[str, Any]) -> list[str]:
    """Words of the hot list in its order."""
    cards = (answer.get("data") or {}).get("cards") or []
    groups = [item for card in cards for item in (card.get("card_group") or [card])]
    return [str(item["desc"]) for item in groups if item.get("desc")]


def post_of(raw: dict[str, Any], now: datetime) -> Post:
    """One post. PageTrouble when it has no id or no readable time."""
    mid = str(raw.get("mid") or raw.get("id") or "")
    if not mid:
        raise PageTrouble(Reason.NOT_UNDERSTOOD, "", "微博没有编号")
    user = raw.get("user") or {}
    original = raw.get("retweeted_status")
    kind = user.get("verified_type", -1)
    title = raw.get("title") or {}
    return Post(
        mid=mid,
        text=text_of_html(str(raw.get("text") or raw.get("raw_text") or "")),
        created_at=created_at(str(raw.get("created_at", "")), now),
        author=str(user.get("screen_name", "")),
        author_id=str(user.get("id", "")),
        institution=bool(user.get("verified")) and isinstance(kind, int) and 1 <= kind <= 7,
        counts=Counts(
            likes=count(raw.get("attitudes_count", raw.get("like_count", raw.get("like_counts")))),
            reposts=count(raw.get("reposts_count")),
            comments=count(raw.get("comments_count", raw.get("total_number"))),
            reads=count(raw.get("reads_count")),
        ),
        is_long=bool(raw.get("isLongText")),
        pinned=bool(raw.get("isTop")) or (isinstance(title, dict) and title.get("text") == "置顶"),
        place=str(raw.get("region_name", "")).removeprefix("发布于 "),
        original=post_of(original, now) if isinstance(original, dict) and original.get("user") else None,
    )


def created_at(text: str, now: datetime) -> datetime:
    """`Sun Mar 15 02:47:10 +0800 2026`, 刚刚, 5分钟前, 今天 08:12, 昨天 08:12, 03-15 → aware UTC."""
    text = text.strip()
    if full := _FULL.fullmatch(text):
        month, day, hour, minute, second, sign, off_hours, off_minutes, year = full.groups()
        offset = timedelta(hours=int(off_hours), minutes=int(off_minutes)) * (1 if sign == "+" else -1)
        local = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        return local - offset
    if text == "刚刚":
        return now
    if ago := _AGO.fullmatch(text):
        return now - timedelta(seconds=int(ago.group(1)) * _UNITS[ago.group(2)])
    today = shanghai(now)
    if clock := re.fullmatch(r"(今天|昨天)\s*(\d{1,2}):(\d{2})", text):
        day = today - timedelta(days=clock.group(1) == "昨天")
        return day.replace(hour=int(clock.group(2)), minute=int(clock.group(3)), second=0, microsecond=0)
    if date := re.fullmatch(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})(?:\s+(\d{1,2}):(\d{2}))?", text):
        year, month, day_, hour, minute = date.groups()
        moment = datetime(
            int(year or today.year), int(month), int(day_), int(hour or 0), int(minute or 0), tzinfo=SHANGHAI
        )
        return moment if year or moment <= now else moment.replace(year=moment.year - 1)
    raise PageTrouble(Reason.NOT_UNDERSTOOD, "", f"看不懂的时间“{text[:40]}”")


def count(value: Any) -> int | None:
    """A counter: 12, "12", "1.2万", "100万+" → int; None when the source does not say."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"\s*([\d.]+)\s*(万|亿|k|w)?\+?\s*", str(value), re.I)
    if not match:
        return None
    scale = {"万": 10_000, "w": 10_000, "亿": 100_000_000, "k": 1000}.get((match.group(2) or "").lower(), 1)
    try:
        return round(float(match.group(1)) * scale)
    except ValueError:
        return None


def _from_cards(cards: list[Any]) -> Iterator[dict[str, Any]]:
    for card in cards:
        if not isinstance(card, dict):
            continue
        if isinstance(card.get("mblog"), dict):
            yield card["mblog"]
        yield from _from_cards(card.get("card_group") or [])
