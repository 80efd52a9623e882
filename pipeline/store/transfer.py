"""A whole store from one engine to another (迁库), row by row, with counts and hashes compared at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, text
from sqlalchemy.types import Integer

import pipeline.store.schema  # noqa: F401  fills the metadata
from pipeline.store.engine import Store, StoreError, metadata

_CHUNK = 1_000
_FIELD = 1 << 256


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: how many rows, and a hash that does not depend on their order."""

    rows: int
    digest: str


def copy_store(
    source: Store, target: Store, progress: Callable[[int], None] = lambda _done: None
) -> dict[str, Content]:
    """Copy everything into an empty store on the same schema, in one transaction; what each table now holds.

    The source may be in use: what is copied is one moment of it. StoreError when the target holds anything, or when
    what arrived is not what was sent; nothing is kept then.
    """
    done = 0
    with snapshot(source) as reading, target.write() as writing:
        filled = [name for name, content in _counts(writing).items() if content]
        if filled:
            raise StoreError(f"目标数据库不是空的（{filled[0]} 里有数据）；请换一个空的数据库。")
        sent: dict[str, Content] = {}
        for table in metadata.sorted_tables:
            digest = _Digest()
            for rows in _pages(reading, table):
                for row in rows:
                    digest.add(row)
                writing.execute(insert(table), [dict(row._mapping) for row in rows])
                done += len(rows)
                progress(done)
            sent[table.name] = digest.content
        _set_sequences(writing)
        arrived = contents(writing)
        wrong = [name for name in sent if sent[name] != arrived[name]]
        if wrong:
            raise StoreError(
                f"表 {wrong[0]} 复制后对不上：应为 {sent[wrong[0]]}，实为 {arrived[wrong[0]]}；没有保留任何内容。"
            )
        return sent


def contents(connection: Connection) -> dict[str, Content]:
    """What every table holds."""
    made: dict[str, Content] = {}
    for table in metadata.sorted_tables:
        digest = _Digest()
        for rows in _pages(connection, table):
            for row in rows:
                digest.add(row)
        made[table.name] = digest.content
    return made


def snapshot(store: Store) -> Any:
    """A connection that sees one moment of the store, however long it reads."""
    if store.is_sqlite:
        return store.read()
    return store.engine.execution_options(isolation_level="REPEATABLE READ").connect()


def _counts(connection: Connection) -> Mapping[str, int]:
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
    }


def _pages(connection: Connection, table: Table) -> Iterator[list[Row[Any]]]:
    result = connection.execute(select(table).execution_options(yield_per=_CHUNK))
    for page in result.partitions():
        yield list(page)


class _Digest:
    """The sum of the rows' hashes: the same in any order, different when a row is lost, doubled or changed."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, row: Row[Any]) -> None:
        line = json.dumps(dict(row._mapping), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
        self._sum = (
            self._sum + int.from_bytes(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest())
        ) % _FIELD
        self._rows += 1

    @property
    def content(self) -> Content:
        return Content(self._rows, f"{self._sum:064x}")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no hash for {type(value)}")


def _set_sequences(connection: Connection) -> None:
    """PostgreSQL numbers new rows from a sequence, which copied numbers do not move."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        for column in table.primary_key:
            if isinstance(column.type, Integer) and column.autoincrement and len(table.primary_key.columns) == 1:
                connection.execute(
                    text(
                        f"select setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                        f"coalesce(max({column.name}), 0) + 1, false) from {table.name}"
                    )
                )
