"""The office's own page that says the hour (金丝雀): what proves the chain from a page to the mailbox."""

from __future__ import annotations

from datetime import datetime

from demo.sites import pages
from demo.web import Answer, Request
from pipeline.clock import iso, shanghai


def canary(request: Request, now: datetime) -> Answer:
    """/ bears the last full hour."""
    if request.path == "/robots.txt":
        return pages.robots("/admin/")
    if request.path != "/":
        return pages.not_found()
    hour = shanghai(now).replace(minute=0, second=0, microsecond=0)
    return Answer(f"<!DOCTYPE html><html><body><p>huiying-canary {iso(hour)}</p></body></html>".encode())
