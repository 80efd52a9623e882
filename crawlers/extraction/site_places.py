"""What was learned of each site (站点记忆): after a few pages it is known where title, time and body stand.

Places are learned from whole readings, one set for each shape of address of a host. Once three articles agree, the next are
read there directly, which costs a tenth; each is verified, else read whole. Three articles in a row that are not where they
should be mean a redesign: what was learned is forgotten and the page's reasons say so. One in fifty is read both ways.
What is known can be taken out and put back (`of_host`, `put_back`), so that it outlives the process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.extraction.learned import Reading, read_at, until_its_end
from crawlers.extraction.page import Page
from crawlers.extraction.places import Places, find_places

REDESIGNED = "网站似乎改版了：学到的位置上不再有正文，已重新学习"
_AGREE = 3  # articles
_AUDIT = 50  # pages
_MOST = 20_000  # shapes of addresses that are remembered


@dataclass(slots=True)
class _Site:
    seen: list[Places] = field(default_factory=list)
    known: Places | None = None
    part: bool = True  # the source up to the body's end is enough
    read: int = 0
    missed: int = 0


class SitePlaces:
    """Remembers places by host and shape of address. One for all pages of a process; holds no text.

    `changed` holds the hosts of which something else is known than when they were last taken out.
    """

    def __init__(self) -> None:
        self._sites: dict[tuple[str, str], _Site] = {}
        self.changed: set[str] = set()

    def known(self, url: str) -> Places | None:
        """The places that pages at such addresses have, None while unsure."""
        site = self._sites.get(_shape(url))
        return site.known if site else None

    def read(self, source: str, url: str, fetched_at: datetime | None) -> Reading | None:
        """Read a page at the learned places; None when nothing is known, it does not fit, or it is time for an audit."""
        site = self._sites.get(_shape(url))
        if site is None or site.known is None:
            return None
        site.read += 1
        if site.read % _AUDIT == 0:
            return None
        part = until_its_end(source, site.known.body) if site.part else ""
        found = read_at(part or source, site.known, fetched_at)
        if found is not None:
            site.missed = 0
        return found

    def learn(self, tree: Any, source: str, url: str, page: Page, body: Any) -> str:
        """Take in an article that was read whole. Returns what is odd about it, in Chinese, or ''."""
        shape = _shape(url)
        site = self._sites.get(shape)
        if site is None:
            if len(self._sites) >= _MOST:
                self._sites.pop(next(iter(self._sites)))
            site = self._sites[shape] = _Site()
        places = find_places(tree, page, body)
        if site.known is not None:
            if places is not None and places.body == site.known.body:
                site.part = site.part and _part_is_enough(source, site.known, page)
                return ""
            site.missed += 1
            if site.missed < _AGREE:
                return ""
            site.known, site.missed, site.seen = None, 0, []
            self.changed.add(shape[0])
            return REDESIGNED
        if places is not None:
            site.seen = [*site.seen[1 - _AGREE :], places]
            if len(site.seen) == _AGREE and len(set(site.seen)) == 1:
                site.known, site.part = places, _part_is_enough(source, places, page)
                self.changed.add(shape[0])
        return ""

    def of_host(self, host: str) -> dict[str, list[str]]:
        """What is known of a host: shape of address → title, time, body."""
        self.changed.discard(host)
        return {
            shape: list(astuple(site.known))
            for (of, shape), site in list(self._sites.items())
            if of == host and site.known
        }

    def put_back(self, host: str, known: Mapping[str, list[str]]) -> None:
        """Know again what an earlier process knew of a host; every page is still verified."""
        for shape, places in known.items():
            self._sites.setdefault((host, shape), _Site(known=Places(*places)))


def _part_is_enough(source: str, places: Places, page: Page) -> bool:
    """Whether reading up to the body's end gives just what the whole page gave."""
    part = until_its_end(source, places.body)
    found = read_at(part, places, page.published_at) if part else None
    return found is not None and (found.title, found.words) == (page.title, page.text)


def _shape(url: str) -> tuple[str, str]:
    """Host, and address with what differs between articles made equal."""
    parts = urlsplit(url)
    steps = [re.sub(r"\d+", "#", step) for step in parts.path.split("/")]
    steps[-1] = re.sub(r"[\w%-]*#[\w%#-]*|[\w%-]{12,}", "#", steps[-1])
    return parts.hostname or "", "/".join(step if len(step) < 12 else "#" for step in steps)
