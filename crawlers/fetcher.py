"""Asking for one page and saying in the ledger's words what went wrong: the engine's face towards a visit."""

from __future__ import annotations

import email.utils
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers.engine import CrawlEngine
from crawlers.fetched import Ask, Fetched
from crawlers.middlewares import Refused
from crawlers.source import Source
from crawlers.troubles import PageTrouble, Reason, SlowDown
from pipeline.clock import Clock

LONGEST_WAIT_SECONDS = 24 * 3600.0
DEFAULT_WAIT_SECONDS = 600.0
_LOGIN_PATHS = ("passport.", "/login", "/signin", "login.")


class EngineFetcher:
    """Fetcher over a CrawlEngine for one source."""

    def __init__(self, engine: CrawlEngine, source: Source, clock: Clock) -> None:
        self._engine = engine
        self._source = source
        self._clock = clock

    async def fetch(self, ask: Ask) -> Fetched:
        from scrapy import Request

        limits = self._source.limits
        request = Request(
            ask.url,
            headers=dict(ask.headers),
            dont_filter=True,
            meta={
                "source": self._source,
                "download_slot": urlsplit(ask.url).netloc,
                "download_timeout": limits.timeout_seconds,
                "download_maxsize": limits.bytes,
                "handle_httpstatus_list": [304],
                "autothrottle_dont_adjust_delay": not self._source.polite.adaptive,
            },
        )
        try:
            response = await self._engine.download(request)
        except Exception as error:
            raise _trouble(ask.url, error) from error
        return self._judge(ask, response)

    def _judge(self, ask: Ask, response: Any) -> Fetched:
        status = int(response.status)
        if status in (429, 503):
            raise SlowDown(retry_after(_header(response, "Retry-After"), self._clock.now()), f"HTTP {status}")
        if status >= 500:
            raise PageTrouble(Reason.SERVER, ask.url, f"HTTP {status}")
        if status in (404, 410):
            raise PageTrouble(Reason.GONE, ask.url, f"HTTP {status}")
        if status == 401:
            raise PageTrouble(Reason.LOGIN, ask.url, "HTTP 401")
        if status >= 400:
            raise PageTrouble(Reason.FORBIDDEN, ask.url, f"HTTP {status}")
        if response.url != ask.url and any(mark in response.url.lower() for mark in _LOGIN_PATHS):
            raise PageTrouble(Reason.LOGIN, ask.url, "被转到登录页")
        if 300 <= status < 400 and status != 304:
            raise PageTrouble(Reason.MOVED, ask.url, f"HTTP {status}")
        complete = "dataloss" not in response.flags
        body: bytes = response.body
        if not complete and not body.rstrip().lower().endswith((b"</html>", b"</rss>", b"</feed>", b"}", b"]")):
            raise PageTrouble(Reason.TRUNCATED, ask.url, f"只收到 {len(body)} 字节")
        headers = {k.decode("latin-1").lower(): v[-1].decode("latin-1") for k, v in response.headers.items() if v}
        return Fetched(
            url=response.url,
            asked=ask.url,
            status=status,
            headers=headers,
            body=body,
            at=self._clock.now(),
            encoding=declared_encoding(headers.get("content-type", "")),
            complete=complete,
        )


def retry_after(value: str, now: datetime) -> float:
    """Seconds to wait by a Retry-After header (seconds or a date, RFC 9110 §10.2.3); ten minutes when it says nothing."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT_SECONDS)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return min(max((moment - now).total_seconds(), 1.0), LONGEST_WAIT_SECONDS)
    except (TypeError, ValueError):
        return DEFAULT_WAIT_SECONDS


def declared_encoding(content_type: str) -> str | None:
    """The charset of a Content-Type header, or None."""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset" and value:
            return value.strip("\"' ").lower()
    return None


def _header(response: Any, name: str) -> str:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else ""


def _trouble(url: str, error: Exception) -> PageTrouble:
    if isinstance(error, Refused):
        return PageTrouble(error.reason, url, error.detail)
    reason, detail = _REASONS.get(type(error).__name__, (Reason.CONNECTION, type(error).__name__))
    if type(error).__name__ == "IgnoreRequest":
        text = str(error)
        reason = Reason.TOO_LARGE if "MAXSIZE" in text else Reason.MOVED
        detail = "解压后过大" if "MAXSIZE" in text else "转址次数过多"
    return PageTrouble(reason, url, detail)


_REASONS: dict[str, tuple[Reason, str]] = {
    "CannotResolveHostError": (Reason.DNS, ""),
    "DNSLookupError": (Reason.DNS, ""),
    "DownloadTimeoutError": (Reason.TIMEOUT, ""),
    "TimeoutError": (Reason.TIMEOUT, ""),
    "DownloadConnectionRefusedError": (Reason.CONNECTION, "对方没有开放该端口"),
    "DownloadFailedError": (Reason.CONNECTION, "连接中断"),
    "ResponseDataLossError": (Reason.TRUNCATED, ""),
    "DownloadCancelledError": (Reason.TOO_LARGE, ""),
    "BadGzipFile": (Reason.BAD_BODY, "gzip 损坏"),
    "EOFError": (Reason.BAD_BODY, "压缩内容不完整"),
    "error": (Reason.BAD_BODY, "压缩内容损坏"),
    "UnsupportedURLSchemeError": (Reason.NOT_ALLOWED, "只支持 http 和 https"),
    "ValueError": (Reason.NOT_ALLOWED, "地址格式不对"),
}
