"""WeChat official accounts (微信公众号): a feed made by we-mp-rss, wewe-rss or RSSHub leads to the public article pages.

An article page says who wrote it and when in its own places; a page that says the article was removed is noted as gone,
and a page that asks for verification stops the run (no captcha is solved).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lxml import html as lxml_html
from pydantic import BaseModel, ConfigDict, Field

from crawlers.extraction.extract import decode
from crawlers.extraction.text import text_of_html
from crawlers.feeds import Entry
from crawlers.fetched import Fetched
from crawlers.spiders.articles import not_later
from crawlers.spiders.lists import each_start, open_feed
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from crawlers.visit import KnownPage, Visit
from pipeline.document import Counts, Document, Kind
from pipeline.intake import derived_id

_CREATED = re.compile(r"""(?:var\s+ct\s*=\s*|createTime\s*=\s*|create_time\s*[:=]\s*)["']?(\d{10})""")
_SHOWN = re.compile(r"""createTime\s*=\s*'(\d{4}-\d\d-\d\d \d\d:\d\d)'""")
_NICK = re.compile(r"""var\s+nickname\s*=\s*(?:htmlDecode\()?["']([^"']+)["']""")
_REMOVED = ("该内容已被发布者删除", "此内容因违规无法查看", "此内容发送失败无法查看", "该公众号已迁移", "内容已被删除")
_VERIFY = ("环境异常", "完成验证后即可继续访问", "请在微信客户端打开链接")


class WechatOptions(BaseModel):
    """`feeds`: further feeds besides the source's url. `accounts`: keep only these accounts' articles (empty: all)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    feeds: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    revisits: int = Field(default=10, ge=0, le=200)


class Wechat:
    """Feed → article pages."""

    Options = WechatOptions

    def __init__(self, options: WechatOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        def feed(address: str) -> Awaitable[None]:
            return open_feed(visit, address, lambda entry: self._article(visit, entry))

        await each_start(visit, (visit.source.url, *self.options.feeds), feed)
        await visit.look_again(lambda fetched, page: self._again(visit, fetched, page), self.options.revisits)

    async def _article(self, visit: Visit, entry: Entry) -> None:
        if not visit.source.may_fetch(entry.url):  # a feed that carries the whole text is enough
            if text := text_of_html(entry.html):
                self._keep(visit, _from_entry(visit, entry, text), None)
            return
        fetched = await visit.get(entry.url)
        document = read_article(fetched, visit.source.name, visit.now)
        self._keep(visit, document, fetched)

    def _keep(self, visit: Visit, document: Document, fetched: Fetched | None) -> None:
        if self.options.accounts and document.source not in self.options.accounts:
            visit.watch(document.url, document.id, look=False)
            return
        visit.keep(document, fetched)
        if fetched is None:
            visit.watch(document.url, document.id, look=False)

    async def _again(self, visit: Visit, fetched: Fetched, page: KnownPage) -> None:
        try:
            read_article(fetched, visit.source.name, visit.now)
        except PageTrouble as trouble:
            if trouble.reason is not Reason.GONE:
                raise
            visit.gone(page.url, page.document_id)


def read_article(fetched: Fetched, account: str, now: datetime) -> Document:
    """An article page → Document. PageTrouble GONE when it was removed, SourceTrouble CAPTCHA when it asks to verify."""
    text = decode(fetched.body, fetched.encoding)
    tree = lxml_html.fromstring(text) if text.strip() else None
    body = tree.get_element_by_id("js_content", None) if tree is not None else None
    if tree is None or body is None:
        if any(words in text for words in _REMOVED):
            raise PageTrouble(Reason.GONE, fetched.asked, "文章已被删除或屏蔽")
        if any(words in text for words in _VERIFY):
            raise SourceTrouble(Reason.CAPTCHA, "微信文章页要求验证")
        raise PageTrouble(Reason.NOT_UNDERSTOOD, fetched.asked, "没有正文（js_content）")
    title = _words(tree, "//*[@id='activity-name']") or _attribute(tree, "//meta[@property='og:title']/@content")
    nick = _words(tree, "//*[@id='js_name']") or (_NICK.search(text) or [""])[-1]
    return Document(
        id=article_id(fetched.asked),
        text=text_of_html(lxml_html.tostring(body, encoding="unicode")),
        kind=Kind.WECHAT,
        source=nick or account,
        url=fetched.asked,
        title=title,
        author=_attribute(tree, "//meta[@name='author']/@content"),
        published_at=not_later(_time(text), now),
        collected_at=now,
    )


def article_id(url: str) -> str:
    """Long addresses carry changing parts; biz, mid and idx name the article."""
    query = dict(part.split("=", 1) for part in urlsplit(url).query.split("&") if "=" in part)
    native = "/".join(query[name] for name in ("__biz", "mid", "idx") if name in query) or urlsplit(url).path
    return derived_id(Kind.WECHAT, "mp.weixin", native)


def _from_entry(visit: Visit, entry: Entry, text: str) -> Document:
    return Document(
        id=article_id(entry.url),
        text=text,
        kind=Kind.WECHAT,
        source=entry.author or visit.source.name,
        url=entry.url,
        title=entry.title,
        published_at=not_later(entry.published_at, visit.now),
        collected_at=visit.now,
        counts=Counts(),
    )


def _time(text: str) -> datetime | None:
    if match := _CREATED.search(text):
        return datetime.fromtimestamp(int(match.group(1)), UTC)
    if match := _SHOWN.search(text):
        return datetime.fromisoformat(match.group(1) + "+08:00")
    return None


def _words(tree: lxml_html.HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return " ".join(found[0].text_content().split()) if found else ""


def _attribute(tree: lxml_html.HtmlElement, path: str) -> str:
    found = tree.xpath(path)
    return str(found[0]).strip() if found else ""
