"""From HTML to Page (正文抽取): government meta tags first, then readability for the body and GNE for title and time."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from lxml import html as lxml_html

from crawlers.extraction.page import Link, Page
from pipeline.clock import SHANGHAI

_META = {
    "title": ("articletitle", "og:title"),
    "time": ("pubdate", "publishdate", "article:published_time", "publishtime"),
    "source": ("contentsource", "mediaid"),
    "author": ("author",),
}
_TIME = re.compile(
    r"(20\d\d)\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})\s*日?(?:[T\s]*(\d{1,2})\s*[:：时]\s*(\d{1,2})(?:[:：分]\s*(\d{1,2}))?)?"
)


def extract(
    html: bytes | str,
    url: str,
    encoding: str | None = None,
    fetched_at: datetime | None = None,
    places: Any = None,  # noqa: ARG001 - learned places of the site; the learner fills it
) -> Page:
    """Read one page. Never raises on bad HTML: an unreadable page is `other` with its reason."""
    text = html if isinstance(html, str) else decode(html, encoding)
    try:
        tree = lxml_html.fromstring(text)
    except (ValueError, TypeError, lxml_html.etree.LxmlError) as error:
        return Page("other", reasons=(f"不是可读的 HTML：{error}",))
    meta = {
        (m.get("name") or m.get("property") or "").strip().lower(): (m.get("content") or "").strip()
        for m in tree.iter("meta")
    }
    links = _links(tree, url)
    body = _body(text)
    title = _first(meta, "title") or _heading(tree)
    moment, precision = _time(_first(meta, "time"), fetched_at)
    if moment is None:
        moment, precision = _time(_visible(tree)[:4000], fetched_at)
    linked = sum(len(link.text) for link in links)
    is_article = len(body) >= 40 and (moment is not None or "articletitle" in meta) and linked < 3 * len(body)
    if not is_article:
        return Page("list" if len(links) >= 8 else "other", title=title, links=links, reasons=("链接文字多于正文",))
    return Page(
        page="article",
        title=title,
        published_at=moment,
        precision=precision,
        author=_first(meta, "author"),
        source=_first(meta, "source"),
        text=body,
        links=links,
        confidence=0.7,
    )


def decode(body: bytes, encoding: str | None) -> str:
    """Header or meta charset, UTF-8 strict, GB18030, then replacement characters."""
    declared = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]+)", body[:2048], re.I)
    names = [encoding or "", declared.group(1).decode("ascii", "ignore") if declared else "", "utf-8", "gb18030"]
    for name in names:
        try:
            return body.decode("gb18030" if name.lower() in ("gb2312", "gbk") else name or "utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("utf-8", "replace")


def _first(meta: dict[str, str], what: str) -> str:
    return next((meta[name] for name in _META[what] if meta.get(name)), "")


def _heading(tree: Any) -> str:
    for path in ("//h1", "//title"):
        for element in tree.xpath(path):
            words = " ".join(element.text_content().split())
            if words:
                return re.split(r"\s*[-_|]\s*", words)[0] if path == "//title" else words
    return ""


def _visible(tree: Any) -> str:
    for gone in tree.xpath("//script|//style"):
        gone.drop_tree()
    return " ".join(tree.text_content().split())


def _links(tree: Any, base: str) -> tuple[Link, ...]:
    found: dict[Link, None] = {}
    for a in tree.iter("a"):
        href, words = (a.get("href") or "").strip(), " ".join(a.text_content().split())
        if href and words and not href.startswith(("javascript:", "#", "mailto:")):
            try:
                absolute = urljoin(base, href).split("#")[0]
            except ValueError:
                continue
            found.setdefault(Link(absolute, words))
    return tuple(found)


def _body(text: str) -> str:
    from readability import Document as Readable

    try:
        summary = lxml_html.fromstring(Readable(text).summary(html_partial=True))
    except Exception:  # readability raises its own and lxml's errors on pages without any text
        return ""
    blocks = (" ".join(block.text_content().split()) for block in summary.xpath("//p|//section|//div[not(.//p)]"))
    return "\n".join(block for block in blocks if block)


def _time(text: str, latest: datetime | None) -> tuple[datetime | None, Any]:
    for match in _TIME.finditer(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
        except ValueError:
            continue
        if latest is None or moment <= latest:
            return moment, "minute" if match.group(4) else "day"
    return None, ""
