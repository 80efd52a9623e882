"""The embedded index (tantivy): one folder, no server. The default.

Folder: `current` names the generation in use, `g-<number>/` are the generations. A rebuild fills a new generation
and renames `current` over; readers in every process follow at their next search.
One process writes at a time: tantivy's own lock enforces it, the indexer's lease decides it.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import tantivy

from pipeline.document import Polarity
from pipeline.search.embedded_query import Counted, aggregate, day_key, newest, pack, to_query
from pipeline.search.highlight import phrases
from pipeline.search.hits import to_hit
from pipeline.search.port import (
    Hits,
    IndexedDocument,
    Query,
    SearchError,
    Sort,
    check_page,
    order_bound,
    time_order,
)
from pipeline.search.record import from_record, to_record
from pipeline.search.tokens import joined

_HEAP = 64_000_000  # bytes of the writer's buffer
_REBUILD_COMMIT = 100_000  # documents between commits of a rebuild
_SCAN = 1_000  # hits read at once by a scan
_ERRORS = (ValueError, OSError, RuntimeError)

_KEYWORDS = ("kind", "source", "sentiment", "topic", "topic_sub", "place", "department", "scope", "event", "secrecy")


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    for name in _KEYWORDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    for name in ("title", "text"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in ("place_set", "department_set", "day"):  # one value a document: counted four times as fast as several
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("order", fast=True)
    builder.add_integer_field("negative", fast=True)
    builder.add_date_field("at", fast=True)
    builder.add_bytes_field("payload", stored=True)
    return builder.build()


class EmbeddedIndex:
    """A SearchIndex in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._lock = threading.RLock()
        self._writer: tantivy.IndexWriter | None = None
        self._seen = ("", b"")
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "current").exists():
            self._publish(self._new_generation())
        self._open()

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, documents: list[IndexedDocument]) -> None:
        if not documents:
            return
        newest = {document.id: document for document in documents}
        with self._lock, _refusing(self):
            self._refresh()
            writer, searcher = self._pen(), self._index.searcher()
            for document in newest.values():
                if searcher.doc_freq("id", document.id):
                    writer.delete_documents_by_term("id", document.id)
                writer.add_document(_to_tantivy(document))
            writer.commit()
            self._refresh()

    def delete(self, ids: list[str]) -> None:
        if not ids:
            return
        with self._lock, _refusing(self):
            self._refresh()
            writer = self._pen()
            for each in ids:
                writer.delete_documents_by_term("id", each)
            writer.commit()
            self._refresh()

    def drop_before(self, at: datetime) -> int:
        with self._lock, _refusing(self):
            self._refresh()
            before = self.count()
            writer = self._pen()
            writer.delete_documents_by_query(self._between(None, order_bound(at) - 1))
            writer.commit()
            self._refresh()
            return before - self.count()

    def rebuild(self, documents: Iterable[IndexedDocument]) -> int:
        with self._lock:
            self.release()
            with _refusing(self):
                generation = self._new_generation()
                index = self._load(generation)
                writer = index.writer(_HEAP, 1)
                number = 0
                for number, document in enumerate(documents, start=1):
                    writer.add_document(_to_tantivy(document))
                    if number % _REBUILD_COMMIT == 0:
                        writer.commit()
                writer.commit()
                writer.wait_merging_threads()
                self._publish(generation)
                self._open()
                self._sweep(generation)
                return number

    def release(self) -> None:
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.wait_merging_threads()

    def close(self) -> None:
        self.release()

    # -- reading ------------------------------------------------------------------------------------------------

    def search(self, query: Query) -> Hits:
        check_page(query)
        try:
            searcher = self._searcher()
            asked = to_query(self._schema, query.narrowed)
            counted = aggregate(searcher, asked, query)
            found = self._page(searcher, asked, query, counted)
        except _ERRORS as error:
            raise SearchError(f"检索失败：{error}；如反复出现，请运行 huiying reindex 重建索引。") from error
        wanted = phrases(query.where)
        hits = tuple(
            to_hit(_stored(searcher, address), wanted, 0.0 if query.sort is Sort.TIME else float(score))
            for score, address in found.hits[: query.limit]
        )
        total = _total(found) if counted.total is None else counted.total
        return Hits(total, hits, counted.facets, counted.bars)

    def _page(
        self, searcher: tantivy.Searcher, asked: tantivy.Query, query: Query, counted: Counted
    ) -> tantivy.SearchResult:
        """The hits of one page. The newest of very many lie in the last bars: older documents are then not looked at."""
        by_time = query.sort is Sort.TIME
        since = newest(counted.bars, query.offset + query.limit) if by_time else None
        return searcher.search(
            asked if since is None else asked.and_must_match(self._between(order_bound(since), None)),
            max(query.limit, 1),
            count=counted.total is None,
            offset=query.offset,
            order_by_field="order" if by_time else None,
        )

    def scan(self, query: Query) -> Iterator[IndexedDocument]:
        searcher = self._searcher()
        asked = to_query(self._schema, query.narrowed)
        bound: int | None = None
        at_bound: set[str] = set()  # given out already, with the very order at which the last page ended
        while True:
            page = asked if bound is None else asked.and_must_match(self._between(None, bound))
            found = searcher.search(page, _SCAN, count=False, order_by_field="order").hits
            for order, address in found:
                document = _stored(searcher, address)
                if order == bound and document.id in at_bound:
                    continue
                if order != bound:
                    bound, at_bound = int(order), set()
                at_bound.add(document.id)
                yield document
            if len(found) < _SCAN:
                return

    def count(self) -> int:
        return self._searcher().num_docs

    # -- files --------------------------------------------------------------------------------------------------

    def _between(self, first: int | None, last: int | None) -> tantivy.Query:
        return tantivy.Query.range_query(self._schema, "order", tantivy.FieldType.Integer, first, last)

    def _searcher(self) -> tantivy.Searcher:
        with self._lock:
            self._refresh()
            return self._index.searcher()

    def _refresh(self) -> None:
        """Follow what another process (or this one) committed or rebuilt since the last look."""
        generation = self._current()
        if generation != self._generation:
            self.release()
            self._open()
        # what it says, not when it was written: two commits may fall into one tick of the file system's clock
        changed = (generation, (self._folder / generation / "meta.json").read_bytes())
        if changed != self._seen:
            self._index.reload()
            self._seen = changed

    def _pen(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_HEAP, 1)
        return self._writer

    def _open(self) -> None:
        self._generation = self._current()
        self._index = self._load(self._generation)
        self._seen = ("", b"")

    def _load(self, generation: str) -> tantivy.Index:
        try:
            index = tantivy.Index(self._schema, str(self._folder / generation))
        except _ERRORS as error:
            raise SearchError(
                f"索引打不开（{self._folder}）：{error}；请删除该文件夹后运行 huiying reindex 重建。"
            ) from error
        whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer("whitespace", whitespace)
        index.config_reader("manual")
        return index

    def _current(self) -> str:
        return (self._folder / "current").read_text(encoding="ascii").strip()

    def _new_generation(self) -> str:
        numbers = [int(path.name[2:]) for path in self._folder.glob("g-*")]
        generation = f"g-{max(numbers, default=0) + 1}"
        (self._folder / generation).mkdir()
        self._load(generation)
        return generation

    def _publish(self, generation: str) -> None:
        fresh = self._folder / "current.new"
        fresh.write_text(generation, encoding="ascii")
        os.replace(fresh, self._folder / "current")

    def _sweep(self, keep: str) -> None:
        """Remove other generations; a reader that still has one open keeps its files until it lets go."""
        for path in self._folder.glob("g-*"):
            if path.name != keep:
                shutil.rmtree(path, ignore_errors=True)


class _refusing:
    """Turn what tantivy raises while writing into a SearchError, and drop the writer so that the next try is clean."""

    def __init__(self, index: EmbeddedIndex) -> None:
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, _ERRORS):
            return
        self._index._writer = None
        if "LockBusy" in str(error):
            raise SearchError(
                "索引正由另一个进程写入；请等它写完，或先停止它（huiying run、import、reindex）。"
            ) from error
        raise SearchError(
            f"索引写入失败：{error}；请检查磁盘空间和数据目录的权限，文档不会丢失，稍后自动重试。"
        ) from error


def _to_tantivy(document: IndexedDocument) -> tantivy.Document:
    made = tantivy.Document()
    negative = document.sentiment is Polarity.NEGATIVE
    made.add_text("id", document.id)
    for name, values in _keywords(document).items():
        for value in values:
            if value:
                made.add_text(name, value)
    made.add_text("place_set", pack(document.places))
    made.add_text("department_set", pack(document.departments))
    made.add_text("day", day_key(document.at, negative))
    made.add_text("title", joined(document.title))
    made.add_text("text", joined(document.text))
    made.add_integer("order", time_order(document.id, document.at))
    made.add_integer("negative", int(negative))
    made.add_date("at", document.at)
    made.add_bytes("payload", to_record(document))
    return made


def _keywords(document: IndexedDocument) -> dict[str, tuple[str, ...]]:
    return {
        "kind": (document.kind.value,),
        "source": (document.source,),
        "sentiment": (document.sentiment.value,),
        "topic": (document.topic,),
        "topic_sub": (document.topic_sub,),
        "place": tuple(dict.fromkeys(document.places)),
        "department": tuple(dict.fromkeys(document.departments)),
        "scope": (document.scope.value,),
        "event": (document.event_id,),
        "secrecy": (document.secrecy.value,),
    }


def _stored(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> IndexedDocument:
    payload = searcher.doc(address).get_first("payload")
    return from_record(bytes(payload or b""))


def _total(found: tantivy.SearchResult) -> int:
    total: int = found.count  # type: ignore[attr-defined]  # tantivy's stub forgets it
    return total
