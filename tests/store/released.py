"""Stores as released versions wrote them, kept as files: what every later version must be able to read.

    python -m tests.store.released NAME     # writes tests/store/released/NAME.json: once, when a version is released

A file holds every row of a small living office (the first hours of the demo's fire: documents, judgements, an event,
alerts, cases with their history, notices). Loading goes through the reflected tables of that version's own migration,
not through today's code. Never write a released version's file anew: it is frozen with its migration.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Connection, DateTime, Integer, LargeBinary, MetaData, Table, insert, select, text

from config.settings import AnalysisSettings, Settings
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.store.engine import Store
from pipeline.store.migrate import current_revision

FOLDER = Path(__file__).parent / "released"
UNTIL = datetime(2026, 3, 15, 3, 30, tzinfo=SHANGHAI)
_PASSING = {"alembic_version", "leases"}


def load(store: Store, file: Path) -> dict[str, list[dict[str, Any]]]:
    """Put a released version's rows into a store that stands on its revision; the rows, by table."""
    kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert current_revision(store) == kept["revision"]
    made: dict[str, list[dict[str, Any]]] = {}
    with store.write() as connection:
        tables = _tables(connection)
        for table in tables.sorted_tables:
            rows = [_row(table, row, store.is_sqlite) for row in kept["tables"].get(table.name, [])]
            if rows:
                connection.execute(insert(table), rows)
                made[table.name] = rows
                _go_on_counting(connection, table, store.is_sqlite)
    return made


def _go_on_counting(connection: Connection, table: Table, sqlite: bool) -> None:
    """PostgreSQL numbers new rows from a sequence, which rows that bring their numbers do not move."""
    for column in table.primary_key:
        if not sqlite and "nextval" in str(column.server_default and column.server_default.arg):
            name, key = table.name, column.name
            connection.execute(
                text(f"select setval(pg_get_serial_sequence('{name}', '{key}'), (select max({key}) from {name}))")
            )


def held(store: Store, names: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What these tables hold now, of the columns that were loaded."""
    made = {}
    with store.read() as connection:
        tables = _tables(connection)
        for name, rows in names.items():
            columns = [column for column in tables.tables[name].columns if column.name in rows[0]]
            made[name] = [dict(row._mapping) for row in connection.execute(select(*columns))]
    return made


def revision(file: Path) -> str:
    found: str = json.loads(file.read_text(encoding="utf-8"))["revision"]
    return found


def _tables(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name not in _PASSING)
    return found


def _row(table: Table, kept: dict[str, Any], sqlite: bool) -> dict[str, Any]:
    return {column.name: _value(column, kept, sqlite) for column in table.columns}


def _value(column: Any, kept: dict[str, Any], sqlite: bool) -> Any:
    if column.name not in kept:  # the release is not out yet, and its migration has grown since the file was written
        return None if column.nullable else _nothing(column.type)
    value = kept[column.name]
    if value is not None and isinstance(column.type, DateTime):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=None) if sqlite else at
    if value is not None and isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value


def _nothing(kind: Any) -> Any:
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return 0
    if isinstance(kind, DateTime):
        return datetime(2026, 3, 15)
    return "" if kind.python_type is str else []


def plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def main(name: str) -> None:
    from demo.documents import documents
    from demo.truth import truth_of
    from huiying import build_services
    from pipeline.working import drain_all

    told = [d for d in documents() if (truth := truth_of(d)) and truth.storyline == "fire" and d.known_at < UNTIL]
    with tempfile.TemporaryDirectory() as folder:
        analysis = AnalysisSettings(engine="fast", executor="serial")
        services = build_services(Settings(data_dir=Path(folder), analysis=analysis), SteppedClock(UNTIL))
        services.intake.take(told)
        drain_all(services)
        made: dict[str, Any] = {"revision": current_revision(services.store), "tables": {}}
        with services.store.read() as connection:
            for table in _tables(connection).sorted_tables:
                rows = [dict(row._mapping) for row in connection.execute(select(table))]
                if rows:
                    made["tables"][table.name] = rows
        services.close()
    FOLDER.mkdir(exist_ok=True)
    written = json.dumps(made, ensure_ascii=False, indent=0, default=plain)
    (FOLDER / f"{name}.json").write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
