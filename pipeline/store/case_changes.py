"""Changes of cases in the store (处置动态): one row per change and deterministic id, for notices and pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select

from pipeline.document import Secrecy
from pipeline.store.schema.cases import case_changes


class Kept(Protocol):
    """What is kept of a change (pipeline.cases.desk.CaseChange)."""

    @property
    def id(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def case_id(self) -> str: ...
    @property
    def event_id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tell(self) -> tuple[str, ...]: ...
    @property
    def secrecy(self) -> Secrecy: ...


def save_changes(connection: Connection, changes: Sequence[Kept]) -> None:
    """Keep changes, each once."""
    names = [column.name for column in case_changes.columns]
    rows = [{name: getattr(change, name) for name in names} | {"tell": list(change.tell)} for change in changes]
    if rows:
        connection.execute(insert(case_changes), rows)


def known_change(connection: Connection, change_id: str) -> bool:
    return connection.execute(select(case_changes.c.id).where(case_changes.c.id == change_id)).first() is not None


def changes_since(connection: Connection, since: datetime, case_id: str = "") -> list[Row[Any]]:
    """Changes since `since`, oldest first; of one case when given."""
    query = select(case_changes).where(case_changes.c.at >= since).order_by(case_changes.c.at, case_changes.c.id)
    return list(connection.execute(query.where(case_changes.c.case_id == case_id) if case_id else query))
