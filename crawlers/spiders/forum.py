"""Forums (论坛): thread lists of the Discuz kind lead to threads; the opening post is the document, floors on request.

A forum's own counters (回复, 查看) are the document's; floors become documents of their own with `floors = true`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lxml import html as lxml_html
from pydantic import BaseModel, ConfigDict, Field

from crawlers.extraction.extract import decode
from crawlers.fetched import Fetched
from crawlers.spiders.articles import not_later
from crawlers.spiders.labels import text_lines
from crawlers.spiders.lists import each_start, open_new
from crawlers.spiders.portal import moment
from crawlers.spiders.weibo_shapes import count
from crawlers.visit import KnownPage, Visit
from pipeline.document import Counts, Document, Observation
from pipeline.intake import derived_id


class ForumOptions(BaseModel):
    """Boards besides the url; `thread`: what a thread's address looks like; selectors for other software than Discuz."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    boards: tuple[str, ...] = ()
    thread: str = r"thread-\d+-1-\d+|mod=viewthread&(?:amp;)?tid=\d+|/thread/\d+"
    title: str = "#thread_subject, h1"
    post: str = "div[id^=post_], .post"
    text: str = "td[id^=postmessage_], .t_f, .content"
    author: str = ".authi a, .author"
    time: str = "em[id^=authorposton], .time"
    replies: str = ".replies"
    views: str = ".views"
    floors: bool = False
    pages: int = Field(default=2, ge=1, le=100)
    revisits: int = Field(default=20, ge=0, le=200)


class Forum:
    """Boards → threads."""

    Options = ForumOptions

    def __init__(self, options: ForumOptions) -> None:
        self.options = options
        self._thread = re.compile(options.thread)

    async def collect(self, visit: Visit) -> None:
        async def board(address: str) -> None:
            await open_new(visit, address, self._thread, self.options.pages, lambda url: self._open(visit, url))

        await each_start(visit, (visit.source.url, *self.options.boards), board)
        await visit.look_again(lambda fetched, page: self._again(visit, fetched, page), self.options.revisits)

    async def _open(self, visit: Visit, url: str) -> None:
        fetched = await visit.get(url)
        posts = self._read(visit, fetched)
        if not posts:
            visit.quarantine(fetched, "帖子里没有可读的楼层")
            return
        visit.keep(posts[0], fetched)
        for floor in posts[1:] if self.options.floors else []:
            visit.keep(floor)

    async def _again(self, visit: Visit, fetched: Fetched, page: KnownPage) -> None:
        posts = self._read(visit, fetched)
        if not posts:
            visit.gone(page.url, page.document_id)
            return
        visit.harvest.observations.append(Observation(posts[0].id, visit.now, posts[0].counts))
        for floor in posts[1:] if self.options.floors else []:
            visit.keep(floor)

    def _read(self, visit: Visit, fetched: Fetched) -> list[Document]:
        tree = lxml_html.fromstring(decode(fetched.body, fetched.encoding) or "<html/>")
        title = self._words(tree, self.options.title)
        counts = Counts(
            comments=count(_number(self._words(tree, self.options.replies))),
            reads=count(_number(self._words(tree, self.options.views))),
        )
        found: list[Document] = []
        for number, post in enumerate(tree.cssselect(self.options.post)):
            text = self._words(post, self.options.text, lines=True)
            if text:
                found.append(self._document(visit, fetched, title, post, text, number, counts, found[:1]))
        return found

    def _document(
        self,
        visit: Visit,
        fetched: Fetched,
        title: str,
        post: Any,
        text: str,
        number: int,
        counts: Counts,
        first: list[Document],
    ) -> Document:
        native = fetched.asked if number == 0 else f"{fetched.asked}#{post.get('id') or number}"
        at: datetime | None = moment(self._words(post, self.options.time))
        return Document(
            id=derived_id(visit.source.kind, visit.source.host, native),
            text=text,
            kind=visit.source.kind,
            source=visit.source.name,
            url=fetched.asked,
            title=title if number == 0 else "",
            author=self._words(post, self.options.author),
            published_at=not_later(at, visit.now),
            collected_at=visit.now,
            counts=counts if number == 0 else Counts(),
            repost_of=first[0].id if first else "",
        )

    @staticmethod
    def _words(tree: Any, selector: str, lines: bool = False) -> str:
        found = tree.cssselect(selector)
        if not found:
            return ""
        return "\n".join(text_lines(found[0])) if lines else " ".join(found[0].text_content().split())


def _number(words: str) -> str | None:
    match = re.search(r"[\d.]+万?", words)
    return match.group(0) if match else None
