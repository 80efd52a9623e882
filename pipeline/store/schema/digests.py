"""What the texts of an event say (事件摘要与观点), kept ready: costly to work out, wanted on every look."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from pipeline.store.engine import Instant, metadata

event_digests = Table(
    "event_digests",
    metadata,
    Column("event_id", String(32), primary_key=True),
    Column("documents", Integer, nullable=False, comment="of the event, when it was made"),
    Column("at", Instant, nullable=False),
    Column("content", JSON, nullable=False),
)
