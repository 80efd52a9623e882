"""Counting by the hour on either engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func


def hour_bucket(connection: Connection, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """The UTC hour that a stored moment lies in, as the engine gives it: read it with `hour_of`."""
    return func.substr(moment, 1, 13) if connection.dialect.name == "sqlite" else func.date_trunc("hour", moment)


def hour_of(said: Any) -> datetime:
    return said if isinstance(said, datetime) else datetime.fromisoformat(f"{said}:00:00+00:00")
