"""Tables of what is growing (事件、阶段) and who must know (预警), with the journal of every change."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from pipeline.store.engine import Instant, metadata

events = Table(
    "events",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", Text, nullable=False),
    Column("named_by", String(64), nullable=False, default="", comment="a person who renamed it; '' = the machine"),
    Column("first_document_id", String(200), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("stage_since", Instant, nullable=False),
    Column("stage_reason", Text, nullable=False),
    Column("heat", Float, nullable=False),
    Column("documents", Integer, nullable=False),
    Column("negative", Integer, nullable=False),
    Column("scope", String(20), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("state", JSON, nullable=False, comment="the whole EventState as last computed"),
    Column("merged_into", String(32), nullable=False, default="", index=True),
    Column("muted_until", Instant),
    Column("mute_reason", Text, nullable=False, default=""),
    Index("ix_events_last_at", "last_at"),
    Index("ix_events_stage_heat", "stage", "heat"),
)

event_documents = Table(
    "event_documents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True, comment="the order in which the flow placed them"),
    Column("document_id", String(200), ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("event_id", String(32), nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("score", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_event_documents_event_id_known_at", "event_id", "known_at"),
    Index("ix_event_documents_known_at", "known_at"),
)

changes = Table(
    "changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("type", String(12), nullable=False, comment="event, stage, alert, case"),
    Column("what", String(20), nullable=False, comment="opened, merged, split, renamed, muted, raised, grown, …"),
    Column("event_id", String(32), nullable=False, default=""),
    Column("subject", String(64), nullable=False, default="", comment="id of the alert or case"),
    Column("by", String(64), nullable=False, default="", comment="a person; '' = the machine"),
    Column("reason", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_changes_event_id", "event_id", "number"),
    Index("ix_changes_at", "at"),
    comment="append-only: all that changed, in the order in which it did; the timeline of replay and the live feed of pages",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("rule", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("level", Integer, nullable=False, comment="1 red .. 4 blue: 舆情提示等级（本单位）"),
    Column("legal_class", String(40), nullable=False, comment="a suggestion; a person sets it in the case"),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("event_id", String(32), nullable=False, default="", index=True),
    Column("evidence", JSON, nullable=False),
    Column("audience", JSON, nullable=False),
    Column("documents", Integer, nullable=False, default=0, comment="of its event, when it last grew"),
    Column("stage", String(12), nullable=False, default="", comment="of its event, when it last grew"),
    Column("state", String(12), nullable=False, default="open", comment="open, acknowledged, closed"),
    Column("acknowledged_by", String(64), nullable=False, default=""),
    Column("acknowledged_at", Instant),
    Column("feedback", String(20), nullable=False, default="", comment="useful, false_alarm"),
    Index("ix_alerts_state_at", "state", "at"),
)

flow_state = Table(
    "flow_state",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("at", Instant, comment="the moment up to which the step has come"),
    Column("detail", JSON),
)
