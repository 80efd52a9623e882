"""Feeds and sitemaps (RSS、Atom、站点地图) → entries; pure functions over what was fetched."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from crawlers.fetched import Fetched
from crawlers.troubles import PageTrouble, Reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed or a sitemap. `html` is the content when the feed carries it whole."""

    url: str
    title: str = ""
    html: str = ""
    author: str = ""
    published_at: datetime | None = None
    guid: str = ""


def read_feed(fetched: Fetched) -> list[Entry]:
    """Entries of an RSS or Atom feed. PageTrouble when it is none (an HTML page, a log-in form)."""
    import feedparser

    parsed = feedparser.parse(fetched.body, response_headers={"content-type": fetched.headers.get("content-type", "")})
    if not parsed.entries and not parsed.get("version"):
        raise PageTrouble(Reason.NOT_UNDERSTOOD, fetched.url, "不是 RSS 或 Atom")
    return [_entry(raw, fetched.url) for raw in parsed.entries if raw.get("link") or raw.get("id")]


def read_sitemap(fetched: Fetched) -> list[Entry]:
    """Addresses of a sitemap, newest first when it says when. Entities and the network are off while parsing."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(fetched.body, parser)
    except etree.XMLSyntaxError as error:
        raise PageTrouble(Reason.NOT_UNDERSTOOD, fetched.url, f"不是站点地图：{error}") from None
    if root is None or etree.QName(root).localname not in ("urlset", "sitemapindex"):
        raise PageTrouble(Reason.NOT_UNDERSTOOD, fetched.url, "不是站点地图")
    found = []
    for element in root:
        values = {
            etree.QName(child).localname: (child.text or "").strip()
            for child in element
            if child.tag is not etree.Comment
        }
        if values.get("loc"):
            found.append(Entry(url=urljoin(fetched.url, values["loc"]), published_at=_iso(values.get("lastmod", ""))))
    return found


def is_sitemap_index(fetched: Fetched) -> bool:
    return b"<sitemapindex" in fetched.body[:2000]


def _entry(raw: Any, base: str) -> Entry:
    parsed = raw.get("published_parsed") or raw.get("updated_parsed")
    content = raw.get("content") or []
    html = max((part.get("value", "") for part in content), key=len, default="") or raw.get("summary", "")
    return Entry(
        url=urljoin(base, raw.get("link") or raw.get("id")),
        title=re.sub(r"<[^>]+>", "", raw.get("title", "")).strip(),
        html=html,
        author=raw.get("author", ""),
        published_at=datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None,
        guid=raw.get("id", ""),
    )


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
