"""Labels that people give to documents (标注): what the models are measured with and learn from."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table

from pipeline.store.engine import Instant, metadata

labels = Table(
    "labels",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("what", String(20), primary_key=True, comment="sentiment, topic"),
    Column("value", String(40), nullable=False),
    Column("machine", String(40), nullable=False, comment="what the machine had said"),
    Column("by", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_labels_at", "at"),
)
