"""The outbox (发件箱): one row and one deterministic key per notice, so that nothing is lost and nothing doubled."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from pipeline.store.engine import Instant, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("channel", String(12), nullable=False),
    Column("recipient", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False, default=""),
    Column("images", JSON, nullable=False, comment="[[content id, base64 PNG], …]"),
    Column("files", JSON, nullable=False, comment="[[file name, base64 content], …]"),
    Column("secrecy", String(20), nullable=False),
    Column("thread", String(64), nullable=False, default=""),
    Column("state", String(10), nullable=False, default="waiting", comment="waiting, sent, dead"),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_try_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("error", Text, nullable=False, default=""),
    Column("trace", String(32), nullable=False, default=""),
    Index("ix_outbox_state_next_try_at", "state", "next_try_at"),
)

late_alerts = Table(
    "late_alerts",
    metadata,
    Column("alert_id", String(64), primary_key=True),
    Column("person_id", String(64), primary_key=True),
    Column("channel", String(12), primary_key=True),
    Column("why", Text, nullable=False),
    comment="alerts of a catch-up, waiting to be told in one digest",
)
