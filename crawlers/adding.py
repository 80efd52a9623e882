"""Looking behind an address before it becomes a source (添加前预览): blocking, nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import ValidationError

from crawlers.discover import Discovery, discover, source_id
from crawlers.engine import CrawlEngine, Identity
from crawlers.fetcher import EngineFetcher
from crawlers.network import allowing
from crawlers.opening import all_sources
from crawlers.read import PageReader
from crawlers.source import Polite, Source, SourceError
from crawlers.visit import KnownPage, Visit
from pipeline.document import Kind
from pipeline.services import Services


class NothingKnown:
    """A notebook without a past."""

    def pages(self, _keys: Sequence[str]) -> dict[str, KnownPage]:
        return {}

    def due(self, _limit: int) -> list[KnownPage]:
        return []


def find_source(services: Services, url: str, name: str, kind: Kind, engine: CrawlEngine | None = None) -> Discovery:
    """What is behind an address: a proposed source with ten previews. SourceError for an address that is none,
    SourceTrouble when it cannot be had."""
    draft = _draft(services, url, name, kind)
    opened = engine or CrawlEngine(Identity(services.settings.crawl.contact))
    fetcher = EngineFetcher(opened, draft, services.clock)
    visit = Visit(draft, fetcher, NothingKnown(), PageReader(), services.clock.now(), {})
    try:
        with allowing(draft.allow_private):
            return opened.run(lambda: discover(visit), timeout=draft.limits.seconds)
    finally:
        if engine is None:
            opened.stop()


def _draft(services: Services, url: str, name: str, kind: Kind) -> Source:
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise SourceError(f"“{url[:80]}”不是网址；请写完整，例如 https://www.example.cn/xwzx/")
    taken = (source.id for source in all_sources(services.settings, services.store))
    private = {entry.rsplit(":", 1)[0] for entry in services.settings.crawl.private_hosts}
    try:
        return Source(
            id=source_id(url, taken),
            name=(name or host)[:60],
            kind=kind,
            spider="site",
            url=url.strip(),
            allow_private=(host,) if host in private else (),
            polite=Polite(delay_seconds=0, adaptive=False) if host in private else Polite(),  # the office's own machine
        )
    except ValidationError as error:
        raise SourceError(f"不能由“{url[:80]}”建立信源：{error.errors()[0]['msg']}") from None
