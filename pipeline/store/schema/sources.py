"""Tables of where documents come from (信源): state and timetable, runs, coverage ledger, pages, evidence, quarantine."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, String, Table, Text

from pipeline.store.engine import Instant, metadata

sources = Table(
    "sources",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column(
        "definition", Text, nullable=False, default="", comment="TOML of a source added in the office; '' = from a file"
    ),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("interval_seconds", Float, nullable=False),
    Column("next_due", Instant, nullable=False),
    Column("last_run", Instant),
    Column("last_success", Instant),
    Column("last_new", Instant, comment="when it last brought a document that was not known"),
    Column("failures", Integer, nullable=False, default=0, comment="failed runs in a row"),
    Column("health", String(10), nullable=False, default="new", comment="new, ok, broken, silent"),
    Column("health_since", Instant),
    Column("reason", Text, nullable=False, default=""),
    Column("rate_fast", Float, nullable=False, default=0.0, comment="new documents an hour, aged over an hour"),
    Column("rate_slow", Float, nullable=False, default=0.0, comment="the same, aged over half a day"),
    Column("rated_at", Instant),
    Column("profile", JSON, comment="documents an hour by hour of day, working days then week-ends (48 numbers)"),
    Column("profiled_at", Instant),
    Column("known_since", Instant, comment="the first hour of its ledger"),
    Column("longest_quiet_hours", Float, nullable=False, default=0.0),
    Column(
        "lacking", Float, nullable=False, default=0.0, comment="documents expected since the last new one, while unwell"
    ),
    Column("memory", JSON, nullable=False, comment="what the spider wrote down for its next run"),
    Column("holder", String(100), nullable=False, default="", comment="the worker that is crawling it now"),
    Column("held_until", Instant),
    Column("added_by", String(64), nullable=False, default=""),
    Index("ix_sources_enabled_next_due", "enabled", "next_due"),
)

source_runs = Table(
    "source_runs",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("due_at", Instant, primary_key=True, comment="one row a due moment: each happened once"),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String(10), nullable=False, default="running", comment="running, ok, partial, failed"),
    Column("reason", String(20), nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("fetched", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("new", Integer, nullable=False, default=0),
    Column("observed", Integer, nullable=False, default=0),
    Column("missed", JSON, nullable=False, comment="[[address, reason, detail], …] of pages that could not be had"),
    Column("warnings", JSON, nullable=False),
    Index("ix_source_runs_started_at", "started_at"),
)

source_hours = Table(
    "source_hours",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("expected", Float, nullable=False, default=0.0, comment="documents, from the source's own past"),
    Column("received", Integer, nullable=False, default=0),
    Column("runs", Integer, nullable=False, default=0),
    Column("failed", Integer, nullable=False, default=0),
    Column("missing", Float, nullable=False, default=0.0, comment="documents that likely were not had"),
    Column("reason", String(20), nullable=False, default=""),
    Column("backfilled", Integer, nullable=False, default=0, comment="had later, when the source was back"),
    Index("ix_source_hours_hour", "hour"),
)

source_changes = Table(
    "source_changes",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("health", String(10), nullable=False, comment="broken, silent, ok (mended)"),
    Column("reason", Text, nullable=False),
    Index("ix_source_changes_at", "at"),
)

pages = Table(
    "pages",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("key", String(40), primary_key=True, comment="hash of the address"),
    Column("url", Text, nullable=False),
    Column("document_id", String(200), nullable=False, default="", index=True),
    Column("etag", Text, nullable=False, default=""),
    Column("last_modified", String(60), nullable=False, default=""),
    Column("sha256", String(64), nullable=False, default=""),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("visits", Integer, nullable=False, default=1),
    Column("next_visit", Instant, comment="when to look whether it still is as it was; empty = never"),
    Column("gone_at", Instant),
    Index("ix_pages_source_id_next_visit", "source_id", "next_visit"),
)

captures = Table(
    "captures",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False),
    Column("source_id", String(64), nullable=False),
    Column("document_id", String(200), nullable=False, default="", index=True),
    Column("at", Instant, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the body as fetched"),
    Column("file", String(200), nullable=False, comment="in the evidence folder; '' = pruned"),
    Column("offset", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("kept", Boolean, nullable=False, default=False, comment="bound to a case: never pruned by rule"),
    Index("ix_captures_at", "at"),
)

evidence_openings = Table(
    "evidence_openings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("capture_id", String(32), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("person", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("what", String(10), nullable=False, comment="show, export"),
)

page_quarantine = Table(
    "page_quarantine",
    metadata,
    Column("source_id", String(64), primary_key=True),
    Column("key", String(40), primary_key=True),
    Column("url", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("capture_id", String(32), nullable=False, default=""),
    Column("tries", Integer, nullable=False, default=1),
)

site_places = Table(
    "site_places",
    metadata,
    Column("host", String(200), primary_key=True),
    Column("places", JSON, nullable=False),
    Column("at", Instant, nullable=False),
)
