"""Fixtures of the crawlers' tests: an office with a stepped clock and an empty store, and a site on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from crawlers.crawl import Crawling
from crawlers.source import Source
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.intake import Intake
from pipeline.services import Services
from pipeline.store.engine import Store, metadata, sqlite_url
from pipeline.store.pseudonyms import Pseudonyms
from tests.crawlers.misbehaving import Site

START = datetime(2026, 3, 15, 8, 0, tzinfo=SHANGHAI)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    import pipeline.store.schema  # noqa: F401 - fills the metadata

    store = Store(sqlite_url(tmp_path / "store.db"))
    metadata.create_all(store.engine)
    clock = SteppedClock(START)

    def no_index() -> Any:
        raise AssertionError("crawling needs no index")

    yield Services(
        settings=Settings(data_dir=tmp_path),
        clock=clock,
        store=store,
        intake=Intake(store, clock, Pseudonyms(tmp_path / "keys")),
        executor=lambda: ThreadPoolExecutor(1),
        index=no_index,
        close=store.close,
    )
    store.close()


@pytest.fixture
def clock(services: Services) -> SteppedClock:
    assert isinstance(services.clock, SteppedClock)
    return services.clock


@pytest.fixture
def source(site: Site) -> Callable[..., Source]:
    """Makes a source on the loopback site: quick, and allowed to be there."""

    def make(spider: str, path: str = "/", **values: Any) -> Source:
        given: dict[str, Any] = {
            "id": "test-source",
            "name": "云港区政府网",
            "kind": "news",
            "spider": spider,
            "url": site.address + path,
            "allow_private": ("127.0.0.1",),
            "polite": {"delay_seconds": 0, "concurrency": 8, "adaptive": False},
            "limits": {"timeout_seconds": 3, "bytes": 300_000},
        }
        return Source.model_validate(given | values)

    return make


@pytest.fixture
def crawling(services: Services) -> Iterator[Callable[..., Crawling]]:
    """Opens a registered worker over sources."""
    opened: list[Crawling] = []

    def open_for(*sources: Source, worker: str = "") -> Crawling:
        worker_ = Crawling(services, sources, worker)
        worker_.register()
        opened.append(worker_)
        return worker_

    yield open_for
    for worker in opened:
        worker.close()
