"""The crawling engine (采集引擎): one Scrapy crawler that stays open, on one reactor in a thread of its own.

Why it stays open: an office checks hundreds of sources every few minutes. An open engine keeps per-host slots, throttling,
robots.txt and connections over all sources of the process (politeness is per host, not per source), and a visit costs no
start-up. Each visit is a coroutine that asks this engine for pages (`engine.download_async`: all downloader middlewares,
none of the spider ones), so its end is the end of the visit, whatever failed on the way. One engine serves the process;
`run` blocks the calling thread until the coroutine is done.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from crawlers.network import guard_addresses
from crawlers.source import MOST_AT_ONCE

T = TypeVar("T")
_reactor_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we say we are: an honest User-Agent with a contact, so that a site's keeper can reach the office."""

    contact: str = ""
    name: str = "Huiying/0.1"

    @property
    def user_agent(self) -> str:
        contact = f"; {self.contact}" if self.contact else ""
        return f"Mozilla/5.0 (compatible; {self.name}{contact})"


class CrawlEngine:
    """An open Scrapy engine. Use it as `with CrawlEngine(identity) as engine: engine.run(coroutine)`."""

    def __init__(self, identity: Identity, total: int = 32) -> None:
        self.identity = identity
        self.total = total
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crawler: Any = None
        self._open = threading.Event()
        self._task: Future[None] | None = None
        self._slots: asyncio.Semaphore | None = None

    def __enter__(self) -> CrawlEngine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the engine; nothing when it is open already."""
        if self._task is None:
            self._loop = _start_reactor()
            self._task = asyncio.run_coroutine_threadsafe(self._crawl(), self._loop)
            self._task.add_done_callback(lambda _: self._open.set())
            self._open.wait(30)
            if self._task.done():
                self._task.result()

    def stop(self) -> None:
        """Close the engine; the reactor stays for the next one."""
        if self._task is not None and self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._crawler.stop_async(), self._loop).result(30)
            self._task.result(30)
            self._task = None
            self._open.clear()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]], timeout: float | None = None) -> T:
        """Run a coroutine on the reactor and wait for what it returns."""
        self.start()
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(timeout)

    async def download(self, request: Any) -> Any:
        """One request through the downloader middlewares; at most `total` at once over all hosts."""
        assert self._slots is not None
        async with self._slots:
            return await self._crawler.engine.download_async(request)

    @property
    def stats(self) -> dict[str, Any]:
        """Scrapy's own counters since the engine was opened."""
        counters: dict[str, Any] = self._crawler.stats.get_stats()
        return counters

    async def _crawl(self) -> None:
        from scrapy import Spider
        from scrapy.crawler import AsyncCrawlerRunner
        from scrapy.exceptions import DontCloseSpider
        from scrapy.signals import spider_idle

        opened = self._open

        class Collector(Spider):
            name = "huiying"

            async def start(self) -> AsyncIterator[Any]:
                opened.set()  # only now is the engine far enough to be stopped again
                nothing: tuple[Any, ...] = ()
                for request in nothing:
                    yield request

        def stay_open() -> None:
            raise DontCloseSpider

        self._slots = asyncio.Semaphore(self.total)
        runner = AsyncCrawlerRunner(scrapy_settings(self.identity))
        self._crawler = runner.create_crawler(Collector)
        self._crawler.signals.connect(stay_open, spider_idle, weak=False)
        await runner.crawl(self._crawler)


def scrapy_settings(identity: Identity) -> dict[str, Any]:
    """Polite and safe by default: what a source may loosen is only its own delay, size and time."""
    return {
        "USER_AGENT": identity.user_agent,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "COOKIES_ENABLED": False,  # the middleware fetches the public-suffix list at first use
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "LOGSTATS_INTERVAL": 0,
        "STATS_DUMP": False,
        "ROBOTSTXT_OBEY": False,  # crawlers.middlewares.Robots does it, with an expiry and RFC 9309's rule for 5xx
        "METAREFRESH_ENABLED": True,
        "METAREFRESH_MAXDELAY": 5,
        "REDIRECT_MAX_TIMES": 5,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [500, 502, 504, 522, 524, 408],  # 429 and 503 are answered with patience instead
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
        "DOWNLOAD_TIMEOUT": 30,
        "DOWNLOAD_MAXSIZE": 8 * 1024 * 1024,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": False,  # crawlers.middlewares.Whole decides
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DNS_TIMEOUT": 15,
        "CONCURRENT_REQUESTS": 64,
        "CONCURRENT_REQUESTS_PER_DOMAIN": MOST_AT_ONCE,  # connections kept open; each source's own number is HostPace's
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": 0,
        "AUTOTHROTTLE_MAX_DELAY": 30,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 2,
        "EXTENSIONS": {"crawlers.middlewares.HostPace": 0},
        "DOWNLOADER_MIDDLEWARES": {
            "crawlers.middlewares.Guard": 10,
            "crawlers.middlewares.Robots": 100,
            "crawlers.middlewares.Whole": 560,
        },
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
        },
    }


def _start_reactor() -> asyncio.AbstractEventLoop:
    """Start the process's one reactor in a daemon thread; the same loop ever after."""
    global _loop  # noqa: PLW0603 - Twisted allows one reactor a process, and it cannot be started twice
    with _reactor_lock:
        if _loop is not None:
            return _loop
        ready: Future[asyncio.AbstractEventLoop] = Future()
        threading.Thread(target=_run_reactor, args=(ready,), name="huiying-reactor", daemon=True).start()
        _loop = ready.result(30)
        return _loop


def _run_reactor(ready: Future[asyncio.AbstractEventLoop]) -> None:
    try:
        from scrapy.utils.reactor import install_reactor

        install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
        reactor: Any = importlib.import_module("twisted.internet.reactor")
        guard_addresses(reactor)
        reactor.callWhenRunning(ready.set_result, asyncio.get_event_loop())
        reactor.run(installSignalHandlers=False)
    except BaseException as error:
        logging.getLogger(__name__).exception("reactor")
        if not ready.done():
            ready.set_exception(error)
