"""A source from one address (添加信源): finds its feed, its list page, what its articles' addresses look like, and shows
ten articles as they would be collected, so that an administrator judges by what it brings.

The pattern of article addresses is the commonest shape (digits made equal) among links that bear a headline; it stands only
when most pages behind it are read as articles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import html as lxml_html

from crawlers.extraction.extract import decode
from crawlers.extraction.page import Link, Page
from crawlers.feeds import read_feed, read_sitemap
from crawlers.fetched import Fetched
from crawlers.source import Source
from crawlers.spiders.site import looks_like_article
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from crawlers.visit import Visit

PREVIEWS = 10
_FEED_PATHS = ("/rss.xml", "/feed", "/feed.xml", "/atom.xml", "/rss")
_HEADLINE = 8  # characters
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Preview:
    """One article as it would be collected."""

    url: str
    title: str
    published_at: datetime | None
    chars: int
    understood: bool


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found behind an address; `source` is ready to be added, `notes` say in Chinese what to look at."""

    source: Source
    previews: tuple[Preview, ...]
    notes: tuple[str, ...]

    @property
    def good(self) -> bool:
        understood = sum(preview.understood for preview in self.previews)
        return bool(self.previews) and understood >= 0.7 * len(self.previews)


async def discover(visit: Visit) -> Discovery:
    """Look at the visit's source (a draft that has only its url) and complete it. SourceTrouble when it cannot be had."""
    url = visit.source.url
    try:
        fetched = await visit.get(url)
    except PageTrouble as trouble:
        raise SourceTrouble(trouble.reason, trouble.detail) from trouble
    if is_feed(fetched):
        entries = [entry.url for entry in read_feed(fetched)]
        proposed = visit.source.model_copy(update={"spider": "feed", "options": {}})
        return await _previewed(visit, proposed, entries, ["这个地址本身就是订阅源"])
    page = await visit.read(fetched)
    feeds = await _feeds(visit, fetched)
    pattern, articles = article_pattern(page.links, visit.source)
    notes = [f"找到 {len(feeds)} 个订阅源"] if feeds else []
    options: dict[str, Any] = {}
    if pattern and len(articles) >= 3:
        options |= {"lists": [url], "article": pattern}
        notes.append(f"文章地址的样子：{pattern}（{len(articles)} 条）")
    if feeds:
        options["feeds"] = feeds
    if not options:
        sitemap = await _sitemap(visit)
        if sitemap is None:
            raise SourceTrouble(Reason.NOT_UNDERSTOOD, "没有找到订阅源、站点地图或文章列表，请改填栏目列表页的地址")
        options["sitemaps"], articles = [sitemap[0]], sitemap[1]
        notes.append("列表页上看不出文章，改用站点地图")
    if feeds and not articles:
        articles = [entry.url for entry in read_feed(await visit.get(feeds[0]))]
    proposed = visit.source.model_copy(update={"spider": "site", "options": options})
    return await _previewed(visit, proposed, articles, notes)


def article_pattern(links: Sequence[Link], source: Source) -> tuple[str, list[str]]:
    """The regular expression of the commonest article-like addresses and these addresses; '' when there are none."""
    shapes: Counter[str] = Counter()
    by_shape: dict[str, list[str]] = {}
    for link in links:
        if len(link.text) < _HEADLINE or not source.may_fetch(link.url) or not looks_like_article(link.url):
            continue
        shape = _shape(link.url)
        if link.url not in by_shape.setdefault(shape, []):
            by_shape[shape].append(link.url)
            shapes[shape] += 1
    if not shapes:
        return "", []
    best = max(shapes, key=lambda shape: (shapes[shape], shape))
    return _regex(best), by_shape[best]


def is_feed(fetched: Fetched) -> bool:
    head = fetched.body[:600].lstrip().lower()
    return b"<rss" in head or b"<feed" in head or b"<rdf:rdf" in head


def source_id(url: str, taken: Iterable[str]) -> str:
    """A readable id from an address that no other source has."""
    host = re.sub(r"[^a-z0-9]+", "-", (urlsplit(url).hostname or "source").removeprefix("www.").lower()).strip("-")
    base = (host or "source")[:50]
    names = [base if len(base) > 1 else f"{base}-1", *(f"{base}-{number}" for number in range(2, 1000))]
    used = set(taken)
    return next(name for name in names if name not in used)


async def _previewed(visit: Visit, source: Source, urls: Sequence[str], notes: list[str]) -> Discovery:
    pages: dict[str, Page] = {}

    async def one(url: str) -> None:
        pages[url] = await visit.read(await visit.get(url))

    chosen = list(dict.fromkeys(url for url in urls if source.may_fetch(url)))[:PREVIEWS]
    await visit.each(chosen, one)
    previews = tuple(
        Preview(url, page.title, page.published_at, len(page.text), page.page == "article")
        for url in chosen
        if (page := pages.get(url)) is not None
    )
    understood = sum(preview.understood for preview in previews)
    timed = sum(preview.published_at is not None for preview in previews)
    notes.append(f"试读 {len(previews)} 篇：读懂 {understood} 篇，有发布时间 {timed} 篇")
    if visit.harvest.missed:
        notes.append(f"{len(visit.harvest.missed)} 页没取到：{visit.harvest.missed[0].reason}")
    return Discovery(source, previews, tuple(notes))


async def _feeds(visit: Visit, fetched: Fetched) -> list[str]:
    """Feeds that the page names, else those at usual places."""
    tree = lxml_html.fromstring(decode(fetched.body, fetched.encoding) or "<html/>")
    named = [
        urljoin(fetched.url, link.get("href"))
        for link in tree.iter("link")
        if "alternate" in (link.get("rel") or "")
        and re.search(r"rss|atom", link.get("type") or "")
        and link.get("href")
    ]
    found = []
    for address in named[:3] or [urljoin(fetched.url, path) for path in _FEED_PATHS]:
        if not visit.source.may_fetch(address):
            continue
        try:
            answer = await visit.get(address)
        except PageTrouble:
            continue  # a usual place where there is none
        if is_feed(answer):
            found.append(address)
            if not named:
                break
    return found


async def _sitemap(visit: Visit) -> tuple[str, list[str]] | None:
    address = urljoin(visit.source.url, "/sitemap.xml")
    try:
        entries = read_sitemap(await visit.get(address))
    except PageTrouble:
        return None
    urls = [entry.url for entry in entries if looks_like_article(entry.url)]
    return (address, urls) if urls else None


def _shape(url: str) -> str:
    parts = urlsplit(url)
    query = re.sub(r"=[^&]+", "=#", parts.query)
    path = _DIGITS.sub("#", parts.path)
    return f"{path}?{query}" if query else path


def _regex(shape: str) -> str:
    return re.escape(shape).replace(r"\#", "#").replace("=#", "=[^&]+").replace("#", r"\d+")
