"""Table of hotline tickets (工单): what the hotline says of the handling. No caller is in it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table

from pipeline.store.engine import Instant, metadata

tickets = Table(
    "tickets",
    metadata,
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("number", String(200), nullable=False),
    Column("category", String(200), nullable=False),
    Column("unit", String(200), nullable=False),
    Column("term", String(200), nullable=False, comment="as written"),
    Column("due_at", Instant),
    Column("done_at", Instant),
    Column("closed", Boolean, nullable=False, comment="done, whether or not it is known when"),
    Column("satisfaction", String(20), nullable=False, comment="satisfied, half, unsatisfied; '' = not said"),
    Index("ix_tickets_due_at", "due_at"),
    Index("ix_tickets_done_at", "done_at"),
)
