"""Five news sites (新闻站点), each with its own markup: government meta tags, Open Graph, old GBK pages, no charset at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from demo.sites import pages
from demo.sites.rss import rss
from demo.stories import Piece, site_name, wall
from demo.web import Answer, Request, Site

_LIST = r"/(?:list/index(?:_(\d+))?\.html)?"
_SLOW_SECONDS = 1.5
_FAILING_FOR = timedelta(hours=6)
_CUT_FOR = timedelta(hours=3)
_INNER = "/nbzl/"  # internal papers: robots.txt forbids it, yet the list links to it


def news_site(site: str) -> Site:
    """The site of that name: list pages, articles, robots.txt, and a feed where it has one."""

    def answer(request: Request, now: datetime) -> Answer:
        path = request.path
        if path == "/robots.txt":
            return pages.robots(_INNER)
        if photo := pages.photo(path):
            return photo
        pieces = pages.of_site(site, now)
        if path == "/rss/news.xml" and site in ("daily", "online"):
            return rss(site_name(site), request.base, pieces[:20], now, 80)
        number = pages.page_number(path, _LIST)
        if number is not None:
            return _encoded(site, _list(site, pieces, number), pages.latest(pieces, now))
        if path.startswith(_INNER) and site == "gov":
            return _encoded(site, "<html><body><h1>内部资料</h1><p>本目录不对外公开。</p></body></html>", None)
        found = next((piece for piece in pieces if piece.path == path), None)
        return _with_faults(found, _article(site, found, pieces, now), now) if found else pages.not_found()

    return answer


def _with_faults(piece: Piece, body: str, now: datetime) -> Answer:
    """Three pages misbehave as real ones do: one is always slow, one fails for hours, one is cut off for hours."""
    age = now - piece.shown_at
    if piece.key == "page-failing" and age < _FAILING_FOR:
        return Answer("<html><body><h1>服务器内部错误</h1></body></html>".encode(), status=500)
    answer = _encoded(piece.site, body, pages.latest([piece], now))
    if piece.key == "page-slow":
        return Answer(answer.body, answer.type, modified=answer.modified, slow=_SLOW_SECONDS)
    if piece.key == "page-cut" and age < _CUT_FOR:
        return Answer(answer.body, answer.type, modified=answer.modified, cut=True)
    return answer


def _encoded(site: str, body: str, modified: datetime | None) -> Answer:
    """江东都市报 writes GBK and claims UTF-8 in its header; 港城热线 names no charset; the others are right."""
    if site == "metro":
        return Answer(body.encode("gb18030"), "text/html; charset=utf-8", modified=modified)
    kind = "text/html" if site == "harbour" else "text/html; charset=utf-8"
    return Answer(body.encode(), kind, modified=modified)


def _list(site: str, pieces: Sequence[Piece], number: int) -> str:
    name = site_name(site)
    part, count = pages.sliced(pieces, number)
    items = "\n".join(
        f'<li><a href="{piece.path}" title="{escape(piece.title)}">{escape(piece.title)}</a>'
        f'<span class="date">{wall(piece.published_at, "%Y-%m-%d")}</span></li>'
        for piece in part
    )
    inner = f'<li><a href="{_INNER}2026/zbap.html">三月值班安排（内部资料，请勿外传）</a></li>' if site == "gov" else ""
    pager = pages.pager(number, count, "/list/index.html", "/list/index_{n}.html")
    return f"""<!DOCTYPE html><html><head>{_charset(site)}<title>{name}-新闻列表</title></head>
<body><div class="nav"><a href="/">首页</a> <a href="/list/index.html">新闻中心</a></div>
<ul class="list">
{items}
{inner}</ul>
{pager}
<div class="foot">{name} 版权所有（本站为演示站点，内容纯属虚构）</div></body></html>"""


def _charset(site: str) -> str:
    return {"metro": '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">', "harbour": ""}.get(
        site, '<meta charset="utf-8">'
    )


def _article(site: str, piece: Piece, pieces: Sequence[Piece], now: datetime) -> str:
    name = site_name(site)
    title, credit = escape(piece.title), escape(piece.credit or name)
    body = pages.paragraphs(pages.text_now(piece, now)) + pages.photos(piece)
    head = _charset(site) + f"<title>{title}_{name}</title>" + _meta(site, piece, name)
    return f"""<!DOCTYPE html><html><head>{head}</head><body>
<div class="nav"><a href="/">首页</a> <a href="/list/index.html">新闻中心</a></div>
{_main(site, piece, title, credit, body)}
<div class="related"><h3>相关阅读</h3><ul>{_related(piece, pieces)}</ul></div>
<div class="foot">{name} 版权所有（本站为演示站点，内容纯属虚构）</div></body></html>"""


def _meta(site: str, piece: Piece, name: str) -> str:
    title, at = escape(piece.title), wall(piece.published_at)
    if site == "gov":
        fields = {
            "SiteName": name,
            "ColumnName": "新闻中心",
            "ArticleTitle": title,
            "PubDate": at,
            "ContentSource": escape(piece.credit or name),
        }
        return "".join(f'<meta name="{key}" content="{value}">' for key, value in fields.items())
    if site in ("daily", "online"):
        stamp = wall(piece.published_at, "%Y-%m-%dT%H:%M:%S+08:00")
        return f'<meta property="og:title" content="{title}"><meta property="article:published_time" content="{stamp}">'
    return ""


def _main(site: str, piece: Piece, title: str, credit: str, body: str) -> str:
    at, by = wall(piece.published_at), escape(piece.by)
    match site:
        case "gov":
            return (
                f'<div class="main"><h1 class="title">{title}</h1><div class="info">发布时间：{at}　来源：{credit}　浏览次数：'
                f'<span id="hits"></span></div><div id="zoom" class="article-content">{body}</div></div>'
            )
        case "daily":
            return (
                f'<article><h1>{title}</h1><div class="meta"><span class="source">{credit}</span> <span class="time">{at}</span>'
                f' <span class="author">{by}</span></div><div class="content">{body}</div></article>'
            )
        case "metro":
            day = wall(piece.published_at, "%Y年%m月%d日 %H:%M")
            return (
                f'<table width="960" align="center"><tr><td><h1 align="center">{title}</h1><div align="center">{day} 来源：{credit} 作者：{by}</div>'
                f'<div id="ozoom" class="text">{body}</div><div align="right">（编辑 {by[-2:]}）</div></td></tr></table>'
            )
        case "online":
            return (
                f'<div class="wrap"><h1 id="title">{title}</h1><div class="bar">来源：{credit} | 时间：{at} | 字号：大 中 小</div>'
                f'<div id="content">{body}</div></div>'
            )
        case _:
            return f'<div class="post"><h2>{title}</h2><p class="sub">{at} · {by} · 来源 {credit}</p><div class="entry">{body}</div></div>'


def _related(piece: Piece, pieces: Sequence[Piece]) -> str:
    others = [other for other in pieces if other is not piece and other.published_at < piece.published_at][:4]
    return "".join(f'<li><a href="{other.path}">{escape(other.title)}</a></li>' for other in others)
