"""Tables of what the office does (处置单、历史、值班、人员): the history is append-only, the rest are projections or lists."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from pipeline.store.engine import Instant, metadata

cases = Table(
    "cases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", String(60), nullable=False, unique=True),
    Column("origin", String(12), nullable=False),
    Column("phase", String(12), nullable=False),
    Column("level", Integer, nullable=False, comment="1 red .. 4 blue: 舆情提示等级（本单位）"),
    Column("legal_class", String(12), nullable=False, default="", comment="set by a person; '' = not yet"),
    Column("title", Text, nullable=False),
    Column("event_id", String(32), nullable=False, default="", index=True),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("lead_unit", String(100), nullable=False, default=""),
    Column("units", JSON, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("next_tick", Instant, comment="when the timers next have something to do for this case"),
    Column("purged_at", Instant, comment="content destroyed by retention; digests stay"),
    Index("ix_cases_next_tick", "next_tick"),
    Index("ix_cases_opened_at", "opened_at"),
    Index("ix_cases_phase_opened_at", "phase", "opened_at"),
    comment="a projection of case_entries, for lists and timers; the entries are the truth",
)

case_entries = Table(
    "case_entries",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 … over all cases"),
    Column("case_id", String(32), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False, comment="person id; system = the machine"),
    Column("kind", String(30), nullable=False),
    Column("content", JSON(none_as_null=True), comment="the fact; null once purged"),
    Column("salt", String(32), comment="null once purged"),
    Column("content_digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("case_id", "seq"),
    Index("ix_case_entries_at", "at"),
    comment="append-only; the only update ever made empties content and salt by retention",
)

case_head = Table(
    "case_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)

case_changes = Table(
    "case_changes",
    metadata,
    Column("id", String(32), primary_key=True, comment="hash of case and entry: the same change has the same id"),
    Column("at", Instant, nullable=False),
    Column("case_id", String(32), nullable=False, default="", index=True),
    Column("event_id", String(32), nullable=False, default=""),
    Column("kind", String(30), nullable=False),
    Column("level", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("tell", JSON, nullable=False, comment="person ids"),
    Column("secrecy", String(20), nullable=False),
    Index("ix_case_changes_at", "at"),
)

people = Table(
    "people",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person", JSON, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    comment="empty = config/people.toml rules; filled when the administrator first changes something",
)

roster_shifts = Table(
    "roster_shifts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("person", String(64), nullable=False),
    Column("post", String(12), nullable=False, comment="duty, leader"),
    Column("note", Text, nullable=False, default=""),
    Column("swapped_from", String(64), nullable=False, default=""),
    Index("ix_roster_shifts_starts_at", "starts_at"),
    Index("ix_roster_shifts_ends_at", "ends_at"),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("shift_id", String(32), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("text", Text, nullable=False),
)

case_audit = Table(
    "case_audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("by", String(64), nullable=False),
    Column("what", String(20), nullable=False, comment="view, export, unmask, statistics, people, roster"),
    Column("case_id", String(32), nullable=False, default="", index=True),
    Column("reason", Text, nullable=False, default=""),
    Index("ix_case_audit_at", "at"),
)
