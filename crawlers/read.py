"""Reading pages (读页): extraction with the places learned of each site; large pages are read off the reactor's thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from crawlers.extraction.extract import extract
from crawlers.extraction.page import Page
from crawlers.extraction.site_places import SitePlaces
from crawlers.fetched import Fetched

_SMALL = 16 * 1024  # bytes: read in about a millisecond; to hand it to a thread and back costs more than that
_THREADS = 2  # more would only take the interpreter from the reactor


class PageReader:
    """Extracts; `places` is what it learned. A large page is read in a thread, so that the network does not wait for it."""

    def __init__(self) -> None:
        self._reading = ThreadPoolExecutor(_THREADS, "page-reading")
        self.places = SitePlaces()

    async def __call__(self, fetched: Fetched) -> Page:
        asked = fetched.body, fetched.url, fetched.encoding, fetched.at, self.places
        if len(fetched.body) <= _SMALL:
            return extract(*asked)
        return await asyncio.get_running_loop().run_in_executor(self._reading, extract, *asked)
