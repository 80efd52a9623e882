"""Tables of briefings (简报): drafts, approval, what was sent with its hash, who read it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from pipeline.store.engine import Instant, metadata

briefings = Table(
    "briefings",
    metadata,
    Column(
        "id",
        String(32),
        primary_key=True,
        comment="hash of kind, subject and cut-off: written again, it is the same paper",
    ),
    Column("kind", String(12), nullable=False),
    Column("year", Integer, nullable=False),
    Column(
        "number", Integer, nullable=False, comment="running number of its kind in the year; of a flash within its event"
    ),
    Column("event_id", String(32), nullable=False, default=""),
    Column("cut_off", Instant, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False, comment="the whole content model as JSON"),
    Column("state", String(10), nullable=False, default="draft", comment="draft, approved, sent"),
    Column("drafted_at", Instant, nullable=False),
    Column("approved_by", String(64), nullable=False, default=""),
    Column("approved_at", Instant),
    Column("sent_at", Instant),
    Column("file", LargeBinary, comment="the .docx that was sent, as it went"),
    Column("sha256", String(64), nullable=False, default="", comment="of that file"),
    Column(
        "corrects", String(32), nullable=False, default="", comment="the sent briefing that this one corrects (更正)"
    ),
    Index("ix_briefings_kind_year", "kind", "year"),
    Index("ix_briefings_event_id", "event_id"),
)

briefing_readers = Table(
    "briefing_readers",
    metadata,
    Column("briefing_id", String(32), ForeignKey("briefings.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(64), primary_key=True),
    Column("token", String(64), nullable=False, unique=True, comment="digest of the token in the reader's link"),
    Column("sent_at", Instant, nullable=False),
    Column("read_at", Instant),
)
