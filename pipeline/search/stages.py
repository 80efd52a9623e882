"""Which events stand in a stage now: what a query's stage filter means."""

from __future__ import annotations

from sqlalchemy import Connection, select

from pipeline.store.schema.events import events


def events_in(connection: Connection, stages: tuple[str, ...]) -> list[str]:
    """Ids of the events in any of these stages, without the merged ones."""
    rows = connection.execute(select(events.c.id).where(events.c.stage.in_(stages), events.c.merged_into == ""))
    return [row.id for row in rows]
