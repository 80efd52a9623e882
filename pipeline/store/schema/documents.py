"""Tables of what was collected and what was said in it (文档、研判), and how far the flow has come."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from pipeline.store.engine import Instant, metadata

documents = Table(
    "documents",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("source", String(200), nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("title", Text, nullable=False, default=""),
    Column("text", Text, nullable=False),
    Column("author", String(64), nullable=False, default="", comment="pseudonym, keyed by month; never a name"),
    Column("published_at", Instant),
    Column("collected_at", Instant),
    Column("known_at", Instant, nullable=False),
    Column("stored_at", Instant, nullable=False, comment="when it came in here: retention counts from then"),
    Column("likes", Integer),
    Column("reposts", Integer),
    Column("comments", Integer),
    Column("reads", Integer),
    Column("dislikes", Integer),
    Column("repost_of", String(200), nullable=False, default=""),
    Column("place", Text, nullable=False, default=""),
    Column("reply", JSON),
    Column("secrecy", String(20), nullable=False, default="public"),
    Column("deleted_at", Instant),
    Column("state", String(12), nullable=False, default="new", comment="new, analysed, placed, quarantined"),
    Column("tries", Integer, nullable=False, default=0),
    Column("trace", String(32), nullable=False, default=""),
    Index("ix_documents_state_known_at", "state", "known_at", "id"),
    Index("ix_documents_known_at", "known_at", "id"),
    Index("ix_documents_kind_known_at", "kind", "known_at"),
    Index("ix_documents_source_known_at", "source", "known_at"),
)

observations = Table(
    "observations",
    metadata,
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("likes", Integer),
    Column("reposts", Integer),
    Column("comments", Integer),
    Column("reads", Integer),
    Column("dislikes", Integer),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("applied", Boolean, nullable=False, default=False, comment="the flow has counted it"),
    Index("ix_observations_applied_at", "applied", "at", "document_id"),
)

analyses = Table(
    "analyses",
    metadata,
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("language", String(20), nullable=False),
    Column("sentiment", String(12), nullable=False),
    Column("score", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("topic", String(40), nullable=False),
    Column("scope", String(20), nullable=False),
    Column("title", Text, nullable=False, comment="masked"),
    Column("text", Text, nullable=False, comment="masked"),
    Column("detail", JSON, nullable=False, comment="the whole Analysis but its texts"),
    Column("digest", String(64), nullable=False),
)

copies = Table(
    "copies",
    metadata,
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("original_id", String(200), nullable=False, index=True),
    Column("similarity", Float, nullable=False),
    Column("how", String(10), nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
)

pending_index = Table(
    "pending_index",
    metadata,
    Column("document_id", String(200), primary_key=True),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("version", Integer, nullable=False, default=1, comment="grows when it is queued again before it was done"),
    comment="documents whose projection in the search index is behind the store",
)
