"""The index on Elasticsearch (分布式检索), for offices that outgrow one machine.

Indices are `<prefix>-g<generation>-<month>`, read through the alias `<prefix>`; a template gives them their shape. A
rebuild fills a new generation and moves the alias in one step. Uses only what every distribution of the server has: no
`_delete_by_query`, no scripts, no lifecycle management; old months are dropped as whole indices.
"""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from pipeline.search.elastic_query import MAPPINGS, counts, to_body, to_line, to_query
from pipeline.search.highlight import phrases
from pipeline.search.hits import to_hit
from pipeline.search.port import (
    Hits,
    IndexedDocument,
    Query,
    RefusedDocuments,
    SearchError,
    Sort,
    Within,
    check_page,
)
from pipeline.search.record import from_values

_CHUNK = 1_000  # documents in one bulk request
_IN_FLIGHT = 2  # bulk requests at once while rebuilding: more would only wait inside the server
_TRIES = 8  # of the items that the server was too busy for
_LONGEST_PAUSE = 20.0  # seconds between two of them
_SCAN = 1_000  # hits of a page
_KEEP = "2m"  # how long the server keeps a scan's view between two pages
_BUSY = frozenset({429, 502, 503, 504})

_ANSWER = "errors,items.*.status,items.*.error.reason"  # of a bulk request: reading the rest took a third of our time

Operation = tuple[dict[str, Any], bytes | None]  # what to do, and the document it is done with


class ElasticIndex:
    """A SearchIndex on an Elasticsearch cluster."""

    def __init__(self, urls: Sequence[str], prefix: str = "huiying", shards: int = 1) -> None:
        self._client = Elasticsearch(list(urls), request_timeout=60, retry_on_timeout=True, max_retries=3)
        self._prefix = prefix
        self._shards = shards
        self._known: set[str] = set()
        self._ready = False

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, documents: list[IndexedDocument]) -> None:
        if not documents:
            return
        newest = {document.id: document for document in documents}
        with _speaking():
            generation = self._prepare()
            operations: list[Operation] = []
            targets = {document.id: self._index(generation, document.at) for document in newest.values()}
            for name in sorted(set(targets.values())):
                self._create(name, alias=True)
            for found_id, name in self._places(list(newest)):
                if name != targets[found_id]:  # it was published in another month than we thought
                    operations.append(({"delete": {"_index": name, "_id": found_id}}, None))
            operations += [_put(targets[document.id], document) for document in newest.values()]
            self._send(operations)
            self._client.indices.refresh(index=self._prefix)

    def delete(self, ids: list[str]) -> None:
        if not ids:
            return
        with _speaking():
            self._prepare()
            self._send([({"delete": {"_index": name, "_id": each}}, None) for each, name in self._places(ids)])
            self._client.indices.refresh(index=self._prefix)

    def drop_before(self, at: datetime) -> int:
        with _speaking():
            self._prepare()
            old = [name for name in self._behind_alias() if _month_end(name) <= f"{at.astimezone(UTC):%Y-%m}"]
            dropped = sum(self._client.count(index=name)["count"] for name in old)
            if old:
                self._client.indices.delete(index=old)
            rest = [document.id for document in self.scan(Query(Within(None, at)))]
            self.delete(rest)
            return int(dropped) + len(rest)

    def rebuild(self, documents: Iterable[IndexedDocument]) -> int:
        with _speaking():
            old = self._behind_alias() if self._prepare() else []
            generation = self._next_generation()
            made: set[str] = set()
            number = 0
            waiting: deque[Future[None]] = deque()
            with ThreadPoolExecutor(_IN_FLIGHT) as senders:
                for chunk in _chunks(documents, _CHUNK):
                    operations = []
                    for document in chunk:
                        name = self._index(generation, document.at)
                        if name not in made:
                            self._create(name, alias=False)
                            made.add(name)
                        operations.append(_put(name, document))
                    if len(waiting) > _IN_FLIGHT:  # back-pressure: read no further than the server follows
                        waiting.popleft().result()
                    waiting.append(senders.submit(self._send, operations))
                    number += len(chunk)
                for sending in waiting:
                    sending.result()
            if not made:
                name = self._index(generation, datetime.now(UTC))
                self._create(name, alias=False)
                made.add(name)
            self._finish(sorted(made), old)
            return number

    def release(self) -> None:
        return None

    def close(self) -> None:
        self._client.close()

    # -- reading ------------------------------------------------------------------------------------------------

    def search(self, query: Query) -> Hits:
        check_page(query)
        with _speaking():
            self._prepare()
            answer = self._client.search(
                index=self._prefix, size=query.limit, from_=query.offset, source_includes=["payload"], **to_body(query)
            )
        wanted = phrases(query.where)
        hits = tuple(
            to_hit(
                from_values(hit["_source"]["payload"]),
                wanted,
                0.0 if query.sort is Sort.TIME else float(hit["_score"] or 0.0),
            )
            for hit in answer["hits"]["hits"]
        )
        return Hits(answer["hits"]["total"]["value"], hits, *counts(answer.body, query))

    def scan(self, query: Query) -> Iterator[IndexedDocument]:
        for hit in self._pages(to_query(query.narrowed), ["payload"]):
            yield from_values(hit["_source"]["payload"])

    def count(self) -> int:
        with _speaking():
            self._prepare()
            return int(self._client.count(index=self._prefix)["count"])

    def _pages(self, query: Mapping[str, Any], fields: list[str]) -> Iterator[Mapping[str, Any]]:
        """Every hit of a frozen view, newest first."""
        with _speaking():
            self._prepare()
            view = self._client.open_point_in_time(index=self._prefix, keep_alive=_KEEP)["id"]
        try:
            after: Any = None
            while True:
                with _speaking():
                    answer = self._client.search(
                        size=_SCAN,
                        query=query,
                        pit={"id": view, "keep_alive": _KEEP},
                        sort=[{"order": "desc"}, {"_shard_doc": "asc"}],
                        search_after=after,
                        track_total_hits=False,
                        source_includes=fields,
                    )
                view = answer["pit_id"]
                yield from answer["hits"]["hits"]
                if len(answer["hits"]["hits"]) < _SCAN:
                    return
                after = answer["hits"]["hits"][-1]["sort"]
        finally:
            with suppress(ApiError, TransportError):
                self._client.close_point_in_time(id=view)

    # -- indices ------------------------------------------------------------------------------------------------

    def _prepare(self) -> str:
        """The generation behind the alias, made on first use."""
        if not self._ready:
            self._client.indices.put_index_template(
                name=self._prefix,
                index_patterns=[f"{self._prefix}-g*"],
                priority=200,
                template={
                    "settings": {
                        "number_of_shards": self._shards,
                        "auto_expand_replicas": "0-1",
                        "refresh_interval": "30s",
                    },
                    "mappings": dict(MAPPINGS),
                },
            )
            self._ready = True
        names = self._behind_alias()
        self._known = set(names)  # another process may have dropped a month
        if not names:
            self._create(self._index("g1", datetime.now(UTC)), alias=True)
            return "g1"
        return names[0].removeprefix(f"{self._prefix}-").split("-")[0]

    def _behind_alias(self) -> list[str]:
        try:
            return sorted(self._client.indices.get_alias(name=self._prefix).body)
        except NotFoundError:
            return []

    def _next_generation(self) -> str:
        """A number never used; what a rebuild that died left behind is removed first."""
        live = set(self._behind_alias())
        names = self._client.indices.get(index=f"{self._prefix}-g*", expand_wildcards="all").body
        left = sorted(set(names) - live)
        if left:
            self._client.indices.delete(index=left)
        numbers = [int(found[1]) for name in names if (found := re.match(rf"{self._prefix}-g(\d+)-", name))]
        return f"g{max(numbers, default=0) + 1}"

    def _index(self, generation: str, at: datetime) -> str:
        return f"{self._prefix}-{generation}-{at.astimezone(UTC):%Y-%m}"

    def _create(self, name: str, alias: bool) -> None:
        if name in self._known:
            return
        settings = {} if alias else {"refresh_interval": "-1", "auto_expand_replicas": "false"}
        try:
            self._client.indices.create(index=name, aliases={self._prefix: {}} if alias else {}, settings=settings)
        except ApiError as error:
            if error.error != "resource_already_exists_exception":
                raise
        self._known.add(name)

    def _finish(self, made: list[str], old: list[str]) -> None:
        """Make the new indices like any other, move the alias in one step, and drop the old ones."""
        self._client.indices.put_settings(
            index=made, settings={"refresh_interval": "30s", "auto_expand_replicas": "0-1"}
        )
        self._client.indices.refresh(index=made)
        moves: list[dict[str, Any]] = [{"add": {"index": name, "alias": self._prefix}} for name in made]
        moves += [{"remove_index": {"index": name}} for name in old]
        self._client.indices.update_aliases(actions=moves)

    def _places(self, ids: list[str]) -> Iterator[tuple[str, str]]:
        """Where these ids are now: (id, index)."""
        for start in range(0, len(ids), _SCAN):
            part = ids[start : start + _SCAN]
            answer = self._client.search(
                index=self._prefix, query={"ids": {"values": part}}, size=2 * len(part), source=False
            )
            for hit in answer["hits"]["hits"]:
                yield hit["_id"], hit["_index"]

    def _send(self, operations: list[Operation]) -> None:
        """Bulk, in pieces; what the server was too busy for, and only that, again after a pause that doubles.

        RefusedDocuments names those that it will never take; everything else is in by then.
        """
        refused: dict[str, str] = {}
        for start in range(0, len(operations), _CHUNK):
            left = operations[start : start + _CHUNK]
            for attempt in range(_TRIES):
                left = self._once(left, refused)
                if not left:
                    break
                pause = min(_LONGEST_PAUSE, 0.1 * 2**attempt)
                time.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311
            if left:
                raise SearchError(f"Elasticsearch 一直忙，{len(left)} 篇没有写入；它们留在队列里，稍后自动重试。")
        if refused:
            raise RefusedDocuments(refused)

    def _once(self, operations: list[Operation], refused: dict[str, str]) -> list[Operation]:
        """One bulk request; the operations to try again."""
        lines: list[Any] = [part for operation in operations for part in operation if part is not None]
        try:
            answer = self._client.options(max_retries=0).bulk(operations=lines, filter_path=_ANSWER)
        except ApiError as error:
            if error.status_code not in _BUSY:
                raise
            return operations
        if not answer["errors"]:
            return []
        again: list[Operation] = []
        for operation, item in zip(operations, answer["items"], strict=True):
            ((action, result),) = item.items()
            status = result["status"]
            if status in _BUSY:
                again.append(operation)
            elif status >= 300 and not (status == 404 and action == "delete"):
                refused[operation[0][action]["_id"]] = str(result.get("error", {}).get("reason", status))
        return again


def _put(name: str, document: IndexedDocument) -> Operation:
    return {"index": {"_index": name, "_id": document.id}}, to_line(document)


def _month_end(name: str) -> str:
    """The first month that begins after the index's month is over, as YYYY-MM."""
    year, month = int(name[-7:-3]), int(name[-2:])
    return f"{year + month // 12}-{month % 12 + 1:02d}"


def _chunks(documents: Iterable[IndexedDocument], size: int) -> Iterator[list[IndexedDocument]]:
    source = iter(documents)
    while chunk := list(islice(source, size)):
        yield chunk


@contextmanager
def _speaking() -> Iterator[None]:
    """What the client raises, as the one line that the office reads."""
    try:
        yield
    except TransportError as error:
        raise SearchError(
            f"连不上 Elasticsearch：{error.message}；文档不会丢失，恢复后自动追赶；请检查服务和 search.urls。"
        ) from error
    except ApiError as error:
        raise SearchError(f"Elasticsearch 拒绝了请求（{error.status_code} {error.error}）；请看它的日志。") from error
