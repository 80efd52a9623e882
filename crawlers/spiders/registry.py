"""The spiders by name (采集器): one kind of source = one file = one class with `Options` and `collect`."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import ValidationError

from crawlers.source import Source, SourceError
from crawlers.spiders import api, canary, feed, files, forum, mailbox, portal, site, wechat, weibo
from crawlers.visit import Visit


class Spider(Protocol):
    """Reads one kind of source."""

    def __init__(self, options: Any) -> None: ...

    async def collect(self, visit: Visit) -> None:
        """Collect what is new; see crawlers.visit."""
        ...


SPIDERS: dict[str, type[Any]] = {
    "site": site.Site,
    "feed": feed.Feed,
    "weibo": weibo.Weibo,
    "wechat": wechat.Wechat,
    "portal": portal.Portal,
    "forum": forum.Forum,
    "api": api.Api,
    "files": files.Files,
    "mailbox": mailbox.Mailbox,
    "canary": canary.Canary,
}


def spider_for(source: Source) -> Spider:
    """The spider of a source with its options checked. Raises SourceError that names the source, the option and value."""
    kind = SPIDERS.get(source.spider)
    if kind is None:
        raise SourceError(f"信源 {source.id} 的 spider“{source.spider}”不存在，可用：{'、'.join(sorted(SPIDERS))}")
    try:
        options = kind.Options.model_validate(dict(source.options))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SourceError(
            f"信源 {source.id} 的 options.{key} 有误：{first['msg']}（值：{first.get('input')!r:.80}）"
        ) from None
    spider: Spider = kind(options)
    return spider
