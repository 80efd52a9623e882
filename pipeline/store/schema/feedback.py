"""Table of what people said of alerts (反馈): append-only; the latest word of a person on a subject counts."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from pipeline.store.engine import Instant, metadata

alert_feedback = Table(
    "alert_feedback",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("alert_id", String(32), nullable=False, default="", index=True, comment="'' for a missed one"),
    Column("event_id", String(32), nullable=False, default=""),
    Column("rule", String(80), nullable=False, default="", comment="of the alert; or the rule that should have fired"),
    Column("verdict", String(40), nullable=False, comment="useful, false_alarm, should_have_been_told"),
    Column("note", Text, nullable=False, default=""),
    Index("ix_alert_feedback_at", "at"),
)
