"""From HTML to Page (正文抽取): government meta tags first, then what the page shows: headline, time near it, prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from crawlers.extraction.address import anchored, day_of
from crawlers.extraction.body import body_text, find_body, parse, prune, share_of_prose
from crawlers.extraction.embedded import embedded_article
from crawlers.extraction.headline import headline
from crawlers.extraction.learned import Reading
from crawlers.extraction.page import Link, Page
from crawlers.extraction.page_kind import dated_rows, page_kind
from crawlers.extraction.published import published
from crawlers.extraction.second_opinion import outvoted
from crawlers.extraction.site_places import SitePlaces
from crawlers.extraction.words import flat, text_of

_FEW = 12  # headline links: a page that scripts draw has few in its markup
_A_LIST = 6  # dated rows with a headline link each
_UNSURE = 0.6  # share of the page's prose
_META_SOURCE = ("contentsource", "source", "article:source")
_META_AUTHOR = ("author", "article:author")
_SOURCE = re.compile(r"(?:来源|稿源|信息来源|文章来源)\s*[:：]\s*([^\s|｜丨作编责浏阅字发时]{2,30})")
_ROOTED = re.compile(r"(?!.*/\.)/(?!/)[\w./-]*(?:\?[\w=&.%-]+)?", re.A)
_HOST = re.compile(r"https?://[^/?#\s]+")
_AUTHOR = re.compile(r"(?:作者|记者)\s*[:：]\s*([^\s|｜丨来编责浏]{2,20})")


def extract(
    html: bytes | str,
    url: str,
    encoding: str | None = None,
    fetched_at: datetime | None = None,
    places: SitePlaces | None = None,
) -> Page:
    """Read one page, at the learned `places` of its site when they are known. Never raises on bad HTML: an unreadable page
    is `other` with its reason. A learned article's links are those of its body."""
    text = (html if isinstance(html, str) else decode(html, encoding)).replace("\0", "")
    if places is not None and (learned := places.read(text, url, fetched_at)) is not None:
        return _learned(learned, url)
    try:
        tree = parse(text)
    except (ValueError, TypeError, AssertionError, etree.LxmlError) as error:
        return Page("other", reasons=(f"不是可读的 HTML：{error}",))
    meta = _meta(tree)
    links = _links(tree, url)
    carried = embedded_article(tree) if sum(len(link.text) >= 10 for link in links) < _FEW else None
    prune(tree)
    body = find_body(tree)
    shown_title = headline(tree, meta, body)
    words = body_text(body, shown_title) if body is not None else ""
    if carried is not None and len(drawn := body_text(carried, shown_title)) > 3 * len(words):
        body, words = carried, drawn
        tree.append(carried)
    head, foot = _around(tree, shown_title, words)
    moment = published(meta, head, foot, text, tree, fetched_at, url)
    kind, why = page_kind(tree, meta, words, links, moment is not None, body, shown_title)
    if kind != "article":
        return Page(kind, title=shown_title, links=links, reasons=(why,))
    moment = moment or day_of(url, fetched_at)
    sure = share_of_prose(tree, body)
    if sure < _UNSURE and (theirs := outvoted(text, words, shown_title)):
        words, why, places = theirs, "正文由另外两种方法一致认定", None  # nothing to learn here
    page = Page(
        page="article",
        title=shown_title,
        published_at=moment.at if moment else None,
        precision=moment.precision if moment else "",
        author=_author(meta, head),
        source=_first(meta, _META_SOURCE) or _matched(_SOURCE, head),
        text=words,
        images=_images(body, url),
        links=links,
        confidence=round(min(0.5 + sure / 2, 1.0), 2),
        reasons=(why,),
    )
    if places is not None and (odd := places.learn(tree, text, url, page, body)):
        return replace(page, reasons=(*page.reasons, odd))
    return page


def _learned(found: Reading, url: str) -> Page:
    meta, moment = _meta(found.tree), anchored(found.moment, url)
    head = "\n".join(flat("".join(near.itertext())) for near in _near(found.body))
    return Page(
        page="article",
        title=found.title,
        published_at=moment.at,
        precision=moment.precision,
        author=_author(meta, head),
        source=_first(meta, _META_SOURCE) or _matched(_SOURCE, head),
        text=found.words,
        images=_images(found.body, url),
        links=_links(found.body, url),
        confidence=0.95,
        reasons=("按本站学到的位置读出",),
    )


def _near(body: Any) -> list[Any]:
    """The blocks just above the body, nearest last: where source and author stand."""
    above = list(body.itersiblings(preceding=True))[:3]
    parent = body.getparent()
    above += list(parent.itersiblings(preceding=True))[:2] if parent is not None else []
    return above[::-1]


def _author(meta: dict[str, str], head: str) -> str:
    """Who wrote it: what is shown, else the tag when it names neither the site nor a mail address."""
    shown, told = _matched(_AUTHOR, head), _first(meta, _META_AUTHOR)
    return shown or ("" if "@" in told or re.fullmatch(r"[a-z0-9]+|.{0,6}(?:网|网易|新浪|腾讯)", told) else told)


def _images(body: Any, url: str) -> tuple[str, ...]:
    found = []
    for address in body.xpath(".//img/@src | .//img/@data-src")[:50] if body is not None else ():
        try:
            found.append(_absolute(url, address))
        except ValueError:
            continue
    return tuple(found)


def decode(body: bytes, encoding: str | None) -> str:
    """UTF-8 when it is, then what the page or header declares, then GB18030, then replacement characters."""
    declared = re.search(rb"charset\s*=\s*[\"']?\s*([\w-]+)", body[:4096], re.I)
    names = ["utf-8", encoding or "", declared.group(1).decode("ascii", "ignore") if declared else "", "gb18030"]
    for name in filter(None, names):
        try:
            return body.decode("gb18030" if name.lower() in ("gb2312", "gbk") else name)
        except (UnicodeDecodeError, LookupError):
            continue
    likely = declared.group(1).decode("ascii", "ignore").lower() if declared else "utf-8"
    return body.decode("gb18030" if likely in ("gb2312", "gbk", "gb18030") else "utf-8", "replace")


# ---------------------------------------------------------------------- parts
def _meta(tree: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        name = (element.get("name") or element.get("property") or element.get("itemprop") or "").strip().lower()
        value = (element.get("content") or "").strip()
        if name and value:
            found.setdefault(name, value)
    return found


def _first(meta: dict[str, str], names: tuple[str, ...]) -> str:
    return next((meta[name] for name in names if meta.get(name)), "")


def _around(tree: Any, title: str, words: str) -> tuple[str, str]:
    """What is shown from the headline to the first words of the body, where time, source and author stand; and what
    follows the body."""
    rows, all_ = dated_rows(tree), tree.find(".//body")
    shown = flat(" ".join(_shown(tree if all_ is None else all_, rows if len(rows) >= _A_LIST else [])))
    opening, ending = flat(words)[:16], flat(words)[-16:]
    first = max(shown.find(title[:12]), 0) if title else 0
    end = shown.find(opening, first) if opening else -1
    if end < 0:
        return shown[first : first + 600], shown[-1500:]
    start = shown.rfind(title[:12], 0, end) if title else -1
    if start < 0 or end - start > 1500:
        start = max(end - 300, 0)
    elif end - start < len(title) + 12:
        start = max(start - 200, 0)  # what belongs to the headline stands over it
    last = shown.find(ending, end)
    return shown[start:end].replace(title, " "), shown[last + 16 : last + 3000] if last >= 0 else ""


def _shown(tree: Any, left_out: list[Any]) -> Iterator[str]:
    """The words of the page in their order, without those of these elements: dates of other articles are not this one's."""
    skipped, ends = set(left_out), None
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            if ends is None and element in skipped:
                ends = element
            if ends is None and element.text:
                yield element.text
        else:
            if element is ends:
                ends = None
            if ends is None and element.tail:
                yield element.tail


def _links(tree: Any, base: str) -> tuple[Link, ...]:
    found: dict[Link, None] = {}
    for anchor in tree.iter("a"):
        href, words = (
            (anchor.get("href") or "").strip(),
            flat(text_of(anchor)) or (anchor.get("title") or "").strip(),
        )
        if href and words and not href.startswith(("javascript:", "#", "mailto:", "tel:")):
            try:
                absolute = _absolute(base, href).split("#")[0]
            except ValueError:
                continue
            found.setdefault(Link(absolute, words))
    return tuple(found)


def _absolute(base: str, address: str) -> str:
    """Like urljoin, which is slow, for the many addresses that are plain: absolute already, or from the host's root."""
    if address.startswith(("https://", "http://")) and "/." not in address:
        return address
    if _ROOTED.fullmatch(address) and (host := _HOST.match(base)):
        return host[0] + address
    return urljoin(base, address)


def _matched(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1).strip() if match else ""
