"""Table of canaries (金丝雀): one row a source that proves the chain to the mailbox. Nothing counts it as a document."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from pipeline.store.engine import Instant, metadata

canaries = Table(
    "canaries",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("recipient", String(200), nullable=False, comment="'' = the administrators"),
    Column("published_at", Instant, comment="the time that the last one bore"),
    Column("seen_at", Instant),
    Column("due_by", Instant, nullable=False, comment="when the next must have been seen"),
    Column("told_at", Instant, comment="when the last one was put in the outbox"),
    Column("missed_at", Instant, comment="when its absence was told; empty once it is back"),
)
