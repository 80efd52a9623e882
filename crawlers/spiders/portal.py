"""Portal messages, 12345 tickets and disclosure requests by page rules (信箱、工单、依申请公开).

A list leads to details; a detail is read by the source's own rules (CSS selectors), then by the labels that such pages
write beside their values. A message without a reply is looked at again until it has one. The writer's name is never kept.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lxml import html as lxml_html
from pydantic import BaseModel, ConfigDict, Field, field_validator

from crawlers.extraction.extract import decode
from crawlers.fetched import Fetched
from crawlers.spiders.articles import not_later
from crawlers.spiders.labels import read_labels, text_lines
from crawlers.spiders.lists import each_start, open_new
from crawlers.spiders.weibo_shapes import count
from crawlers.visit import KnownPage, Visit
from pipeline.clock import SHANGHAI
from pipeline.document import Counts, Document, Kind, Reply
from pipeline.intake import derived_id
from pipeline.tickets import ticket_of

_TIME = re.compile(
    r"(20\d\d)\s*[-/年.]\s*(\d{1,2})\s*[-/月.]\s*(\d{1,2})\s*日?\s*(?:(\d{1,2})\s*[:：时]\s*(\d{1,2})(?:\s*[:：分]\s*(\d{1,2}))?)?"
)
FIELDS = ("number", "title", "text", "at", "department", "reply_at", "reply", "place", "likes", "reads",
          "category", "term", "done_at", "status", "satisfaction")  # fmt: skip


class PortalOptions(BaseModel):
    """`lists`: list pages (default: the url), `{page}` in one counts up; `detail`: what a detail's address looks like;
    `rules`: CSS selectors by field, where labels do not do."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lists: tuple[str, ...] = ()
    detail: str
    pages: int = Field(default=3, ge=1, le=500)
    rules: dict[str, str] = Field(default_factory=dict)
    revisits: int = Field(default=30, ge=0, le=500)

    @field_validator("detail")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"不是有效的正则表达式：{error}") from None
        return value

    @field_validator("rules")
    @classmethod
    def _fields_known(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = set(value) - set(FIELDS)
        if unknown:
            raise ValueError(f"没有字段“{'、'.join(sorted(unknown))}”，可用：{'、'.join(FIELDS)}")
        return value


class Portal:
    """Lists → details with replies."""

    Options = PortalOptions

    def __init__(self, options: PortalOptions) -> None:
        self.options = options
        self._detail = re.compile(options.detail)

    async def collect(self, visit: Visit) -> None:
        async def listed(address: str) -> None:
            await open_new(visit, address, self._detail, self.options.pages, lambda url: self._one(visit, url))

        await each_start(visit, self.options.lists or (visit.source.url,), listed)
        await visit.look_again(lambda fetched, page: self._again(visit, fetched, page), self.options.revisits)

    async def _one(self, visit: Visit, url: str) -> None:
        fetched = await visit.get(url)
        document = self._read(visit, fetched)
        if document is None:
            visit.quarantine(fetched, "读不出留言的标题或内容")
        else:
            visit.keep(document, fetched)

    async def _again(self, visit: Visit, fetched: Fetched, page: KnownPage) -> None:
        document = self._read(visit, fetched)
        if document is not None:
            visit.keep(document, fetched)
        else:
            visit.warn(f"{page.url} 现在读不出留言了")

    def _read(self, visit: Visit, fetched: Fetched) -> Document | None:
        values = read_message(fetched, self.options.rules)
        title, text = values.get("title", ""), values.get("text", "")
        if not text and not title:
            return None
        at = not_later(moment(values.get("at", "")), visit.now)
        words = values.get("reply", "")
        reply = Reply(words, values.get("department", ""), moment(values.get("reply_at", ""))) if words else None
        native = values.get("number") or fetched.asked
        return Document(
            id=derived_id(visit.source.kind, visit.source.host, native),
            text=text or title,
            kind=visit.source.kind,
            source=visit.source.name,
            url=fetched.asked,
            title=title,
            published_at=at,
            collected_at=visit.now,
            counts=Counts(likes=count(values.get("likes")), reads=count(values.get("reads"))),
            place=values.get("place", ""),
            reply=reply,
            ticket=ticket_of(_handling(values), moment, at, reply) if visit.source.kind is Kind.HOTLINE else None,
        )


def _handling(values: dict[str, str]) -> dict[str, str]:
    """A ticket page's values by the names of a ticket."""
    return values | {
        "unit": values.get("department", ""),
        "done_at": values.get("done_at") or values.get("reply_at", ""),
    }


def read_message(fetched: Fetched, rules: dict[str, str]) -> dict[str, str]:
    """Fields of a detail page: the source's rules first, then labels, then headline and government meta tags."""
    text = decode(fetched.body, fetched.encoding)
    if not text.strip():
        return {}
    tree = lxml_html.fromstring(text)
    values = read_labels(tree)
    for name, selector in rules.items():
        found = tree.cssselect(selector)
        if found:
            values[name] = "\n".join(text_lines(found[0])).strip()
    if not values.get("title"):
        values["title"] = _meta(tree, "ArticleTitle") or _heading(tree)
    return values


def moment(text: str) -> datetime | None:
    """The first date (and time) in a text, Asia/Shanghai."""
    match = _TIME.search(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        return None


def _meta(tree: Any, name: str) -> str:
    found = tree.xpath(f"//meta[@name='{name}']/@content")
    return str(found[0]).strip() if found else ""


def _heading(tree: Any) -> str:
    for element in tree.iter("h1", "h2"):
        words = " ".join(element.text_content().split())
        if words:
            return words
    return ""
