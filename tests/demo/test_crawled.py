"""The real spiders in the city: they bring home what it shows, truly, and stay out where robots.txt says so."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import pipeline.store.schema  # noqa: F401 (fills the metadata)
from config.settings import Settings
from crawlers.crawl import Crawling
from crawlers.source import load_sources
from demo.city import SITES, SOURCES, City
from demo.stories import Piece, load_pieces, shown
from demo.truth import truth_of
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Document
from pipeline.intake import Intake
from pipeline.services import Services
from pipeline.store.documents import document_of
from pipeline.store.engine import Store, metadata, sqlite_url
from pipeline.store.pseudonyms import Pseudonyms
from pipeline.store.schema.documents import documents

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=SHANGHAI)


class Crawled:
    """What one round of all sources at noon on Sunday brought, beside what the city showed."""

    def __init__(self, city: City, stored: list[Document], outcomes: dict[str, str]) -> None:
        self.city = city
        self.outcomes = outcomes
        self.by_native: dict[str, Document] = {}
        self.strangers: list[Document] = []
        for document in stored:
            truth = truth_of(document)
            if truth is None:
                self.strangers.append(document)
            else:
                self.by_native[truth.native_id] = document
        self.shown: list[Piece] = list(shown(NOON))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder: Path = tmp_path_factory.mktemp("office")
    store = Store(sqlite_url(folder / "store.db"))
    metadata.create_all(store.engine)
    clock = SteppedClock(NOON)

    def no_index() -> Any:
        raise AssertionError("crawling needs no index")

    services = Services(
        settings=Settings(data_dir=folder),
        clock=clock,
        store=store,
        intake=Intake(store, clock, Pseudonyms(folder / "keys")),
        executor=lambda: ThreadPoolExecutor(1),
        index=no_index,
        close=store.close,
    )
    with City(clock) as city, Crawling(services, load_sources(SOURCES, city.addresses)) as crawling:
        crawling.register()
        report = crawling.crawl_now()
        with store.read() as connection:
            stored = [document_of(row) for row in connection.execute(select(documents))]
        yield Crawled(city, stored, {run.source_id: run.outcome for run in report.runs})
    store.close()


def test_every_source_is_collected(crawled: Crawled) -> None:
    assert set(crawled.outcomes) == {f"demo-{site}" for site in SITES}
    assert not [source for source, outcome in crawled.outcomes.items() if outcome == "failed"]


def test_nothing_comes_home_that_the_city_did_not_show(crawled: Crawled) -> None:
    assert crawled.strangers == []
    assert set(crawled.by_native) <= {piece.native_id for piece in crawled.shown}


def test_letters_tickets_and_disclosure_requests_are_all_there(crawled: Crawled) -> None:
    desk = [
        piece
        for piece in crawled.shown
        if piece.site in ("mailbox", "disclosure", "hotline", "forum", "video", "wechat")
    ]
    missing = [piece.title for piece in desk if piece.native_id not in crawled.by_native]
    assert missing == []


def test_news_is_all_there_but_the_page_that_is_cut_off(crawled: Crawled) -> None:
    news = [piece for piece in crawled.shown if piece.site in ("gov", "daily", "metro", "harbour", "online")]
    missing = {piece.key for piece in news if piece.native_id not in crawled.by_native}
    assert missing == {"page-cut"}


def test_the_fire_is_found_on_weibo_with_its_reposts_and_comments(crawled: Crawled) -> None:
    fire = [piece for piece in crawled.shown if piece.truth.storyline == "fire" and piece.site in ("weibo", "comment")]
    missing = [piece.text for piece in fire if piece.native_id not in crawled.by_native]
    assert missing == []


def test_posts_and_letters_keep_their_words_and_times(crawled: Crawled) -> None:
    for piece in crawled.shown:
        document = crawled.by_native.get(piece.native_id)
        if document is None or piece.site not in ("weibo", "comment", "mailbox", "hotline", "forum", "wechat", "video"):
            continue
        assert "".join(document.text.split()) == "".join(piece.text.split())
        assert document.published_at is not None
        assert abs((document.published_at - piece.published_at).total_seconds()) < 60


def test_the_directory_that_robots_forbids_is_never_asked_for(crawled: Crawled) -> None:
    assert crawled.city.seen
    assert not [seen.path for seen in crawled.city.seen if seen.path.startswith("/nbzl/")]


def test_all_pieces_are_known_to_the_truth() -> None:
    assert all(truth_of(Document(id=piece.native_id, text=piece.text)) == piece.truth for piece in load_pieces())
