"""Alembic's entry: runs the migrations on the store it is handed, in one transaction."""

from __future__ import annotations

from alembic import context

import pipeline.store.schema  # noqa: F401  (fills the metadata)
from pipeline.store.engine import Store, metadata

store: Store = context.config.attributes["store"]
with store.write() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=store.is_sqlite)
    with context.begin_transaction():
        context.run_migrations()
