"""Sign-in (账号): passwords as argon2id hashes, sessions and API tokens as digests, never in clear."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Integer, String, Table

from pipeline.store.engine import Instant, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("password", String(200), nullable=False, comment="argon2id"),
    Column("totp", String(64), nullable=False, default="", comment="'' = none"),
    Column("totp_step", Integer, nullable=False, default=0, comment="last step used: a code works once"),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", Instant),
    Column("changed_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("per_minute", Integer, nullable=False, default=120),
    Column("made_by", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

used_links = Table(
    "used_links",
    metadata,
    Column("digest", String(64), primary_key=True, comment="of a one-time link that was used"),
    Column("at", Instant, nullable=False),
)
