"""Retention (保管期满销毁): the content of old closed cases goes, the chain stays and says so.

Settings: mechanism.retention. Only closed cases; salts go with the contents, so the digests give nothing away.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from pipeline.cases.desk import Desk, case_id_of
from pipeline.cases.happenings import Purged
from pipeline.cases.office import Asking
from pipeline.cases.people import Person
from pipeline.cases.permissions import allowed
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState, Phase
from pipeline.store import case_files, cases

STREAM = case_id_of("office")  # the office's own stream in the chain: what was destroyed, and why


def expired(connection: Connection, desk: Desk, at: datetime) -> list[CaseState]:
    """Closed cases whose time is over."""
    years = desk.mechanism.retention.years
    limit = _years_before(at, years)
    rows = cases.listed(connection, phases=(Phase.CLOSED, Phase.EVALUATED), until=limit)
    loaded = [cases.load(connection, row.id) for row in rows if row.purged_at is None]
    return [case for case in loaded if case and case.closed_at and case.closed_at < limit]


def purge(
    connection: Connection, desk: Desk, data_dir: Path, case: CaseState, person: Person, at: datetime, reason: str
) -> int:
    """Destroy one expired case's content and files; answers how many entries were emptied."""
    if not allowed("purge", Asking(person, at, desk.office(connection))):
        raise Refused(f"{person.name}没有销毁权限：请由管理员办理。")
    if case.id not in {old.id for old in expired(connection, desk, at)}:
        raise Refused(f"{case.number}保管期未满或尚未办结，不能销毁。")
    for response in case.responses:
        if response.archive_sha256:
            case_files.remove(data_dir, response.archive_sha256)
    positions = cases.empty(connection, case.id, at)
    fact = Purged(case=case.id, positions=positions, reason=reason)
    stream = CaseState(id=STREAM, entries=cases.length(connection, STREAM))
    cases.append(connection, stream, STREAM, [fact], person.id, at)
    cases.audit(connection, at, person.id, "purge", case.id, reason)
    return len(positions)


def _years_before(at: datetime, years: int) -> datetime:
    try:
        return at.replace(year=at.year - years)
    except ValueError:  # 29 February
        return at.replace(year=at.year - years, day=28)
