"""RSS and Atom feeds (订阅源), RSSHub routes by name among them: the entry's own content when it is whole, else its page."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crawlers.extraction.text import text_of_html
from crawlers.feeds import Entry
from crawlers.fetched import Fetched
from crawlers.spiders.articles import keep_article, not_later
from crawlers.spiders.lists import each_start, open_feed
from crawlers.visit import KnownPage, Visit
from pipeline.document import Document

# RSSHub's own names of the routes that an office uses most: https://docs.rsshub.app
ROUTES = {
    "weibo-user": "/weibo/user/{0}",
    "weibo-keyword": "/weibo/keyword/{0}",
    "weibo-hot": "/weibo/search/hot",
    "wechat-account": "/wechat/ce/{0}",
    "bilibili-user": "/bilibili/user/video/{0}",
    "douyin-user": "/douyin/user/{0}",
    "kuaishou-user": "/kuaishou/profile/{0}",
    "tieba-forum": "/tieba/forum/{0}",
    "zhihu-hot": "/zhihu/hot",
    "toutiao-keyword": "/toutiao/keyword/{0}",
    "people-liuyan": "/people/liuyan/{0}",
    "gov-policy": "/gov/zhengce/zuixin",
}


class FeedOptions(BaseModel):
    """`routes`: RSSHub routes as `name` or `name:parameter`, on the source's url; without any the url is the feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    routes: tuple[str, ...] = ()
    content: Literal["auto", "feed", "page"] = "auto"
    whole_chars: int = Field(default=200, ge=1)
    revisits: int = Field(default=10, ge=0, le=200)

    @model_validator(mode="after")
    def _routes_known(self) -> FeedOptions:
        for route in self.routes:
            name, _, parameter = route.partition(":")
            if name not in ROUTES:
                raise ValueError(f"没有名为“{name}”的 RSSHub 路由，可用：{'、'.join(ROUTES)}")
            if "{0}" in ROUTES[name] and not parameter:
                raise ValueError(f"路由“{name}”要写成 {name}:参数")
        return self


class Feed:
    """Entries → documents."""

    Options = FeedOptions

    def __init__(self, options: FeedOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        def feed(address: str) -> Awaitable[None]:
            return open_feed(visit, address, lambda entry: self._entry(visit, entry))

        await each_start(visit, self._addresses(visit.source.url), feed)
        await visit.look_again(lambda fetched, page: self._changed(visit, fetched, page), self.options.revisits)

    def _addresses(self, url: str) -> list[str]:
        if not self.options.routes:
            return [url]
        found = []
        for route in self.options.routes:
            name, _, parameter = route.partition(":")
            found.append(url.rstrip("/") + ROUTES[name].format(quote(parameter, safe="/")))
        return found

    async def _entry(self, visit: Visit, entry: Entry) -> None:
        text = text_of_html(entry.html)
        whole = len(text) >= self.options.whole_chars or not visit.source.may_fetch(entry.url)
        if self.options.content == "feed" or (self.options.content == "auto" and whole):
            visit.keep(from_entry(visit, entry, text))
            visit.watch(entry.url, visit.document_id(entry.url), look=visit.source.may_fetch(entry.url))
            return
        fetched = await visit.get(entry.url)
        page = await visit.read(fetched)
        if page.page == "article":
            await keep_article(visit, fetched, page)
        elif text:
            visit.warn(f"{entry.url} 的页面看不出是文章，用了订阅源里的摘要")
            visit.keep(from_entry(visit, entry, text), fetched)
        else:
            visit.quarantine(fetched, "；".join(page.reasons) or "看不出是文章")

    async def _changed(self, visit: Visit, fetched: Fetched, known: KnownPage) -> None:
        if (await visit.read(fetched)).page == "list":
            visit.warn(f"原来的文章页 {known.url} 现在是列表")


def from_entry(visit: Visit, entry: Entry, text: str) -> Document:
    """The Document of an entry that carries its own content."""
    return Document(
        id=visit.document_id(entry.url),
        text=text or entry.title,
        kind=visit.source.kind,
        source=visit.source.name,
        url=entry.url,
        title=entry.title,
        author=entry.author,
        published_at=not_later(entry.published_at, visit.now),
        collected_at=visit.now,
    )
