"""News and government sites (新闻、政府网站): lists, feeds or sitemaps lead to article pages.

New addresses are followed oldest last seen first; a list goes on to its next page while everything on it is new. A known
article is looked at again later: changed pages are archived again, deleted ones noted.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from pydantic import BaseModel, ConfigDict, Field, field_validator

from crawlers.extraction.page import Link, Page
from crawlers.feeds import Entry, read_feed, read_sitemap
from crawlers.fetched import Fetched
from crawlers.spiders.articles import keep_article
from crawlers.spiders.lists import each_start, newest_first, read_list
from crawlers.troubles import PageTrouble, Reason
from crawlers.visit import KnownPage, Visit

_ARTICLE_WORDS = 6  # a link's words that may be a headline


class SiteOptions(BaseModel):
    """`lists` are list pages besides the source's own url; `article` tells article addresses from others (a regular
    expression; without one, addresses that look like articles and bear a headline are tried)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lists: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    article: str = ""
    next_page: str = ""
    list_pages: int = Field(default=3, ge=1, le=200)
    revisits: int = Field(default=10, ge=0, le=200)

    @field_validator("article", "next_page")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"不是有效的正则表达式：{error}") from None
        return value


class Site:
    """Lists → articles."""

    Options = SiteOptions

    def __init__(self, options: SiteOptions) -> None:
        self.options = options
        self._article = re.compile(options.article) if options.article else None

    async def collect(self, visit: Visit) -> None:
        """Follow every list, feed and sitemap; trouble with one of them is noted, trouble with all stops the source."""
        starts = [*self.options.lists, *self.options.feeds, *self.options.sitemaps] or [visit.source.url]
        wanted: dict[str, None] = {}

        async def lead(start: str) -> None:
            wanted.update(dict.fromkeys(await self._leads(visit, start)))

        await each_start(visit, starts, lead)
        await visit.each(list(wanted), lambda url: self._article_page(visit, url))
        await visit.look_again(lambda fetched, page: self._changed(visit, fetched, page), self.options.revisits)

    async def _leads(self, visit: Visit, start: str) -> list[str]:
        """Addresses of articles that are not known yet, from a list, a feed or a sitemap."""
        if start in self.options.feeds:
            fetched = await visit.get(start, conditional=True)
            return await self._entered(visit, [] if fetched.unchanged else read_feed(fetched))
        if start in self.options.sitemaps:
            fetched = await visit.get(start, conditional=True)
            return await self._entered(visit, [] if fetched.unchanged else read_sitemap(fetched))
        return await self._listed(visit, start)

    async def _entered(self, visit: Visit, entries: list[Entry]) -> list[str]:
        new = await self._unknown(visit, [entry.url for entry in newest_first(entries)])
        visit.reached_back(len(new) < len(entries) or not entries)
        return new

    async def _listed(self, visit: Visit, start: str) -> list[str]:
        """Addresses of articles on a list page and, while all of it is new, on the pages after it."""
        leads: list[str] = []

        def addresses(page: Page, seen: Collection[str]) -> list[str]:
            links = (link.url for link in page.links if self._may_be_article(visit, link, seen))
            found = list(dict.fromkeys(links))
            if not found and len(seen) == 1 and page.page == "article":
                raise PageTrouble(Reason.NOT_UNDERSTOOD, start, "列表地址打开的是一篇文章")
            return found

        async def take(found: list[str]) -> list[str]:
            new = await self._unknown(visit, found)
            leads.extend(new)
            return new

        await read_list(visit, start, self.options.list_pages, addresses, take, self.options.next_page)
        return leads

    async def _unknown(self, visit: Visit, urls: list[str]) -> list[str]:
        allowed = [url for url in urls if visit.source.may_fetch(url)]
        known = await visit.known(allowed)
        return [url for url in allowed if url not in known or not known[url].document_id]

    def _may_be_article(self, visit: Visit, link: Link, seen: Collection[str]) -> bool:
        if link.url in seen or not visit.source.may_fetch(link.url):
            return False
        if self._article:
            return bool(self._article.search(link.url))
        return len(link.text) >= _ARTICLE_WORDS and looks_like_article(link.url)

    async def _article_page(self, visit: Visit, url: str) -> None:
        fetched = await visit.get(url)
        page = await visit.read(fetched)
        if page.page == "article":
            await keep_article(visit, fetched, page)
        elif self._article or page.page == "other":
            visit.quarantine(fetched, "；".join(page.reasons) or "看不出是文章")
        else:  # a list among the guesses: remembered so that it is not tried again
            visit.harvest.pages[url] = (fetched, "-")

    async def _changed(self, visit: Visit, fetched: Fetched, known: KnownPage) -> None:
        page = await visit.read(fetched)
        if page.page != "article":
            visit.warn(f"原来的文章页 {known.url} 现在看不出是文章")


def looks_like_article(url: str) -> bool:
    """An address with a date or a number of four digits or more in its path, or a long slug, ends in an article."""
    path = url.split("://", 1)[-1].partition("/")[2]
    if re.search(r"(^|/)(index|list|default|channel|column|tag|about)[^/]*$", path, re.I) or path.endswith("/"):
        return False
    return bool(re.search(r"\d{4,}|20\d\d[-/_]?\d\d", path) or re.search(r"[\w-]{12,}(\.s?html?)?$", path))
