"""Article pages (文章页) → documents. An article may go on: c_81.html at c_81_2.html; the words of all its pages make one document.

Each further page has the first one's address with a number behind it and is linked on a page before it. All pages go into
the evidence. One that cannot be had is noted; what stands before it is kept.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from crawlers.extraction.page import Page
from crawlers.fetched import Fetched
from crawlers.troubles import PageTrouble, Reason
from crawlers.visit import Visit
from pipeline.document import Document

_MOST = 30  # pages of one article
_NAME = re.compile(r"([\w.-]*\d[\w-]*)(\.\w{3,5})")


async def keep_article(visit: Visit, fetched: Fetched, page: Page) -> None:
    """Keep an article and the pages on which it goes on."""
    further = await _further(visit, fetched, page)
    text = "\n".join(dict.fromkeys([page.text, *(more.text for _, more in further)]))
    images = tuple(dict.fromkeys([*page.images, *(image for _, more in further for image in more.images)]))
    document = article(visit, fetched, replace(page, text=text, images=images))
    visit.keep(document, fetched, [one for one, _ in further])


def article(visit: Visit, fetched: Fetched, page: Page) -> Document:
    """The Document of an article page."""
    return Document(
        id=visit.document_id(fetched.asked),
        text=page.text,
        kind=visit.source.kind,
        source=visit.source.name,
        url=fetched.asked,
        title=page.title,
        author=page.author,
        published_at=not_later(page.published_at, visit.now),
        collected_at=visit.now,
    )


def not_later(moment: datetime | None, now: datetime) -> datetime | None:
    """A publication time from the future (a wrong clock, a planned page) is unknown, not true."""
    return None if moment and moment > now + timedelta(minutes=5) else moment


async def _further(visit: Visit, first: Fetched, page: Page) -> list[tuple[Fetched, Page]]:
    found: list[tuple[Fetched, Page]] = []
    waiting, seen = addresses_of_further_pages(first.url, first.body), {first.url}
    while waiting and len(found) < _MOST:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        try:
            fetched = await visit.get(url)
            more = await visit.read(fetched)
            if not more.text:
                raise PageTrouble(Reason.NOT_UNDERSTOOD, url, f"“{page.title}”的后一页看不出正文")
        except PageTrouble as trouble:
            visit.miss(url, trouble)
            break
        found.append((fetched, more))
        waiting += addresses_of_further_pages(first.url, fetched.body)
    return found


def addresses_of_further_pages(url: str, body: bytes) -> list[str]:
    """The addresses at which the page at `url` goes on, as far as `body` links them, in the order of their numbers."""
    parts = urlsplit(url)
    folder, _, last = parts.path.rpartition("/")
    name = _NAME.fullmatch(last)
    if name is None or parts.query:
        return []
    stem, ending = (re.escape(part.encode()) for part in name.groups())
    numbers = re.compile(
        rb"""href\s*=\s*["']?[^"'>\s]*?(?<![\w-])""" + stem + rb"([_-])(\d{1,2})" + ending + rb"""["'#>\s]"""
    )
    told = sorted({(int(number), mark.decode()) for mark, number in numbers.findall(body)})
    return [
        f"{parts.scheme}://{parts.netloc}{folder}/{name[1]}{mark}{number}{name[2]}" for number, mark in told if number
    ]
