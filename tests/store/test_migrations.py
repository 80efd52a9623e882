"""The store's schema: migrations lead where the tables say, forth and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import pipeline.store.schema  # noqa: F401
from pipeline.store.engine import Store, StoreError, metadata, open_store, sqlite_url
from pipeline.store.migrate import downgrade, upgrade


def test_the_newest_migration_makes_exactly_the_tables_that_the_code_describes(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrations_go_down_to_nothing_and_up_again(store: Store) -> None:
    downgrade(store, "base")
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    upgrade(store)
    assert "documents" in inspect(store.engine).get_table_names()


def test_a_store_of_a_newer_version_is_refused_with_the_mend(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "new.db")
    store = open_store(url)
    with store.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="9999 比本程序新；请升级"):
        open_store(url)


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as connection:
        connection.execute(text("insert into flow_state (name) values ('x')"))
        raise RuntimeError
    with store.read() as connection:
        assert connection.execute(text("select count(*) from flow_state")).scalar_one() == 0
