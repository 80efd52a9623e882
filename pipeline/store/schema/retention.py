"""Table of the daily rounds of retention (到期清理): the office's own proof that what had its time was forgotten."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from pipeline.store.engine import Instant, metadata

retention_rounds = Table(
    "retention_rounds",
    metadata,
    Column("began_at", Instant, primary_key=True),
    Column("ended_at", Instant, comment="null while there is more to forget"),
    Column("documents", Integer, nullable=False, default=0),
    Column("events", Integer, nullable=False, default=0),
    Column("notices", Integer, nullable=False, default=0),
    Column("keys", Integer, nullable=False, default=0, comment="months whose pseudonym keys were destroyed"),
    comment="numbers only: nothing of what was forgotten",
)
