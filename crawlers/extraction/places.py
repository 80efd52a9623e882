"""Where an article's parts stand (位置): XPaths of title, time and body that name one element each, found on a whole reading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.page import Page
from crawlers.extraction.words import flat, text_of

_LONGEST_TIME = 40  # characters of a <meta> that says a time and nothing else
_DIGIT = re.compile(r"\d")
_CHANGED = re.compile(r"updat|modif|change|revis", re.I)


@dataclass(frozen=True, slots=True)
class Places:
    """XPaths of one kind of page; `title` and `time` may be those of a <meta>."""

    title: str
    time: str
    body: str


def find_places(tree: Any, page: Page, body: Any) -> Places | None:
    """Where this article's parts stand, None when one of them cannot be named."""
    at = _name(tree, body)
    title, time = _place_of_title(tree, page.title), _place_of_time(tree, page)
    return Places(title, time, at) if at and title and time else None


def _place_of_title(tree: Any, title: str) -> str:
    for element in tree.iter("h1", "h2", "h3", "div", "span", "p", "td", "strong"):
        if len(element) <= 3 and flat(text_of(element)) == title and (name := _name(tree, element)):
            return name
    return _place_of_meta(tree, lambda value, _: flat(value) == title)


def _place_of_time(tree: Any, page: Page) -> str:
    """The <meta>, else the smallest element, that gives the page's time to the same precision."""

    def gives(text: str) -> bool:
        found = read_time(flat(text), page.published_at)
        return found is not None and (found.at, found.precision) == (page.published_at, page.precision)

    def says_it(value: str, label: str) -> bool:
        return (
            len(value) <= _LONGEST_TIME and bool(_DIGIT.search(value)) and not _CHANGED.search(label) and gives(value)
        )

    if meta := _place_of_meta(tree, says_it):
        return meta
    for element in tree.iter("span", "time", "em", "i", "p", "div", "td", "li"):
        if re.search(r"\d", element.text or "") or element.tag in ("p", "div"):
            words = flat(text_of(element)) if len(element) <= 12 else ""
            if 4 <= len(words) <= 160 and gives(words) and (name := _name(tree, element)):
                return name
    return ""


def _place_of_meta(tree: Any, fits: Any) -> str:
    for meta in tree.iter("meta"):
        for key in ("name", "property", "itemprop"):
            label = meta.get(key) or ""
            if re.fullmatch(r"[\w:.-]+", label) and fits(meta.get("content") or "", label):
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
