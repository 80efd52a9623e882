"""The index follows the store: nothing forgotten, nothing doubled, whoever dies in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.clock import SHANGHAI
from pipeline.document import (
    Analysis,
    Copy,
    DepartmentGuess,
    Document,
    Kind,
    Placement,
    PlaceMention,
    Polarity,
    Scope,
    Secrecy,
    Sentiment,
    Topic,
)
from pipeline.search import indexer as room
from pipeline.search.embedded import EmbeddedIndex
from pipeline.search.indexer import Indexer, waiting
from pipeline.search.port import IndexedDocument, Query, RefusedDocuments, SearchError
from pipeline.store import documents, events
from pipeline.store.engine import Store
from pipeline.store.leases import take

AT = datetime(2026, 3, 15, 3, 0, tzinfo=SHANGHAI)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    made = EmbeddedIndex(tmp_path / "index")
    yield made
    made.close()


def keep(store: Store, *ids: str) -> None:
    """Store, analyse and queue documents with these ids."""
    batch = [
        Document(id=each, text=f"原文 {each} 13800001234", kind=Kind.WEIBO, title="题", published_at=AT, author="p-1")
        for each in ids
    ]
    with store.write() as connection:
        documents.save(connection, batch, AT)
        documents.save_analyses(connection, [judged(each) for each in ids])
        documents.queue_for_index(connection, ids)


def judged(document_id: str) -> Analysis:
    return Analysis(
        document_id=document_id,
        language="zh",
        sentiment=Sentiment(Polarity.NEGATIVE, -0.5, 0.9),
        topic=Topic("安全生产", 0.9, sub="火灾"),
        scope=Scope.LOCAL,
        scope_reason="",
        places=(PlaceMention("化工园", town="沙洲镇"), PlaceMention("沙洲镇", town="沙洲镇")),
        departments=(DepartmentGuess("区应急管理局", 0.8),),
        opinion_kind=None,
        rumour=None,
        masked_title="题",
        masked_text=f"原文 {document_id} 138****1234",
    )


def left(store: Store) -> int:
    with store.read() as connection:
        return waiting(connection)


def found(index: EmbeddedIndex) -> set[str]:
    return {document.id for document in index.scan(Query())}


def test_what_is_queued_is_projected_masked_and_struck_off(store: Store, index: EmbeddedIndex) -> None:
    keep(store, "a", "b")
    with store.write() as connection:
        documents.save_copies(connection, [Copy("b", "a", 0.9, "near")])
    assert Indexer(store, index).drain() == 2
    assert left(store) == 0
    by_id = {document.id: document for document in index.scan(Query())}
    assert by_id["b"] == IndexedDocument(
        id="b",
        kind=Kind.WEIBO,
        text="原文 b 138****1234",
        at=AT,
        title="题",
        sentiment=Polarity.NEGATIVE,
        score=-0.5,
        topic="安全生产",
        topic_sub="火灾",
        places=("化工园", "沙洲镇"),
        departments=("区应急管理局",),
        copy_of="a",
        secrecy=Secrecy.PUBLIC,
    )


def test_the_event_of_a_document_is_kept_up(store: Store, index: EmbeddedIndex) -> None:
    keep(store, "a")
    indexer = Indexer(store, index)
    indexer.drain()
    with store.write() as connection:
        _event(connection, "e1")
        events.add_members(connection, [(Placement("a", "e1", True, 1.0, ""), AT)])
        documents.queue_for_index(connection, ["a"])
    indexer.drain()
    assert [document.event_id for document in index.scan(Query())] == ["e1"]


def test_a_deleted_document_leaves_the_index(store: Store, index: EmbeddedIndex) -> None:
    keep(store, "a", "b")
    indexer = Indexer(store, index)
    indexer.drain()
    with store.write() as connection:
        documents.queue_for_index(connection, ["a"], deleted=True)
    assert indexer.drain() == 1
    assert found(index) == {"b"}


def test_what_is_queued_again_while_it_is_indexed_is_not_forgotten(store: Store, tmp_path: Path) -> None:
    class Slow(EmbeddedIndex):
        def add(self, batch: list[IndexedDocument]) -> None:
            super().add(batch)
            with store.write() as connection:
                documents.queue_for_index(connection, ["a"])

    keep(store, "a", "b")
    index = Slow(tmp_path / "index")
    assert Indexer(store, index).drain() == 2
    assert left(store) == 1
    index.close()


def test_a_death_between_indexing_and_striking_off_only_repeats_the_work(
    store: Store, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, "a", "b")
    with monkeypatch.context() as dying:
        dying.setattr(room, "strike_off", _die)
        with pytest.raises(KeyboardInterrupt):
            Indexer(store, index).drain()
    assert left(store) == 2
    with store.write() as connection:  # its lease runs out
        connection.exec_driver_sql("update leases set until = '1970-01-01 00:00:00'")
    assert Indexer(store, index).drain() == 2
    assert found(index) == {"a", "b"}
    assert index.count() == 2


def test_only_the_holder_of_the_lease_writes(store: Store, index: EmbeddedIndex) -> None:
    keep(store, "a")
    with store.write() as connection:
        assert take(connection, room.LEASE, "somebody else", timedelta(minutes=1))
    indexer = Indexer(store, index)
    assert indexer.drain() == 0
    with pytest.raises(SearchError, match="另一个进程"):
        indexer.rebuild()
    with pytest.raises(SearchError, match="没有进展"):
        indexer.drain_all(patience=0.3)
    assert left(store) == 1


def test_a_released_pen_is_free_for_the_next(store: Store, index: EmbeddedIndex) -> None:
    keep(store, "a")
    first = Indexer(store, index)
    first.drain()
    first.release()
    keep(store, "b")
    assert Indexer(store, index).drain() == 1


def test_an_index_that_is_down_loses_nothing_and_catches_up(store: Store, tmp_path: Path) -> None:
    class Flaky(EmbeddedIndex):
        down = True

        def add(self, batch: list[IndexedDocument]) -> None:
            if self.down:
                raise SearchError("连不上")
            super().add(batch)

    keep(store, "a", "b")
    index = Flaky(tmp_path / "index")
    indexer = Indexer(store, index)
    with pytest.raises(SearchError):
        indexer.drain()
    assert left(store) == 2
    index.down = False
    assert indexer.drain_all() == 2
    index.close()


def test_a_document_that_the_index_refuses_does_not_hold_up_the_rest(store: Store, tmp_path: Path) -> None:
    class Picky(EmbeddedIndex):
        def add(self, batch: list[IndexedDocument]) -> None:
            super().add([document for document in batch if document.id != "a"])
            if any(document.id == "a" for document in batch):
                raise RefusedDocuments({"a": "too odd"})

    keep(store, "a", "b")
    index = Picky(tmp_path / "index")
    assert Indexer(store, index).drain() == 2
    assert left(store) == 0
    assert found(index) == {"b"}
    with store.read() as connection:
        rows = connection.exec_driver_sql("select document_id, reason from quarantine").all()
    assert rows == [("a", "检索索引拒收：too odd")]
    index.close()


def test_a_rebuild_holds_exactly_what_the_store_holds(
    store: Store, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_PAGE", 3)
    ids = {f"d{number}" for number in range(10)}
    keep(store, *ids)
    index.add([replace(next(iter(room_projected(store))), id="stale")])
    assert Indexer(store, index).rebuild() == 10
    assert found(index) == ids


def test_a_rebuild_that_lost_the_pen_leaves_the_old_index(
    store: Store, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever took the pen has written what the new index would lack."""
    monkeypatch.setattr(room, "_PAGE", 3)
    keep(store, "a", "b", "c", "d")
    Indexer(store, index).drain()
    with store.write() as connection:
        connection.exec_driver_sql("update leases set until = '1970-01-01 00:00:00'")

    def steal(done: int) -> None:
        with store.write() as connection:
            connection.exec_driver_sql("update leases set until = '1970-01-01 00:00:00'")
            assert take(connection, room.LEASE, "somebody else", timedelta(minutes=1))

    with pytest.raises(SearchError, match="重新运行 huiying reindex"):
        Indexer(store, index).rebuild(steal)
    assert found(index) == {"a", "b", "c", "d"}


def room_projected(store: Store) -> list[IndexedDocument]:
    with store.read() as connection:
        return room.project_after(connection, "", 1)


def _die(*_anything: object) -> None:
    raise KeyboardInterrupt


def _event(connection: object, event_id: str) -> None:
    from pipeline.store.schema.events import events as table

    connection.execute(  # type: ignore[attr-defined]
        table.insert().values(
            id=event_id, title="题", first_document_id="a", opened_at=AT, last_at=AT, stage="spread", stage_since=AT,
            stage_reason="", heat=1.0, documents=1, negative=1, scope="local", topic="安全生产", state={},
        )
    )  # fmt: skip
