"""Lists: read back to what was known, pinned entries say nothing, a broken later page loses nothing of the earlier ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crawlers.spiders.lists import read_back
from pipeline.store import sources as book
from pipeline.store.schema.documents import documents
from tests.crawlers.misbehaving import Answer
from tests.crawlers.pages import article, listing

_BOARD = {"portal": {"detail": r"art_1229_\d+"}, "forum": {"thread": r"art_1229_\d+", "post": "body", "text": "p + p"}}


def _links(*numbers):
    return [(f"/art/2026/3/15/art_1229_{n}.html", f"关于沙洲镇火情处置的第{n}号通报") for n in numbers]


def _serve(site, path, links, following=""):
    site.html(path, listing(links, following))
    for at, title in links:
        site.html(at, article(title))


def _count(services):
    with services.store.read() as connection:
        return len(connection.execute(select(documents.c.id)).all())


@pytest.mark.parametrize(
    ("listed", "new", "answer"),
    [
        (["a", "b", "c"], ["a"], True),
        (["a", "b", "c"], [], True),
        (["a", "b", "c"], ["a", "b", "c"], False),
        (["pinned", "b", "c"], ["b", "c"], False),
        (["pinned", "b", "c"], ["b"], True),
        (["a", "b", "c"], ["c"], True),
    ],
)
def test_read_back_to_what_was_known(listed, new, answer):
    assert read_back(listed, new) is answer


@pytest.mark.parametrize("spider", ["site", "portal", "forum"])
def test_a_pinned_entry_does_not_hide_what_moved_to_the_second_page(site, source, crawling, services, clock, spider):
    pinned = _links(1)
    _serve(site, "/", pinned + _links(2, 3))
    worker = crawling(source(spider, options=_BOARD.get(spider, {})))
    worker.crawl_due()
    _serve(site, "/", pinned + _links(8, 9), following="/index_2.html")
    _serve(site, "/index_2.html", _links(6, 7, 3, 2))
    clock.advance(timedelta(days=1))
    worker.crawl_due()
    assert _count(services) == 7


@pytest.mark.parametrize("spider", ["site", "portal", "forum"])
def test_a_second_page_that_is_broken_loses_nothing_of_the_first(site, source, crawling, services, spider):
    _serve(site, "/", _links(1, 2), following="/index_2.html")
    site.pages["/index_2.html"] = Answer(b"", 500)
    report = crawling(source(spider, options=_BOARD.get(spider, {}))).crawl_due().runs[0]
    assert (report.outcome, report.missed, report.new) == ("partial", 1, 2)


@pytest.mark.parametrize("spider", ["site", "portal", "forum"])
def test_a_wish_for_the_past_reads_on_past_what_is_known_once(site, source, crawling, services, clock, spider):
    _serve(site, "/", _links(8, 9), following="/index_2.html")
    _serve(site, "/index_2.html", _links(6, 7), following="/index_3.html")
    _serve(site, "/index_3.html", _links(4, 5))
    options = _BOARD.get(spider, {}) | {{"site": "list_pages"}.get(spider, "pages"): 1}
    worker = crawling(source(spider, options=options))
    worker.crawl_due()
    assert _count(services) == 2
    with services.store.write() as connection:
        assert book.fill(connection, "test-source", clock.now() - timedelta(days=30), clock.now())
    run = worker.crawl_due().runs[0]
    assert (run.outcome, run.new) == ("ok", 4)
    assert any(warning.startswith("补采自 2026-02-13：") for warning in run.warnings)
    with services.store.read() as connection:
        assert book.state(connection, "test-source").fill_since is None
    asked = len(site.asked)
    clock.advance(timedelta(days=1))
    worker.crawl_due()
    assert "/index_3.html" not in site.asked[asked:]


def test_a_wish_for_the_past_outlives_a_run_that_failed(site, source, crawling, services, clock):
    site.pages["/"] = Answer(b"", 500)
    worker = crawling(source("site"))
    since = clock.now() - timedelta(days=3)
    with services.store.write() as connection:
        assert book.fill(connection, "test-source", since, clock.now())
    assert worker.crawl_due().runs[0].outcome == "failed"
    with services.store.read() as connection:
        assert book.state(connection, "test-source").fill_since == since


def test_the_past_cannot_be_asked_for_while_a_run_goes_on_and_may_be_taken_back(source, crawling, services, clock):
    crawling(source("site"))
    now = clock.now()
    with services.store.write() as connection:
        assert book.fill(connection, "test-source", now, now)
        assert book.fill(connection, "test-source", None, now)
        assert book.state(connection, "test-source").fill_since is None
        assert book.claim(connection, "test-source", "worker", now, timedelta(minutes=5), "")
        assert not book.fill(connection, "test-source", now, now)
