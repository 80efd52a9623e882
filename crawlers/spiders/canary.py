"""The canary (金丝雀): a page that the office owns and renews every hour; that it arrives proves the chain to the mailbox.

The page bears a line `huiying-canary 2026-03-15T08:00:00+08:00`. It becomes no document: see pipeline.canaries.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from crawlers.extraction.extract import decode
from crawlers.troubles import PageTrouble, Reason, SourceTrouble
from crawlers.visit import Visit
from pipeline.clock import SHANGHAI
from pipeline.store.canaries import Sighting

_LINE = re.compile(r"huiying-canary\W{1,40}(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:\d\d|Z)?)")


class CanaryOptions(BaseModel):
    """Renewed every so many minutes; missing when it is so many minutes late. `mail`: who gets it ('' = administrators)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    every_minutes: float = Field(default=60, ge=5, le=1440)
    late_minutes: float = Field(default=45, ge=1, le=1440)
    mail: str = ""


class Canary:
    """Page → sighting."""

    Options = CanaryOptions

    def __init__(self, options: CanaryOptions) -> None:
        self.options = options

    async def collect(self, visit: Visit) -> None:
        options = self.options
        patience = timedelta(minutes=options.every_minutes + options.late_minutes)
        visit.harvest.canary = Sighting(None, visit.now + patience, options.mail)
        try:
            fetched = await visit.get(visit.source.url)
        except PageTrouble as trouble:
            raise SourceTrouble(trouble.reason, trouble.detail) from trouble
        found = _LINE.search(decode(fetched.body, fetched.encoding))
        if found is None:
            raise SourceTrouble(Reason.NOT_UNDERSTOOD, "页面上没有 huiying-canary 一行")
        published = datetime.fromisoformat(found.group(1))
        published = published if published.tzinfo else published.replace(tzinfo=SHANGHAI)
        visit.harvest.canary = Sighting(min(published, visit.now), published + patience, options.mail)
        visit.reached_back(True)
