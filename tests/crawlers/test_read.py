"""Reading: a small page is read where it arrives, a large one beside the network; both with what was learned."""

from __future__ import annotations

import asyncio
import threading

import pytest

from crawlers import read
from crawlers.extraction.extract import extract
from crawlers.fetched import Fetched
from pipeline.clock import parse_time
from tests.crawlers.pages import article


@pytest.mark.parametrize(("size", "beside"), [(0, False), (100_000, True)])
def test_only_a_large_page_leaves_the_thread_of_the_network(monkeypatch, size, beside):
    where = []

    def watched(*asked):
        where.append(threading.current_thread())
        return extract(*asked)

    monkeypatch.setattr(read, "extract", watched)
    url, now = "https://www.yungang.example/art/1.html", parse_time("2026-03-16 09:00")
    body = article("沙洲镇化工园火情处置情况通报").encode() + b" " * size
    page = asyncio.run(read.PageReader()(Fetched(url, url, 200, {}, body, now)))
    assert page.title == "沙洲镇化工园火情处置情况通报"
    assert (where[0] is not threading.current_thread()) is beside
