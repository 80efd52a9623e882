"""From the words of a report of wrongdoing to the units from which its case and its letters are kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import config
from pipeline.analysis.analyse import analyse_chunk
from pipeline.analysis.district import District
from pipeline.clock import SHANGHAI
from pipeline.document import Document, Kind, Placement
from pipeline.store import documents as document_store
from pipeline.store import events
from pipeline.store.engine import Store

NOON = datetime(2026, 3, 15, 12, tzinfo=SHANGHAI)
REPORTS = [
    "来电人举报：区城管局滨江中队个别队员每月向摊贩收“卫生费”，不开票据。",
    "实名举报柳渡镇柳东村村委会主任虚报征收面积、优亲厚友。",
]


def test_a_post_or_village_in_the_words_never_hides_the_unit(store: Store) -> None:
    letters = [
        Document(f"d{number}", text, Kind.MESSAGE, published_at=NOON, collected_at=NOON)
        for number, text in enumerate(REPORTS)
    ]
    with store.write() as connection:
        document_store.save(connection, letters, NOON)
        analyses = analyse_chunk(District.load(Path(config.__file__).parent), "fast", letters)
        document_store.save_analyses(connection, analyses)
        events.add_members(connection, [(Placement(one.id, "e1", False, 1.0, ""), NOON) for one in letters])
    with store.read() as connection:
        assert events.accused(connection, "e1") == ("区城管局", "柳渡镇", "柳渡镇柳东村")
