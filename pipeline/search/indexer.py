"""Store → index (投影): the index only ever says what the store says; whatever is behind is a row in pending_index.

One process writes the index at a time: the one that has the lease. A batch is put into the index first and struck off
afterwards, so a process that dies between the two only does the same work again.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from pipeline.clock import Clock, SystemClock
from pipeline.document import Kind, Polarity, Scope, Secrecy
from pipeline.search.port import IndexedDocument, RefusedDocuments, SearchError, SearchIndex
from pipeline.store.engine import Store
from pipeline.store.leases import give_back, take
from pipeline.store.schema.documents import analyses, copies, documents, pending_index, quarantine
from pipeline.store.schema.events import event_documents

LEASE = "index-writer"
LASTING = timedelta(seconds=10)
LASTING_REBUILD = timedelta(seconds=60)  # kept up at every page; a page must not take longer
BATCH = 1_000
_PAGE = 1_000
_KINDS, _POLARITIES = {each.value: each for each in Kind}, {each.value: each for each in Polarity}
_SCOPES, _MARKS = {each.value: each for each in Scope}, {each.value: each for each in Secrecy}


@dataclass(frozen=True, slots=True)
class Pending:
    """A document that the index is behind for, at the version seen."""

    document_id: str
    version: int
    deleted: bool


class Indexer:
    """Brings the index up to the store. `drain` does one batch; run it whenever something was placed, or on a timer."""

    def __init__(self, store: Store, index: SearchIndex, clock: Clock | None = None) -> None:
        self._store = store
        self._index = index
        self._clock = clock or SystemClock()
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"

    def drain(self, limit: int = BATCH) -> int:
        """Index the next documents; how many. 0 = nothing is waiting, or another process has the pen.

        SearchError when the index cannot be written; nothing is struck off then.
        """
        with self._store.read() as connection:
            if not waiting(connection):
                return 0
        if not self._hold():
            return 0
        with self._store.read() as connection:
            batch = pending(connection, limit)
            wanted = [each.document_id for each in batch if not each.deleted]
            projected = project(connection, wanted)
        kept = {document.id for document in projected}
        refused = self._add(projected)
        self._index.delete([each.document_id for each in batch if each.document_id not in kept])
        with self._store.write() as connection:
            quarantine_refused(connection, refused, self._clock.now())
            strike_off(connection, batch)
        return len(batch)

    def drain_all(self, progress: Callable[[int], None] = lambda _done: None, patience: float = 600.0) -> int:
        """Index until nothing waits, or another process has done it; how many were done here.

        SearchError after `patience` seconds without any headway.
        """
        done, deadline = 0, time.monotonic() + patience
        lag = -1
        while True:
            now_done = self.drain()
            done += now_done
            progress(done)
            with self._store.read() as connection:
                left = waiting(connection)
            if not left:
                return done
            if now_done or left != lag:
                deadline = time.monotonic() + patience
            elif time.monotonic() > deadline:
                raise SearchError(f"还有 {left} 篇文档没有进入索引，写索引的进程没有进展；请运行 huiying doctor 查看。")
            lag = left
            if not now_done:
                time.sleep(0.2)

    def rebuild(self, progress: Callable[[int], None] = lambda _done: None) -> int:
        """Fill a new index from the store and put it in place; the old one is searched until then.

        What changes meanwhile stays pending and follows at the next `drain`. SearchError when another process writes.
        """
        if not self._hold(LASTING_REBUILD):
            raise SearchError("索引正由另一个进程写入；请先停止 huiying run 再重建，或稍后再试。")
        return self._index.rebuild(self._all(progress))

    def release(self) -> None:
        """Let another process write."""
        self._index.release()
        with self._store.write() as connection:
            give_back(connection, LEASE, self._holder)

    def _add(self, projected: list[IndexedDocument]) -> Mapping[str, str]:
        """Put them in; those that the index will never take, with why."""
        try:
            self._index.add(projected)
        except RefusedDocuments as refusal:
            return refusal.reasons
        return {}

    def _all(self, progress: Callable[[int], None]) -> Iterator[IndexedDocument]:
        after = ""
        done = 0
        while True:
            if not self._hold(LASTING_REBUILD):  # somebody else has written meanwhile: this index would lack it
                raise SearchError("重建索引时写权被另一个进程取走；旧索引照常可用，请重新运行 huiying reindex。")
            with self._store.read() as connection:
                page = project_after(connection, after, _PAGE)
            if not page:
                return
            yield from page
            after = page[-1].id
            done += len(page)
            progress(done)

    def _hold(self, lasting: timedelta = LASTING) -> bool:
        with self._store.write() as connection:
            return bool(take(connection, LEASE, self._holder, lasting))


def waiting(connection: Connection) -> int:
    """How many documents the index is behind for: pages say so when it is more than a moment's worth."""
    return int(connection.execute(select(func.count()).select_from(pending_index)).scalar_one())


def pending(connection: Connection, limit: int) -> list[Pending]:
    rows = connection.execute(select(pending_index).order_by(pending_index.c.document_id).limit(limit))
    return [Pending(row.document_id, row.version, row.deleted) for row in rows]


def strike_off(connection: Connection, batch: list[Pending]) -> None:
    """Forget what is done, but not what was queued again since."""
    for version in {each.version for each in batch}:
        ids = [each.document_id for each in batch if each.version == version]
        for start in range(0, len(ids), 500):
            connection.execute(
                delete(pending_index).where(
                    pending_index.c.document_id.in_(ids[start : start + 500]), pending_index.c.version == version
                )
            )


def quarantine_refused(connection: Connection, refused: Mapping[str, str], at: datetime) -> None:
    """Note the documents that the index will never take, with why: they stay in the store and in their events."""
    known = set(
        connection.execute(select(quarantine.c.document_id).where(quarantine.c.document_id.in_(refused))).scalars()
    )
    rows = [
        {"document_id": key, "at": at, "reason": f"检索索引拒收：{why}"}
        for key, why in refused.items()
        if key not in known
    ]
    if rows:
        connection.execute(insert(quarantine), rows)


def project(connection: Connection, document_ids: list[str]) -> list[IndexedDocument]:
    """These documents as the index should know them; those that are gone, or not analysed, are left out."""
    found: list[IndexedDocument] = []
    for start in range(0, len(document_ids), 500):
        rows = connection.execute(_projection().where(documents.c.id.in_(document_ids[start : start + 500])))
        found.extend(_indexed(row) for row in rows)
    return found


def project_after(connection: Connection, document_id: str, limit: int) -> list[IndexedDocument]:
    """The next documents by id."""
    rows = connection.execute(_projection().where(documents.c.id > document_id).order_by(documents.c.id).limit(limit))
    return [_indexed(row) for row in rows]


def _projection() -> Any:
    return (
        select(
            documents.c.id,
            documents.c.kind,
            documents.c.source,
            documents.c.url,
            documents.c.secrecy,
            documents.c.reads,
            func.coalesce(documents.c.published_at, documents.c.known_at).label("at"),
            analyses.c.title,
            analyses.c.text,
            analyses.c.sentiment,
            analyses.c.score,
            analyses.c.topic,
            analyses.c.scope,
            analyses.c.detail,
            event_documents.c.event_id,
            copies.c.original_id,
        )
        .join(analyses, analyses.c.document_id == documents.c.id)
        .outerjoin(event_documents, event_documents.c.document_id == documents.c.id)
        .outerjoin(copies, copies.c.document_id == documents.c.id)
    )


def _indexed(row: Sequence[Any]) -> IndexedDocument:
    """A row of `_projection`, in its order: reading a row's columns by name costs more than all the rest here."""
    (
        key,
        kind,
        source,
        url,
        secrecy,
        reads,
        at,
        title,
        text,
        sentiment,
        score,
        topic,
        scope,
        detail,
        event,
        original,
    ) = row
    places = [name for place in detail["places"] for name in (place["name"], place["town"]) if name]
    return IndexedDocument(
        id=key,
        kind=_KINDS[kind],
        text=text,
        at=at,
        title=title,
        source=source,
        url=url,
        sentiment=_POLARITIES[sentiment],
        score=score,
        topic=topic,
        topic_sub=detail["topic"]["sub"],
        scope=_SCOPES[scope],
        places=tuple(dict.fromkeys(places)),
        departments=tuple(dict.fromkeys(each["name"] for each in detail["departments"])),
        event_id=event or "",
        copy_of=original or "",
        reach=reads or 0,
        secrecy=_MARKS[secrecy],
    )
