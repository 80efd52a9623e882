"""Every implementation of the search port, for the one contract test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.search.elastic import ElasticIndex
from pipeline.search.embedded import EmbeddedIndex
from pipeline.search.port import SearchIndex

EACH = ["embedded", pytest.param("elasticsearch", marks=pytest.mark.services)]


@pytest.fixture(params=EACH)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchIndex]:
    """An empty index."""
    with made(request, tmp_path) as index:
        yield index


@pytest.fixture(scope="module", params=EACH)
def lasting_index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """An index for many questions that change nothing."""
    with made(request, tmp_path_factory.mktemp("lasting")) as index:
        yield index


@contextmanager
def made(request: pytest.FixtureRequest, folder: Path) -> Iterator[SearchIndex]:
    if request.param == "embedded":
        embedded = EmbeddedIndex(folder / "index")
        yield embedded
        embedded.close()
        return
    prefix = f"test-{uuid4().hex[:12]}"
    elastic = ElasticIndex([request.getfixturevalue("elasticsearch_url")], prefix=prefix)
    yield elastic
    drop(elastic, prefix)


@pytest.fixture
def both(tmp_path: Path, elasticsearch_url: str) -> Iterator[tuple[SearchIndex, SearchIndex]]:
    """An empty index of each kind, to be compared."""
    prefix = f"test-{uuid4().hex[:12]}"
    embedded, elastic = EmbeddedIndex(tmp_path / "index"), ElasticIndex([elasticsearch_url], prefix=prefix)
    yield embedded, elastic
    embedded.close()
    drop(elastic, prefix)


def drop(elastic: ElasticIndex, prefix: str) -> None:
    """Remove what a test left on the shared server."""
    client = elastic._client
    names = list(client.indices.get(index=f"{prefix}-g*").body)
    if names:
        client.indices.delete(index=names)
    client.options(ignore_status=404).indices.delete_index_template(name=prefix)
    elastic.close()
