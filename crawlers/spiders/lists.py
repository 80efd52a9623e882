"""Lists that lead on (列表): what sites, feeds, forums and portals do alike.

Every start is read once, new addresses are opened, and a list goes on to its next page while everything on it is new.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from crawlers.extraction.page import Page
from crawlers.feeds import Entry, read_feed
from crawlers.troubles import PageTrouble, SourceTrouble
from crawlers.visit import LISTED, Visit

_DEEPER = 10  # times as many pages of a list when a gap is to be filled
_NEXT = re.compile(r"^\s*(下一页|下页|后一页|>|›|»|next)\s*$", re.I)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def each_start(visit: Visit, starts: Sequence[str], one: Callable[[str], Awaitable[None]]) -> None:
    """Do `one` for every start; trouble with one is noted, trouble with all of them stops the source."""
    troubles: list[PageTrouble] = []
    for start in starts:
        try:
            await one(start)
        except PageTrouble as trouble:
            troubles.append(trouble)
            visit.miss(trouble.url or start, trouble)
    if troubles and len(troubles) == len(starts):
        raise SourceTrouble(troubles[0].reason, troubles[0].detail)


def depth(visit: Visit, pages: int) -> int:
    """How many pages of a list may be read: more when something was missed since the last good look."""
    return pages * (_DEEPER if visit.missed_since else 1)


def next_page(page: Page, seen: Iterable[str], pattern: str = "") -> str | None:
    """The address of the page after this one: its link says so, or its address fits the pattern."""
    for link in page.links:
        matches = re.search(pattern, link.url) if pattern else _NEXT.match(link.text)
        if matches and link.url not in seen:
            return link.url
    return None


def read_back(listed: Sequence[str], new: Sequence[str]) -> bool:
    """True when a list was read back to what was known. A few known ones above all new ones are pinned (置顶) and say
    nothing; many are a list that grows at its end."""
    fresh = set(new)
    if len(listed) - len(fresh) > len(fresh):
        return True
    return not fresh or any(url not in fresh for url in listed[listed.index(new[0]) :])


async def read_list(
    visit: Visit,
    start: str,
    pages: int,
    addresses: Callable[[Page, Collection[str]], list[str]],
    take: Callable[[list[str]], Awaitable[list[str]]],
    pattern: str = "",
) -> None:
    """Read a list page after page; `{page}` in `start` counts up from 1, else the next page's link (or `pattern`) leads on.

    `addresses` picks those of a page, knowing which list pages were read; `take` does with them what is to be done and
    answers which were new. A later page that cannot be had is noted and ends the list: what stands before it is kept.
    Raises PageTrouble when the first page cannot be had, or bears no address although it did before.
    """
    following: str | None = start.replace("{page}", "1")
    reached = False
    seen: set[str] = set()
    for number in range(1, depth(visit, pages) + 1):
        if following is None:
            break
        seen.add(following)
        try:
            fetched = await visit.get(following, conditional=number == 1)
        except PageTrouble as trouble:
            if number == 1:
                raise
            visit.miss(following, trouble)
            break
        if fetched.unchanged:
            reached = True
            break
        page = await visit.read(fetched)
        found = addresses(page, seen)
        if not found:
            if number == 1:
                visit.empty_list(following)
            break
        visit.memory[LISTED] = True
        new = await take(found)
        reached = reached or read_back(found, new)
        if visit.enough(reached):
            break
        following = start.replace("{page}", str(number + 1)) if "{page}" in start else next_page(page, seen, pattern)
        if following is not None and not visit.source.may_fetch(following):
            break
    visit.reached_back(reached)


async def open_new(
    visit: Visit, start: str, wanted: re.Pattern[str], pages: int, one: Callable[[str], Awaitable[None]]
) -> None:
    """Do `one` for every new address on a list that is `wanted`, page after page (see `read_list`)."""

    def addresses(page: Page, _: Collection[str]) -> list[str]:
        return list(dict.fromkeys(link.url for link in page.links if wanted.search(link.url)))

    async def take(found: list[str]) -> list[str]:
        known = await visit.known(found)
        new = [url for url in found if url not in known]
        await visit.each(new, one)
        return new

    await read_list(visit, start, pages, addresses, take)


async def open_feed(visit: Visit, address: str, one: Callable[[Entry], Awaitable[None]]) -> None:
    """Do `one` for every entry of a feed that is not kept yet, newest first. PageTrouble when the feed cannot be had."""
    fetched = await visit.get(address, conditional=True)
    if fetched.unchanged:
        return visit.reached_back(True)
    by_url: Mapping[str, Entry] = {entry.url: entry for entry in newest_first(read_feed(fetched))}
    known = await visit.known(by_url)
    new = [url for url in by_url if url not in known or not known[url].document_id]
    visit.reached_back(read_back(list(by_url), new))
    return await visit.each(new, lambda url: one(by_url[url]))


def newest_first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.published_at is None, -(entry.published_at or _EPOCH).timestamp()))
