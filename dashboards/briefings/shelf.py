"""The shelf (简报架): which papers there are, how each stands, who has read it; and a paper as a file to open.

What a page or a command shows of the archive. To draft, sign, send and correct is `archive`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from config.settings import Settings
from dashboards.briefings import archive, export, proofs
from dashboards.briefings.content import KIND_NAMES, BriefingKind
from dashboards.briefings.distribution import Distribution
from pipeline.cases.people import Directory
from pipeline.clock import shanghai
from pipeline.store import briefings as store

STATE_NAMES = {"draft": "草稿", "approved": "已签发", "sent": "已报送"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader of a sent paper; `read_at` None = not confirmed yet."""

    person_id: str
    name: str
    sent_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shelved:
    """A paper on the shelf. `out_by`: when it must be out; None = whenever it is signed."""

    id: str
    kind: BriefingKind
    title: str
    state: str
    event_id: str
    cut_off: datetime
    out_by: datetime | None
    drafted_at: datetime
    approved_by: str
    approved_at: datetime | None
    sent_at: datetime | None
    sha256: str
    corrects: str
    readings: tuple[Reading, ...]

    @property
    def kind_name(self) -> str:
        return KIND_NAMES[self.kind] + ("更正" if self.corrects else "")

    @property
    def state_name(self) -> str:
        return STATE_NAMES[self.state]

    @property
    def read(self) -> int:
        return sum(reading.read_at is not None for reading in self.readings)

    def late(self, now: datetime) -> bool:
        """Not out by its hour."""
        return self.out_by is not None and (self.sent_at or now) > self.out_by


def listed(connection: Connection, settings: Settings, directory: Directory, limit: int = 100) -> list[Shelved]:
    """The latest papers first, with their readers."""
    rows = store.listed(connection, limit)
    readings: dict[str, list[Reading]] = {}
    for row in store.readers_of_all(connection, [row.id for row in rows]):
        one = Reading(row.person_id, directory.name(row.person_id), row.sent_at, row.read_at)
        readings.setdefault(row.briefing_id, []).append(one)
    rules = Distribution.load(settings.file("briefings.toml"))
    return [_shelved(row, tuple(readings.get(row.id, ())), directory, rules) for row in rows]


def find(connection: Connection, settings: Settings, directory: Directory, briefing_id: str) -> Shelved | None:
    """One paper; None when there is none."""
    row = store.get(connection, briefing_id)
    if row is None:
        return None
    readers = store.readers_of_all(connection, [briefing_id])
    readings = tuple(Reading(r.person_id, directory.name(r.person_id), r.sent_at, r.read_at) for r in readers)
    return _shelved(row, readings, directory, Distribution.load(settings.file("briefings.toml")))


def file(connection: Connection, settings: Settings, briefing_id: str, form: export.Form) -> tuple[str, bytes]:
    """(name, content): the .docx of a sent paper as it went, else the paper drawn now with its numbers asked again.

    HuiyingError when there is no such paper.
    """
    made = archive.load(connection, briefing_id)
    sent = store.file_of(connection, briefing_id) if form == "docx" else None
    if sent is None and store.state_of(connection, briefing_id) != "sent":
        made = proofs.recomputed(connection, made)
    return export.file_name(made, form), sent or export.drawn(settings, made, form)


def _shelved(row: Row[Any], readings: tuple[Reading, ...], directory: Directory, rules: Distribution) -> Shelved:
    kind = BriefingKind(row.kind)
    return Shelved(
        id=row.id,
        kind=kind,
        title=row.title,
        state=row.state,
        event_id=row.event_id,
        cut_off=row.cut_off,
        out_by=None if row.corrects else rules.out_by(kind, shanghai(row.cut_off).date()),
        drafted_at=row.drafted_at,
        approved_by=directory.name(row.approved_by) if row.approved_by else "",
        approved_at=row.approved_at,
        sent_at=row.sent_at,
        sha256=row.sha256,
        corrects=row.corrects,
        readings=readings,
    )
