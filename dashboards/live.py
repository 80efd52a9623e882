"""Live updates (实时更新): one watcher reads the journal, every open page hears that something changed.

Only numbers go out, never a text: a page then asks for itself again, with the rights of whoever looks at it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool

from pipeline.store.engine import Store
from pipeline.store.schema.events import changes

EVERY = 0.3  # seconds between two looks
BEAT = 15.0  # seconds of silence after which a page is told that we are there


class Journal:
    """The number of the last change, watched while the application runs."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.number = 0
        self._listeners: set[asyncio.Event] = set()
        self._ended = False

    def read(self) -> int:
        """The number of the last line of the journal; 0 when it is empty."""
        with self.store.read() as connection:
            return int(connection.execute(select(func.coalesce(func.max(changes.c.number), 0))).scalar_one())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.number = await run_in_threadpool(self.read)
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                number = await run_in_threadpool(self.read)
            except Exception:  # noqa: S112 (the store is away for a moment: look again)
                continue
            if number != self.number:
                self.number = number
                self._wake()

    def end(self) -> None:
        """Let every open page go: the server stops and they come back on their own."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()

    async def stream(self, after: int) -> AsyncIterator[str]:
        """Server-sent events: the number whenever it grows beyond `after`; a comment now and then keeps the line open."""
        woken = asyncio.Event()
        self._listeners.add(woken)
        try:
            yield "retry: 2000\n\n"
            told = after
            while not self._ended:
                woken.clear()
                if self.number != told:
                    told = self.number
                    yield f"id: {told}\ndata: {told}\n\n"
                    continue
                try:
                    await asyncio.wait_for(woken.wait(), BEAT)
                except TimeoutError:
                    yield ": here\n\n"
        finally:
            self._listeners.discard(woken)
