"""Letters that the office signed (函件): 工作建议 to units and 谣言线索函 to the authorities, for the statistics of a period."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from pipeline.cases.statistics import LETTER_NAMES, Item
from pipeline.store import briefings


def letters_signed(connection: Connection, start: datetime, end: datetime) -> list[Item]:
    """One line each, the earliest first: number, title, when it was signed."""
    return [
        Item("", f"第{row.number}期", row.title, "", row.approved_at, LETTER_NAMES[row.kind])
        for row in briefings.signed(connection, list(LETTER_NAMES), start, end)
    ]
