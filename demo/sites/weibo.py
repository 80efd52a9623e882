"""A Weibo-like mobile JSON API (微博): search, timelines, hot list, reposts, comments, one post again, long texts.

The shapes are those that open crawlers document for m.weibo.cn. Search answers posts whose text holds the word, and for
云港 also the posts located there (同城); reposts and comments are reached through their original only.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from html import escape
from typing import Any
from urllib.parse import quote

from demo.growth import grown
from demo.sites import pages
from demo.stories import Piece, digest_number, load_cast, load_pieces, shown, wall
from demo.web import Answer, Request
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Scope

_PAGE = 10
_LONG = 140
_TAG = re.compile(r"#([^#\s]{2,24})#")
_AT = re.compile(r"@([\w\u4e00-\u9fff-]{2,20})")
_FACE = re.compile(r"\[([\u4e00-\u9fffa-z]{1,4})\]")
_HOT_HOURS = 3


@cache
def user_id(name: str) -> str:
    """An account's number: the same on every machine."""
    return str(1_000_000_000 + digest_number("weibo user", name) % 8_000_000_000)


def weibo(request: Request, now: datetime) -> Answer:
    """The API's addresses; an unknown one answers like the real one, with an HTML page."""
    query = request.query
    match request.path:
        case "/robots.txt":
            return pages.robots("/login")
        case "/api/container/getIndex":
            return _json(_container(query.get("containerid", ""), _number(query.get("page")), now))
        case "/api/statuses/repostTimeline":
            return _json(_reposts(query.get("id", ""), _number(query.get("page")), now))
        case "/comments/hotflow":
            return _json(_comments(query.get("id", ""), now))
        case "/statuses/show":
            return _json(_show(query.get("id", ""), now))
        case "/statuses/extend":
            piece = _find(query.get("id", ""), now)
            return _json({"ok": 1, "data": {"ok": 1, "longTextContent": _html(piece.text)}} if piece else _GONE)
        case path if path.startswith("/detail/"):
            found = _find(path.removeprefix("/detail/"), now)
            return (
                Answer(f"<html><body><p>{_html(found.text)}</p></body></html>".encode()) if found else pages.not_found()
            )
        case _:
            return pages.not_found()


_GONE = {"ok": 0, "errno": "20101", "msg": "该微博不存在或已被删除"}
_NOTHING: dict[str, Any] = {"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}}


def _container(container: str, page: int, now: datetime) -> dict[str, Any]:
    if container.startswith("107603"):
        uid = container.removeprefix("107603")
        posts = [piece for piece in _posts(now) if user_id(piece.by) == uid]
    elif container.startswith("100103"):
        fields = dict(part.split("=", 1) for part in container.removeprefix("100103").split("&") if "=" in part)
        posts = _search(fields.get("q", ""), fields.get("timescope", ""), now)
    elif container.startswith("106003"):
        return {
            "ok": 1,
            "data": {"cards": [{"card_type": 11, "title": "实时热点，每分钟更新一次", "card_group": _hot(now)}]},
        }
    else:
        return _NOTHING
    part = posts[(page - 1) * _PAGE : page * _PAGE]
    if not part:
        return _NOTHING
    cards = [
        {"card_type": 9, "itemid": piece.native_id, "scheme": piece.path, "mblog": _mblog(piece, now)} for piece in part
    ]
    return {
        "ok": 1,
        "data": {"cardlistInfo": {"containerid": container, "total": len(posts), "page": page + 1}, "cards": cards},
    }


def _posts(now: datetime) -> list[Piece]:
    return pages.of_site("weibo", now)


def _search(word: str, timescope: str, now: datetime) -> list[Piece]:
    word = word.strip("#").strip()
    posts = [piece for piece in _posts(now) if not piece.parent and _matches(piece, word)]
    if scope := re.fullmatch(r"custom:(\d{4}-\d\d-\d\d)-(\d+):(\d{4}-\d\d-\d\d)-(\d+)", timescope):
        start, end = _hour(scope.group(1), scope.group(2)), _hour(scope.group(3), scope.group(4))
        posts = [piece for piece in posts if start <= piece.published_at < end]
    return posts


def _matches(piece: Piece, word: str) -> bool:
    located = word == "云港" and piece.truth.scope is Scope.LOCAL
    return bool(word) and (located or word in piece.text or word == piece.by)


def _hour(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=SHANGHAI) + timedelta(hours=int(hour))


def _hot(now: datetime) -> list[dict[str, Any]]:
    """Words by what their posts gained in the last three hours."""
    heat: Counter[str] = Counter()
    for piece in _posts(now):
        tags = _TAG.findall(piece.text)
        if tags:
            after, before = _sum(piece, now), _sum(piece, now - timedelta(hours=_HOT_HOURS))
            for tag in tags:
                heat[tag] += after - before
    ranked = sorted(((count, tag) for tag, count in heat.items() if count > 0), reverse=True)[:20]
    return [
        {"card_type": 4, "desc": tag, "desc_extr": count * 10, "scheme": f"/search?q={quote(tag)}"}
        for count, tag in ranked
    ]


def _sum(piece: Piece, at: datetime) -> int:
    if at <= piece.published_at:
        return 0
    counts = grown(piece.growth, piece.published_at, at)
    return (counts.likes or 0) + (counts.reposts or 0) + (counts.comments or 0)


def _reposts(mid: str, page: int, now: datetime) -> dict[str, Any]:
    original = _find(mid, now)
    found = [piece for piece in _posts(now) if piece.parent == mid]
    part = found[(page - 1) * _PAGE : page * _PAGE]
    if original is None or not part:
        return {"ok": 0, "msg": "暂无数据"}
    pages_ = -(-len(found) // _PAGE)
    return {
        "ok": 1,
        "data": {"data": [_mblog(piece, now) for piece in part], "total_number": len(found), "max": pages_},
    }


def _comments(mid: str, now: datetime) -> dict[str, Any]:
    found = [piece for piece in pages.of_site("comment", now) if piece.parent == mid]
    if _find(mid, now) is None or not found:
        return {"ok": 0, "msg": "快来发表你的评论吧"}
    rows = [
        {
            "id": piece.native_id,
            "mid": piece.native_id,
            "rootid": piece.native_id,
            "created_at": _stamp(piece.published_at),
            "text": _html(piece.text),
            "user": _user(piece.by),
            "like_count": grown(piece.growth, piece.published_at, now).likes,
            "total_number": 0,
        }
        for piece in sorted(found, key=lambda piece: -(piece.growth.likes or 0))
    ]
    return {"ok": 1, "data": {"data": rows, "total_number": len(rows), "max_id": 0, "max": 1, "max_id_type": 0}}


def _show(mid: str, now: datetime) -> dict[str, Any]:
    piece = _find(mid, now)
    return {"ok": 1, "data": _mblog(piece, now)} if piece else dict(_GONE)


def _find(mid: str, now: datetime) -> Piece | None:
    return next((piece for piece in shown(now) if piece.native_id == mid and piece.site in ("weibo", "comment")), None)


def _mblog(piece: Piece, now: datetime, inner: bool = False) -> dict[str, Any]:
    counts = grown(piece.growth, piece.published_at, now)
    text, is_long = pages.text_now(piece, now), False
    if len(text) > _LONG and not piece.parent:
        is_long = True
        text = text[:_LONG]
    html = _html(text) + (f'...<a href="/status/{piece.native_id}">全文</a>' if is_long else "")
    post: dict[str, Any] = {
        "id": piece.native_id,
        "mid": piece.native_id,
        "bid": piece.native_id,
        "created_at": _stamp(piece.published_at),
        "text": html,
        "isLongText": is_long,
        "source": "微博网页版",
        "user": _user(piece.by),
        "reposts_count": counts.reposts,
        "comments_count": counts.comments,
        "attitudes_count": counts.likes,
        "pic_num": piece.images,
        "pics": [
            {"pid": f"{piece.native_id}{n}", "url": f"/img/{piece.native_id}-{n}.svg"}
            for n in range(1, piece.images + 1)
        ],
    }
    if piece.parent and not inner:
        original = _find(piece.parent, now)
        post["retweeted_status"] = (
            _mblog(original, now, inner=True)
            if original
            else {
                "id": piece.parent,
                "mid": piece.parent,
                "text": "抱歉，作者已设置仅展示半年内微博，此微博已不可见。",
                "user": None,
            }
        )
    return post


def _user(name: str) -> dict[str, Any]:
    account = load_cast().accounts.get(name)
    followers = account.followers if account else digest_number("followers", name) % 900
    return {
        "id": int(user_id(name)),
        "screen_name": name,
        "verified": account is not None,
        "verified_type": account.type if account else -1,
        "verified_reason": account.about if account else "",
        "followers_count": followers,
    }


def _html(text: str) -> str:
    """Text as the interface writes it: tags and names are links, faces are pictures with their name beside them."""
    html = escape(text, quote=False).replace("\n", "<br />")
    html = _TAG.sub(
        lambda m: f'<a href="/search?q={quote(m.group(0))}"><span class="surl-text">{m.group(0)}</span></a>', html
    )
    html = _AT.sub(r"<a href='/n/\1'>@\1</a>", html)
    return _FACE.sub(lambda m: f'<span class="url-icon"><img alt="[{m.group(1)}]" src="/face.png" /></span>', html)


def _stamp(at: datetime) -> str:
    local = shanghai(at)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return f"{days[local.weekday()]} Mar {wall(at, '%d %H:%M:%S')} +0800 {local.year}"


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() and int(text) > 0 else 1


def _json(answer: dict[str, Any]) -> Answer:
    return Answer(json.dumps(answer, ensure_ascii=False).encode(), "application/json; charset=utf-8")


def search_words(posts: Sequence[Piece] | None = None) -> set[str]:
    """The tags of all posts: what a hot list could ever show."""
    return {tag for piece in (posts or load_pieces()) for tag in _TAG.findall(piece.text)}
