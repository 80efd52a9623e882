"""The system of record (存储): SQLite by default, PostgreSQL at scale, through SQLAlchemy Core.

Settings: store.url (empty: SQLite in the data folder).
One way to write: `with store.write() as connection:` is one transaction. On SQLite it begins IMMEDIATE, because a
transaction that reads first and writes later fails at once with "locked", whatever the time-out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeDecorator

from pipeline.errors import HuiyingError

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class StoreError(HuiyingError):
    """The store cannot be opened, or was written by another version."""


class Instant(TypeDecorator[datetime]):
    """An aware moment. Kept as UTC; a naive time is refused, because nobody could say what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Store:
    """Opens connections; the queries live beside it, one file per room, as functions of a connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = _engine(url)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self.engine.connect().execution_options(huiying_write=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_store(url: str) -> Store:
    """A store on the newest schema: migrates it first. StoreError when it cannot be reached."""
    from pipeline.store.migrate import upgrade

    store = Store(url)
    try:
        _check_order(store)
        upgrade(store)
    except OperationalError as error:
        store.close()
        raise StoreError(
            f"数据库打不开：{str(error.orig).strip()}；请检查 store.url 和数据目录的权限、空间。"
        ) from error
    except BaseException:
        store.close()
        raise
    return store


def _check_order(store: Store) -> None:
    """The flow goes by (time, id): both engines must put ids in one order, which is that of their bytes."""
    if store.is_sqlite:
        return
    with store.read() as connection:
        order = connection.execute(
            text("select datcollate from pg_database where datname = current_database()")
        ).scalar_one()
    if order.upper().replace("-", "") not in ("C", "POSIX", "C.UTF8"):
        raise StoreError(
            f"PostgreSQL 库的排序规则是 {order}，须为 C：create database … template template0 lc_collate 'C' lc_ctype 'C.UTF-8'。"
        )


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        # psycopg forgets how many rows an INSERT made unless it is asked to remember
        kept: dict[str, Any] = {"preserve_rowcount": True}
        return create_engine(url, pool_pre_ping=True, execution_options=kept, json_deserializer=_read_json)
    arguments = {"timeout": 30, "check_same_thread": False}
    engine = create_engine(url, connect_args=arguments, json_deserializer=_read_json)

    @event.listens_for(engine, "connect")
    def _on_connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we begin ourselves
        cursor = raw.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("huiying_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _read_json(text: str) -> Any:
    """A JSON column's value; twice as fast as the standard library, which takes what this refuses (lone surrogates)."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def reachable(store: Store) -> bool:
    """True when the store answers."""
    with store.read() as connection:
        return bool(connection.execute(text("select 1")).scalar_one() == 1)
