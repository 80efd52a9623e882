"""A store in which a fire has burnt: documents, analyses, events and a case, as the flow would have left them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from pipeline.document import Placement
from pipeline.store import documents, events
from pipeline.store.engine import Store
from pipeline.store.schema.cases import cases
from tests.events.growth import NIGHT, Life, burn, judged


@pytest.fixture
def burnt(store: Store) -> Store:
    """The fire of tests/events/growth.py in the store, its case opened by a person five hours later, and a quiet event."""
    life = Life()
    burn(life)
    life.see("quiet", judged(900, life.now + timedelta(minutes=30), text="公园开放"))
    members = [(Placement(r.judged.document.id, r.event_id, r is life.rows[0], 1.0, ""), r.at) for r in life.rows]
    with store.write() as connection:
        documents.save(connection, [row.judged.document for row in life.rows], NIGHT)
        documents.save_analyses(connection, [row.judged.analysis for row in life.rows])
        events.save_states(
            connection, [life.book.state(name, life.now + timedelta(hours=1)) for name in ("fire", "quiet")]
        )
        events.add_members(connection, members)
        for number, (event, hours) in enumerate((("fire", 5), ("quiet", 26)), start=1):
            opened: datetime = NIGHT + timedelta(hours=hours)
            values = {
                "id": f"c{number}", "number": f"云港舆〔2026〕{number:03d}号", "origin": "manual", "phase": "opened",
                "level": 2, "title": f"事件{event}", "event_id": event, "opened_at": opened, "units": [], "entries": 1,
            }  # fmt: skip
            connection.execute(insert(cases).values(values))
    return store
