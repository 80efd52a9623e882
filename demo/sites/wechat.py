"""WeChat-like article pages (公众号文章) and the feeds of them that a subscription tool would make (/feed/all.rss)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from demo.sites import pages
from demo.sites.rss import rss
from demo.stories import Piece, digest_number
from demo.web import Answer, Request


def account_key(name: str) -> str:
    """The short key of an account's own feed: /feed/<key>.rss."""
    return f"MP_WXS_{digest_number('account', name) % 10_000_000_000}"


def wechat(request: Request, now: datetime) -> Answer:
    """Feeds and articles; an unknown article says that its author removed it, as the real one does."""
    path = request.path
    if path == "/robots.txt":
        return pages.robots("/mp/")
    if photo := pages.photo(path):
        return photo
    pieces = pages.of_site("wechat", now)
    if path.startswith("/feed/") and path.endswith(".rss"):
        key = path.removeprefix("/feed/").removesuffix(".rss")
        part = [piece for piece in pieces if key in ("all", account_key(piece.by))]
        return rss("公众号订阅", request.base, part[:30], now, 60)
    if path == "/":
        return Answer(_home(pieces).encode())
    found = next((piece for piece in pieces if piece.path == path), None)
    if found:
        return Answer(_article(found, now, request.base).encode(), modified=pages.latest([found], now))
    if path.startswith("/s/"):
        return Answer("<html><body><div class='weui-msg'>该内容已被发布者删除</div></body></html>".encode())
    return pages.not_found()


def _article(piece: Piece, now: datetime, base: str) -> str:
    title, by, seconds = escape(piece.title), escape(piece.by), int(piece.published_at.timestamp())
    body = pages.paragraphs(pages.text_now(piece, now)) + pages.photos(piece)
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title></title>
<meta name="author" content="{by}"><meta property="og:title" content="{title}"><meta property="og:url" content="{base}{piece.path}">
<meta property="og:site_name" content="微信公众平台"></head><body id="activity-detail" class="zh_CN">
<div id="js_article" class="rich_media"><div class="rich_media_inner"><div id="page-content">
<h1 class="rich_media_title" id="activity-name">
{title}
</h1>
<div id="meta_content" class="rich_media_meta_list"><span class="rich_media_meta rich_media_meta_nickname" id="profileBt">
<a href="javascript:void(0);" id="js_name">{by}</a></span> <em id="publish_time" class="rich_media_meta rich_media_meta_text"></em></div>
<div class="rich_media_content js_underline_content" id="js_content" style="visibility: hidden; opacity: 0;"><section>{body}</section></div>
</div></div></div>
<script type="text/javascript">var ct = "{seconds}"; var nickname = htmlDecode("{by}"); var msg_title = '{title}'.html(false);</script>
</body></html>"""


def _home(pieces: Sequence[Piece]) -> str:
    names = sorted({piece.by for piece in pieces})
    links = "".join(f'<li><a href="/feed/{account_key(name)}.rss">{escape(name)}</a></li>' for name in names)
    return f'<html><head><meta charset="utf-8"><title>公众号订阅</title></head><body><ul>{links}</ul></body></html>'
