"""What came back from the network, and asking for it: the one seam between spiders and the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from crawlers.troubles import PageTrouble, Reason


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `conditional` sends the validators of the last visit; `known` marks a page of this source that was
    seen before (so a 404 means deleted, not missing)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    conditional: bool = True
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A response as received: `body` after HTTP decompression, `at` by the office's clock, `raw_headers` for evidence."""

    url: str
    asked: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    encoding: str | None = None
    complete: bool = True

    @property
    def unchanged(self) -> bool:
        """The server said 304: the page is as it was."""
        return self.status == 304

    def json(self) -> Any:
        """The body as JSON; PageTrouble when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise PageTrouble(Reason.NOT_UNDERSTOOD, self.url, f"不是 JSON（{error}）") from None


class Fetcher(Protocol):
    """Fetches politely and safely. Raises SourceTrouble or PageTrouble; returns 2xx and 304 only."""

    async def fetch(self, ask: Ask) -> Fetched: ...
