"""Three Elasticsearch nodes: one is killed while documents are indexed and searched; then all of them."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from benchmarks.crowd import START, Crowd
from pipeline.document import Document
from pipeline.search.elastic import ElasticIndex
from pipeline.search.port import IndexedDocument, Query, SearchError, Words
from services import elasticsearch
from services.elasticsearch import Node
from services.process import ServiceError

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[Path, Path, list[Node]]]:
    """A cluster of its own: where its data and its program are, and its nodes."""
    home = ROOT / ".services" / f"elasticsearch-{elasticsearch.VERSION}"
    if not home.exists():
        pytest.skip("needs elasticsearch (make services)")
    root = Path(tempfile.mkdtemp(prefix="huiying-nodes-"))
    root.chmod(0o755)
    try:
        running = elasticsearch.start_nodes(root, home, count=3, seconds=400)
    except ServiceError as error:
        pytest.skip(f"needs three Elasticsearch nodes: {error}")
    yield root, home, running
    for node in running:
        if node.alive:
            node.stop()
    shutil.rmtree(root, ignore_errors=True)


def indexed(document: Document) -> IndexedDocument:
    return IndexedDocument(id=document.id, kind=document.kind, text=document.text, at=document.published_at or START)


def kill(node: Node) -> None:
    os.killpg(node.pid, signal.SIGKILL)


def test_one_node_killed_loses_nothing_and_searches_go_on(nodes: tuple[Path, Path, list[Node]]) -> None:
    _root, _home, running = nodes
    urls = [node.url for node in running]
    index = ElasticIndex(urls, prefix=f"three-{uuid4().hex[:8]}")
    documents = [indexed(document) for day in Crowd(seed=9).days(6_000) for document in day]
    batches = [documents[start : start + 300] for start in range(0, len(documents), 300)]
    index.add(batches[0])
    index._client.cluster.health(wait_for_status="green", timeout="120s")

    over, answers, failures = threading.Event(), [], []

    def keep_searching() -> None:
        reader = ElasticIndex(urls, prefix=index._prefix)
        while not over.is_set():
            try:
                answers.append(reader.search(Query(Words(("的",)))).total)
            except SearchError as error:
                failures.append(str(error))
        reader.close()

    searcher = threading.Thread(target=keep_searching)
    searcher.start()
    for number, batch in enumerate(batches[1:], start=1):
        if number == 5:
            kill(running[0])
        while True:  # what the index is behind with stays queued: the indexer gives it again
            try:
                index.add(batch)
                break
            except SearchError:
                continue
    over.set()
    searcher.join()
    assert index.count() == len(documents)
    assert {document.id for document in index.scan(Query())} == {document.id for document in documents}
    assert len(answers) > 5
    assert max(answers) <= len(
        documents
    )  # copies refresh each at its own moment: a later answer may be an older copy's
    assert len(failures) <= len(answers)
    index.close()


def test_all_nodes_down_is_told_in_words_and_what_was_indexed_is_there_afterwards(
    nodes: tuple[Path, Path, list[Node]],
) -> None:
    root, home, running = nodes
    running[0] = elasticsearch.restart_node(root, home, running[0], count=3)
    index = ElasticIndex([node.url for node in running], prefix=f"down-{uuid4().hex[:8]}")
    documents = [indexed(document) for document in next(Crowd(seed=9).days(500))]
    index.add(documents)
    index._client.cluster.health(wait_for_status="green", timeout="120s")
    for node in running:
        kill(node)
    with pytest.raises(SearchError, match="连不上 Elasticsearch"):
        index.add(documents)
    with pytest.raises(SearchError, match="文档不会丢失"):
        index.search(Query())
    running[:] = elasticsearch.restart_all(root, home, running)
    index._client.cluster.health(wait_for_status="yellow", timeout="120s", index=index._prefix)
    assert index.count() == len(documents)
    assert index.drop_before(START + timedelta(days=2)) == len(documents)
    index.close()
