"""What every request passes (礼貌与安全): Scrapy downloader middlewares of this house.

A request carries its source in `meta["source"]` (crawlers.source.Source).
Guard    refuses what the source was not told to fetch: other hosts, private addresses, also after a redirect
Robots   obeys robots.txt: kept an hour; 4xx allows all, 5xx or no answer forbids (RFC 9309)
Whole    a response that was cut is asked for again; the last one is handed on marked, never as if it were whole
HostPace keeps each host's own delay and concurrency, whatever AutoThrottle learns
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request, signals
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from crawlers.network import is_private, looks_private
from crawlers.source import Source
from crawlers.troubles import Reason

ROBOTS_KEPT_SECONDS = 3600.0


class Refused(IgnoreRequest):
    """This request must not be made, or its answer not be used."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}")
        self.reason = reason
        self.detail = detail


class Guard:
    """Only hosts that the source names; private ones only when named in `allow_private`."""

    async def process_request(self, request: Any) -> None:
        source: Source = request.meta["source"]
        host = urlsplit(request.url).hostname or ""
        if not source.may_fetch(request.url):
            redirected = request.meta.get("redirect_times", 0) > 0
            raise Refused(Reason.MOVED if redirected else Reason.NOT_ALLOWED, host)
        if looks_private(host) and host not in source.allow_private:
            raise Refused(Reason.NOT_ALLOWED, host)

    async def process_response(self, request: Any, response: Any) -> Any:
        source: Source = request.meta["source"]
        host = urlsplit(request.url).hostname or ""
        if response.ip_address and is_private(str(response.ip_address)) and host not in source.allow_private:
            raise Refused(Reason.NOT_ALLOWED, f"{host} → {response.ip_address}")
        return response


class Robots:
    """robots.txt per host, shared by all sources of the process."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._agent = crawler.settings["USER_AGENT"]
        self._rules: dict[str, tuple[float, asyncio.Future[Any]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> Robots:
        return cls(crawler)

    async def process_request(self, request: Any) -> None:
        source: Source = request.meta["source"]
        if not source.robots or request.meta.get("robots_txt"):
            return
        rules = await self._of(request, source)
        if isinstance(rules, Exception):  # the host is not there at all: the page's own trouble, in its own words
            raise rules
        if rules is None:
            raise Refused(Reason.ROBOTS, "robots.txt 取不到（服务器出错），按不允许处理")
        if not rules.can_fetch(request.url, self._agent):
            raise Refused(Reason.ROBOTS, urlsplit(request.url).path)
        delay = rules.crawl_delay(self._agent)
        if delay:
            request.meta["crawl_delay"] = min(float(delay), 60.0)

    async def _of(self, request: Any, source: Source) -> Any:
        parts = urlsplit(request.url)
        key = f"{parts.scheme}://{parts.netloc}"
        known = self._rules.get(key)
        if known and known[0] > time.monotonic():
            return await asyncio.shield(known[1])
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._rules[key] = (time.monotonic() + ROBOTS_KEPT_SECONDS, future)
        rules = None
        try:
            rules = await self._fetch(f"{key}/robots.txt", source)
        finally:
            future.set_result(rules)
            if rules is None or isinstance(
                rules, Exception
            ):  # ask again at the next visit, but not for every page of this one
                self._rules[key] = (time.monotonic() + 30.0, future)
        return rules

    async def _fetch(self, url: str, source: Source) -> Any:
        meta = {"source": source, "robots_txt": True, "download_maxsize": 512 * 1024, "download_timeout": 20}
        request = Request(url, callback=NO_CALLBACK, priority=1000, dont_filter=True, meta=meta)
        try:
            response = await self._crawler.engine.download_async(request)
        except Refused as refused:  # robots.txt leads elsewhere: as if there were none
            return Protego.parse("") if refused.reason is Reason.MOVED else None
        except Exception as error:
            return error
        if response.status >= 500 or response.status == 429:
            return None
        return Protego.parse(response.body.decode("utf-8", "replace") if response.status < 300 else "")


class Whole:
    """Retry a cut response; keep it marked when every try was cut."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Whole:
        return cls(crawler)

    async def process_response(self, request: Any, response: Any) -> Any:
        if "dataloss" not in response.flags:
            return response
        again = get_retry_request(request, spider=self._crawler.spider, reason="dataloss", give_up_log_level="INFO")
        return again or response


class HostPace:
    """Sets the slot of a host to the source's own delay and concurrency before a request waits in it."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._pace, signals.request_reached_downloader)

    @classmethod
    def from_crawler(cls, crawler: Any) -> HostPace:
        return cls(crawler)

    def _pace(self, request: Any) -> None:
        source: Source = request.meta["source"]
        slot = self._crawler.engine.downloader.slots[request.meta["download_slot"]]
        slot.concurrency = source.polite.concurrency
        slot.delay = max(slot.delay, source.polite.delay_seconds, request.meta.get("crawl_delay", 0.0))
