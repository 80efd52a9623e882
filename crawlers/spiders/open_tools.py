"""What open collecting tools write (MediaCrawler、weibo-crawler) → Documents. Pure but for reading the file.

MediaCrawler: JSON arrays, JSON lines or CSV with one platform's own field names (weibo, xhs, dy, ks, bili, tieba, zhihu).
weibo-crawler: one JSON object {"user": …, "weibo": […]} an account, or CSV with Chinese headers.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawlers.extraction.text import text_of_html
from crawlers.spiders.weibo import weibo_id
from crawlers.spiders.weibo_shapes import count, created_at
from crawlers.troubles import PageTrouble
from pipeline.clock import SHANGHAI
from pipeline.document import Counts, Document, Kind
from pipeline.importing import Rejected
from pipeline.intake import derived_id

# platform → (its id field, a field that only it has, document kind, name of the source)
_PLATFORMS: dict[str, tuple[str, str, Kind, str]] = {
    "weibo": ("note_id", "shared_count", Kind.WEIBO, "微博"),
    "xhs": ("note_id", "xsec_token", Kind.FORUM, "小红书"),
    "douyin": ("aweme_id", "aweme_id", Kind.VIDEO, "抖音"),
    "bilibili": ("video_id", "video_danmaku", Kind.VIDEO, "哔哩哔哩"),
    "kuaishou": ("video_id", "viewd_count", Kind.VIDEO, "快手"),
    "tieba": ("note_id", "tieba_name", Kind.FORUM, "百度贴吧"),
    "zhihu": ("content_id", "voteup_count", Kind.FORUM, "知乎"),
}
_TEXT = ("content", "desc", "content_text")
_TIME = ("create_date_time", "create_time", "time", "publish_time", "created_time")
_URL = ("note_url", "aweme_url", "video_url", "content_url", "url")
_COUNTS = {
    "likes": ("liked_count", "voteup_count"),
    "comments": ("comments_count", "comment_count", "video_comment", "total_replay_num"),
    "reposts": ("shared_count", "share_count", "video_share_count"),
    "reads": ("video_play_count", "viewd_count"),
}
_CHINESE = {"id": "id", "正文": "text", "日期": "at", "发布时间": "at", "点赞数": "likes", "转发数": "reposts", "评论数": "comments",
            "用户名称": "author", "用户昵称": "author", "用户id": "author_id", "user_id": "author_id", "screen_name": "author"}  # fmt: skip


def read_open_tool(path: Path) -> Iterator[Document | Rejected] | None:
    """Documents of a file that such a tool wrote; None when it is another kind of file."""
    if path.suffix.lower() not in (".json", ".jsonl", ".csv"):
        return None
    rows = _rows(path)
    if not rows:
        return None
    first = rows[0]
    if "weibo" in first and isinstance(first["weibo"], list):
        return _weibo_crawler(rows)
    if platform := _platform(first):
        return _each(rows, lambda row: _media_document(row, platform))
    if {"id", "正文"} <= set(first):
        return _each(rows, _weibo_table)
    return None


def _rows(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    try:
        if path.suffix.lower() == ".csv":
            return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""))]
        if path.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        found = json.loads(text)
    except (ValueError, csv.Error, RecursionError):
        return []  # not such a file: the general import says what is wrong with it
    return [row for row in (found if isinstance(found, list) else [found]) if isinstance(row, dict)]


def _platform(row: Mapping[str, Any]) -> str:
    for name, (native, mark, _, _) in _PLATFORMS.items():
        if native in row and mark in row:
            return name
    return ""


def _each(rows: list[dict[str, Any]], one: Any) -> Iterator[Document | Rejected]:
    for number, row in enumerate(rows, 1):
        try:
            yield one(row)
        except (PageTrouble, ValueError, KeyError, OverflowError, OSError) as error:
            yield Rejected(number, str(error), {})


def _media_document(row: Mapping[str, Any], platform: str) -> Document:
    native, _, kind, source = _PLATFORMS[platform]
    key = str(row.get(native) or "")
    title = str(row.get("title") or "").strip()
    text = text_of_html(str(_first(row, _TEXT) or "")) or title
    if not key or not text:
        raise ValueError("没有编号或正文")
    if title and text.startswith(title):
        title = title if len(title) < len(text) else ""
    return Document(
        id=weibo_id(key) if platform == "weibo" else derived_id(kind, platform, key),
        text=text,
        kind=kind,
        source=source,
        url=str(_first(row, _URL) or ""),
        title=title,
        author=str(row.get("user_id") or row.get("nickname") or ""),
        published_at=_moment(_first(row, _TIME)),
        counts=Counts(**{name: count(_first(row, names)) for name, names in _COUNTS.items()}),
        place=str(row.get("ip_location") or "").removeprefix("发布于 ").removeprefix("IP属地："),
    )


def _weibo_crawler(rows: list[dict[str, Any]]) -> Iterator[Document | Rejected]:
    for account in rows:
        user = account.get("user") or {}
        yield from _each(account["weibo"], lambda raw, user=user: _weibo_json(raw, user))


def _weibo_json(raw: Mapping[str, Any], user: Mapping[str, Any]) -> Document:
    original = raw.get("retweet") or {}
    return Document(
        id=weibo_id(str(raw["id"])),
        text=text_of_html(str(raw.get("text") or "")) or "（转发）",
        kind=Kind.WEIBO,
        source="微博",
        url=f"https://m.weibo.cn/detail/{raw['id']}",
        author=str(raw.get("user_id") or user.get("id") or user.get("screen_name") or ""),
        published_at=_moment(raw.get("full_created_at") or raw.get("created_at")),
        counts=Counts(
            likes=count(raw.get("attitudes_count")),
            reposts=count(raw.get("reposts_count")),
            comments=count(raw.get("comments_count")),
        ),
        repost_of=weibo_id(str(original["id"])) if original.get("id") else "",
        place=str(raw.get("location") or ""),
    )


def _weibo_table(row: Mapping[str, Any]) -> Document:
    values = {_CHINESE[key]: value for key, value in row.items() if key in _CHINESE and value}
    text = text_of_html(str(values.get("text", "")))
    if not text:
        raise ValueError("没有正文")
    return Document(
        id=weibo_id(str(values["id"]).strip()),
        text=text,
        kind=Kind.WEIBO,
        source="微博",
        url=f"https://m.weibo.cn/detail/{str(values['id']).strip()}",
        author=str(values.get("author_id") or values.get("author") or ""),
        published_at=_moment(values.get("at")),
        counts=Counts(**{name: count(values.get(name)) for name in ("likes", "reposts", "comments")}),
    )


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _moment(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, ISO 8601, or Weibo's own form; None when there is none."""
    if value in (None, ""):
        return None
    text = str(value).strip()
    if text.replace(".", "", 1).isdigit():
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    except ValueError:
        return created_at(text, datetime(2100, 1, 1, tzinfo=UTC))
