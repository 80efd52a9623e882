"""Bringing a store to the newest schema (Alembic), from an empty file or from any released version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from pipeline.store.engine import Store, StoreError

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(store: Store) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["store"] = store
    return config


def current_revision(store: Store) -> str | None:
    with store.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def upgrade(store: Store, revision: str = "head") -> None:
    """Migrate to the newest revision (or up to `revision`). StoreError when a newer version than this one wrote the store."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    current = current_revision(store)
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
        raise StoreError(f"数据库版本 {current} 比本程序新；请升级本程序，或改用与数据库相同的版本。")
    command.upgrade(alembic_config(store), revision)


def downgrade(store: Store, revision: str) -> None:
    command.downgrade(alembic_config(store), revision)
