"""One visit to one source (一次采集): what a spider sees while it collects, and what it leaves behind.

A spider is a class with `async collect(visit)`. It asks `visit.get` for pages, hands documents to `visit.keep`, and
writes what it must remember until the next run into `visit.memory`. Three loudnesses: SourceTrouble stops the source's
run, `quarantine` sets one page aside with its reason, `warn` notes something odd. Nothing is swallowed.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawlers.extraction.page import Page
from crawlers.extraction.site_places import REDESIGNED
from crawlers.fetched import Ask, Fetched, Fetcher
from crawlers.source import Source
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from pipeline.document import Counts, Document, Observation
from pipeline.intake import derived_id
from pipeline.store.canaries import Sighting
from pipeline.store.sources import FILL

_TRACKING = {
    "spm",
    "from",
    "isappinstalled",
    "share_token",
    "chksm",
    "scene",
    "utm_source",
    "utm_medium",
    "utm_campaign",
}


LISTED = "listed"  # in a source's memory: its lists have borne links


@dataclass(frozen=True, slots=True)
class KnownPage:
    """What an earlier visit noted about an address."""

    url: str
    document_id: str = ""
    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    visits: int = 1
    gone: bool = False


class Notebook(Protocol):
    """What earlier visits to this source noted; answers may come from another thread."""

    def pages(self, keys: Sequence[str]) -> dict[str, KnownPage]: ...
    def due(self, limit: int) -> list[KnownPage]: ...


Reader = Callable[[Fetched], Awaitable[Page]]


@dataclass(slots=True)
class Missed:
    """A page that could not be had."""

    url: str
    reason: Reason
    detail: str


@dataclass(slots=True)
class Harvest:
    """What a visit brought home."""

    documents: list[Document] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    captures: list[tuple[Fetched, str]] = field(default_factory=list)  # with the document's id or ''
    pages: dict[str, tuple[Fetched | None, str]] = field(default_factory=dict)  # address → answer, document's id
    gone: dict[str, str] = field(default_factory=dict)  # address → document's id
    missed: list[Missed] = field(default_factory=list)
    quarantined: list[tuple[Fetched, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reached: list[bool] = field(default_factory=list)  # for each list: it was read back to what was known
    canary: Sighting | None = None
    fetched: int = 0
    unchanged: int = 0

    @property
    def seamless(self) -> bool:
        """Every list was read back to what was known already."""
        return bool(self.reached) and all(self.reached)


class Visit:
    """The spider's desk. `now` is the office's clock at the start; `missed_since` is set when a gap is to be filled,
    `fill_since` when a person asked for the past from then on: lists are then read on past what is known."""

    def __init__(
        self,
        source: Source,
        fetcher: Fetcher,
        notebook: Notebook,
        reader: Reader,
        now: datetime,
        memory: Mapping[str, Any],
        missed_since: datetime | None = None,
        fill_since: datetime | None = None,
        secret: str = "",
    ) -> None:
        self.source = source
        self.now = now
        self.memory: dict[str, Any] = copy.deepcopy(dict(memory))
        self.memory.pop(FILL, None)  # a run that fails keeps the old memory, and with it what was asked
        self.missed_since = min((one for one in (missed_since, fill_since) if one), default=None)
        self.fill_since = fill_since
        self.secret = secret
        self.harvest = Harvest()
        self._fetcher = fetcher
        self._notebook = notebook
        self._reader = reader
        self._kept: set[str] = set()

    async def get(self, url: str, headers: Mapping[str, str] | None = None, conditional: bool = False) -> Fetched:
        """Fetch one page within the source's limits. With `conditional`, an unchanged page comes back as a 304.

        Raises PageTrouble, SlowDown, or SourceTrouble when the visit has used up its pages.
        """
        if self.harvest.fetched >= self.source.limits.pages:
            raise SourceTrouble(Reason.CAPPED, f"一次采集最多 {self.source.limits.pages} 页")
        self.harvest.fetched += 1
        asked = dict(headers or {})
        if self.secret and self.source.secret_header:
            asked[self.source.secret_header] = self.secret
        if conditional and self.fill_since is None and (known := (await self.known([url])).get(url)):
            asked |= _validators(known)
        fetched = await self._fetcher.fetch(Ask(url, asked))
        if fetched.unchanged:
            self.harvest.unchanged += 1
        if conditional:
            self.harvest.pages.setdefault(url, (fetched, ""))
        return fetched

    async def read(self, fetched: Fetched) -> Page:
        """Extract a page with what is learned of its site."""
        page = await self._reader(fetched)
        if REDESIGNED in page.reasons:
            self.warn(f"{fetched.url}：{REDESIGNED}")
        return page

    async def known(self, urls: Iterable[str]) -> dict[str, KnownPage]:
        """Of these addresses, those that an earlier visit had."""
        by_key = {page_key(url): url for url in urls}
        if not by_key:
            return {}
        found = await asyncio.to_thread(self._notebook.pages, list(by_key))
        return {by_key[key]: page for key, page in found.items()}

    async def each(self, urls: Sequence[str], one: Callable[[str], Awaitable[None]]) -> None:
        """Do `one` for every address, several at a time; a page's trouble is noted and the others go on."""
        room = asyncio.Semaphore(max(self.source.polite.concurrency * 2, 2))
        stop: list[SourceTrouble] = []

        async def guarded(url: str) -> None:
            async with room:
                if stop:
                    return
                try:
                    await one(url)
                except PageTrouble as trouble:
                    self.miss(url, trouble)
                except SourceTrouble as trouble:  # the source as a whole: no further page is asked for
                    stop.append(trouble)

        await asyncio.gather(*(guarded(url) for url in urls))
        if stop:
            raise stop[0]

    def keep(self, document: Document, fetched: Fetched | None = None, further: Sequence[Fetched] = ()) -> None:
        """A document was had; `fetched` is the page that proves it, `further` those on which it goes on. The same id
        twice in a visit is kept once."""
        if fetched is not None:
            self.harvest.pages[fetched.asked] = (fetched, document.id)
        if document.id in self._kept:
            return
        self._kept.add(document.id)
        self.harvest.documents.append(document)
        if fetched is not None:
            self.harvest.captures += [(page, document.id) for page in (fetched, *further)]

    def watch(self, url: str, document_id: str, look: bool = True) -> None:
        """An address of a kept document that was not fetched itself; with `look`, visit it later to see what became of it."""
        self.harvest.pages.setdefault(url, (None, document_id if look else "-"))

    def miss(self, url: str, trouble: PageTrouble) -> None:
        """A page could not be had: it goes to the ledger and is asked for again at the next visit."""
        self.harvest.missed.append(Missed(url, trouble.reason, trouble.detail))

    def gone(self, url: str, document_id: str) -> None:
        """The page of a known document is no longer there."""
        self.harvest.gone[url] = document_id
        self.harvest.observations.append(Observation(document_id, self.now, Counts(), deleted=True))

    def quarantine(self, fetched: Fetched, why: str) -> None:
        """A page that is not understood is set aside with its reason, and its bytes are kept."""
        self.harvest.quarantined.append((fetched, why))

    def enough(self, reached: bool) -> bool:
        """No further page of a list: it was `reached` what is known, and nobody asked for what lies behind."""
        return reached and self.fill_since is None

    def reached_back(self, known: bool) -> None:
        """A list was read; `known`: back to what earlier visits had, so that nothing can have slipped through between."""
        self.harvest.reached.append(known)

    def empty_list(self, url: str) -> None:
        """A list without a link: PageTrouble when it had some before (the site has changed), else it is young."""
        if self.memory.get(LISTED):
            raise PageTrouble(Reason.REDESIGNED, url, "列表上找不到文章链接了")
        self.warn(f"列表页 {url} 上还没有可采集的链接")

    def warn(self, text: str) -> None:
        self.harvest.warnings.append(text)

    async def look_again(self, understand: Callable[[Fetched, KnownPage], Awaitable[None]], limit: int = 20) -> None:
        """Visit known pages that are due: unchanged, changed (archived again) or gone (noted)."""
        due = {page.url: page for page in await asyncio.to_thread(self._notebook.due, limit)}

        async def one(url: str) -> None:
            page = due[url]
            try:
                fetched = await self.get(url, conditional=True)
            except PageTrouble as trouble:
                if trouble.reason is not Reason.GONE:
                    raise
                self.gone(url, page.document_id)
                return
            self.harvest.pages[url] = (fetched, page.document_id)
            if not fetched.unchanged and body_hash(fetched.body) != page.sha256:
                self.harvest.captures.append((fetched, page.document_id))
                await understand(fetched, page)

        await self.each(list(due), one)

    def document_id(self, url: str) -> str:
        """The id of the document at an address: the same whichever list or feed led to it."""
        return derived_id(self.source.kind, urlsplit(url).netloc, canonical(url))


@lru_cache(maxsize=4096)  # asked for some six times a page
def canonical(url: str) -> str:
    """An address without fragment and without what trackers append."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in _TRACKING]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", urlencode(query), ""))


def page_key(url: str) -> str:
    return hashlib.blake2b(canonical(url).encode(), digest_size=16).hexdigest()


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _validators(page: KnownPage) -> dict[str, str]:
    found = {}
    if page.etag:
        found["If-None-Match"] = page.etag
    if page.last_modified:
        found["If-Modified-Since"] = page.last_modified
    return found
