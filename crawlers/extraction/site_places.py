"""What was learned of each site (站点记忆): after a few pages it is known where title, time and body stand.

Places are learned from whole readings, one set for each shape of address of a host. A place is an id, or a tag with its
class, that stands once on the page. Once three articles agree, the next are read there directly, which costs a tenth; each is
verified (prose in the body, a title that <title> knows, a time), else read whole. Three articles in a row that are not where
they should be mean a redesign: what was learned is forgotten and the page's reasons say so. One in fifty is read both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.extraction.body import body_text, prune, without_extras
from crawlers.extraction.chinese_time import Moment, read_time
from crawlers.extraction.page import Page
from crawlers.extraction.words import bare, flat

REDESIGNED = "网站似乎改版了：学到的位置上不再有正文，已重新学习"
_AGREE = 3  # articles
_AUDIT = 50  # pages
_MOST = 20_000  # shapes of addresses that are remembered
_PROSE = 40  # characters


@dataclass(frozen=True, slots=True)
class Places:
    """XPaths of one kind of page; `time` may be a <meta> name written as its XPath."""

    title: str
    time: str
    body: str


@dataclass(slots=True)
class _Site:
    seen: list[Places] = field(default_factory=list)
    known: Places | None = None
    read: int = 0
    missed: int = 0


@dataclass(slots=True)
class Reading:
    """What was read at learned places."""

    title: str
    moment: Moment
    body: Any
    words: str


class SitePlaces:
    """Remembers places by host and shape of address. One for all pages of a process; holds no text."""

    def __init__(self) -> None:
        self._sites: dict[str, _Site] = {}

    def known(self, url: str) -> Places | None:
        """The places that pages at such addresses have, None while unsure."""
        site = self._sites.get(_shape(url))
        return site.known if site else None

    def read(self, tree: Any, url: str, fetched_at: datetime | None) -> Reading | None:
        """Read `tree` at the learned places; None when nothing is known, it does not fit, or it is time for an audit."""
        site = self._sites.get(_shape(url))
        if site is None or site.known is None:
            return None
        site.read += 1
        if site.read % _AUDIT == 0:
            return None
        found = _read(tree, site.known, fetched_at)
        if found is not None:
            site.missed = 0
        return found

    def learn(self, tree: Any, url: str, page: Page, body: Any) -> str:
        """Take in an article that was read whole. Returns what is odd about it, in Chinese, or ''."""
        shape = _shape(url)
        site = self._sites.get(shape)
        if site is None:
            if len(self._sites) >= _MOST:
                self._sites.pop(next(iter(self._sites)))
            site = self._sites[shape] = _Site()
        places = _places(tree, page, body)
        if site.known is not None:
            if places is not None and places.body == site.known.body:
                return ""
            site.missed += 1
            if site.missed < _AGREE:
                return ""
            site.known, site.missed, site.seen = None, 0, []
            return REDESIGNED
        if places is not None:
            site.seen = [*site.seen[1 - _AGREE :], places]
            if len(site.seen) == _AGREE and len(set(site.seen)) == 1:
                site.known = places
        return ""


def _read(tree: Any, places: Places, fetched_at: datetime | None) -> Reading | None:
    bodies, titles = tree.xpath(places.body), tree.xpath(places.title)
    if len(bodies) != 1 or len(titles) != 1:
        return None
    title = flat(_said(titles[0]))
    whole = bare(flat(tree.findtext(".//title") or ""))
    moment = next(
        (m for found in tree.xpath(places.time)[:2] if (m := read_time(flat(_said(found)), fetched_at))), None
    )
    if not title or moment is None or (bare(title) not in whole and whole not in bare(title)):
        return None
    prune(bodies[0])
    without_extras(bodies[0])
    words = body_text(bodies[0], title)
    if len(words) < _PROSE or not re.search(r"[，。！？]", words):
        return None
    return Reading(title, moment, bodies[0], words)


def _said(found: Any) -> str:
    return found if isinstance(found, str) else "".join(found.itertext())


def _places(tree: Any, page: Page, body: Any) -> Places | None:
    """Where this article's parts stand, None when one of them cannot be named."""
    at = _name(tree, body)
    title, time = _place_of_title(tree, page.title), _place_of_time(tree, page)
    return Places(title, time, at) if at and title and time else None


def _place_of_title(tree: Any, title: str) -> str:
    for element in tree.iter("h1", "h2", "h3", "div", "span", "p", "td", "strong"):
        if len(element) <= 3 and flat(element.text_content()) == title and (name := _name(tree, element)):
            return name
    return _place_of_meta(tree, lambda value: flat(value) == title)


def _place_of_time(tree: Any, page: Page) -> str:
    """The <meta>, else the smallest element, that gives the page's time to the same precision."""

    def gives(text: str) -> bool:
        found = read_time(flat(text), page.published_at)
        return found is not None and (found.at, found.precision) == (page.published_at, page.precision)

    if meta := _place_of_meta(tree, gives):
        return meta
    for element in tree.iter("span", "time", "em", "i", "p", "div", "td", "li"):
        if re.search(r"\d", element.text or "") or element.tag in ("p", "div"):
            words = flat(element.text_content()) if len(element) <= 12 else ""
            if 4 <= len(words) <= 160 and gives(words) and (name := _name(tree, element)):
                return name
    return ""


def _place_of_meta(tree: Any, fits: Any) -> str:
    for meta in tree.iter("meta"):
        for key in ("name", "property", "itemprop"):
            label = meta.get(key) or ""
            if re.fullmatch(r"[\w:.-]+", label) and fits(meta.get("content") or ""):
                return f"//meta[@{key}='{label}']/@content"
    return ""


def _name(tree: Any, element: Any) -> str:
    """An XPath that finds `element` alone: by its id, its class, or its tag; '' when there is none."""
    for key in ("id", "class"):
        value = element.get(key) or ""
        if value and "'" not in value and not re.search(r"\d{4}", value):
            path = f"//{element.tag}[@{key}='{value}']"
            if len(tree.xpath(path)) == 1:
                return path
    path = f"//{element.tag}"
    if element.tag in ("h1", "article", "time") and len(tree.xpath(path)) == 1:
        return path
    parent = element.getparent()
    if parent is not None and (above := parent.get("class") or parent.get("id")) and "'" not in above:
        path = f"//{parent.tag}[@{'class' if parent.get('class') else 'id'}='{above}']/{element.tag}"
        if len(tree.xpath(path)) == 1:
            return path
    return ""


def _shape(url: str) -> str:
    """Host and address with what differs between articles made equal."""
    parts = urlsplit(url)
    steps = [re.sub(r"\d+", "#", step) for step in parts.path.split("/")]
    steps[-1] = re.sub(r"[\w%-]*#[\w%#-]*|[\w%-]{12,}", "#", steps[-1])
    return f"{parts.hostname}{'/'.join(step if len(step) < 12 else '#' for step in steps)}"
