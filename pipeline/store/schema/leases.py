"""Leases (租约): who may write the index, lead the grouping or crawl a source, until when."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from pipeline.store.engine import Instant, metadata

leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("until", Instant, nullable=False),
    Column("fence", Integer, nullable=False, default=0, comment="grows with every change of holder"),
)
