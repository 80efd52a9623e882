"""Short videos (港城短视频): a JSON list as such platforms answer, a feed, and a page per video."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any

from demo.growth import grown
from demo.sites import pages
from demo.sites.rss import rss
from demo.stories import Piece, wall
from demo.web import Answer, Request


def video(request: Request, now: datetime) -> Answer:
    """/api/videos?page=N, /feed.xml, /video/<id>."""
    if request.path == "/robots.txt":
        return pages.robots("/user/")
    pieces = pages.of_site("video", now)
    if request.path == "/api/videos":
        number = int(request.query.get("page", "1") or 1)
        part, count = pages.sliced(pieces, number)
        answer = {
            "status_code": 0,
            "data": {"list": [_item(piece, now, request.base) for piece in part], "has_more": number < count},
        }
        return Answer(json.dumps(answer, ensure_ascii=False).encode(), "application/json; charset=utf-8")
    if request.path == "/feed.xml":
        return rss("港城短视频", request.base, pieces, now, 500)
    found = next((piece for piece in pieces if piece.path == request.path), None)
    return Answer(_page(found).encode()) if found else pages.not_found()


def _item(piece: Piece, now: datetime, base: str) -> dict[str, Any]:
    counts = grown(piece.growth, piece.published_at, now)
    return {
        "aweme_id": piece.native_id,
        "title": piece.title,
        "desc": piece.text,
        "create_time": int(piece.published_at.timestamp()),
        "author": {"nickname": piece.by},
        "share_url": f"{base}{piece.path}",
        "statistics": {
            "digg_count": counts.likes,
            "share_count": counts.reposts,
            "comment_count": counts.comments,
            "play_count": counts.reads,
        },
    }


def _page(piece: Piece) -> str:
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>{escape(piece.title)}</title>
<meta property="og:title" content="{escape(piece.title)}"></head><body><h1>{escape(piece.title)}</h1>
<p class="desc">{escape(piece.text)}</p><p>{escape(piece.by)} 发布于 {wall(piece.published_at)}</p></body></html>"""
