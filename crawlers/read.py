"""Reading pages (读页): extraction off the reactor's thread, with the places learned of each site."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

from crawlers.extraction.extract import extract
from crawlers.extraction.page import Page
from crawlers.extraction.site_places import SitePlaces
from crawlers.fetched import Fetched


class PageReader:
    """Extracts in `executor` (None = a thread), so that the network never waits for a parser; `places` is what it learned."""

    def __init__(self, executor: Executor | None = None) -> None:
        self._executor = executor
        self.places = SitePlaces()

    async def __call__(self, fetched: Fetched) -> Page:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, extract, fetched.body, fetched.url, fetched.encoding, fetched.at, self.places
        )
