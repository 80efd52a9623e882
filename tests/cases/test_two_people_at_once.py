"""Several people act on one case at the same moment: one after the other, nobody overwrites anybody (并发办理)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

from pipeline.cases.desk import Desk
from pipeline.cases.facts import read_action
from pipeline.cases.history import verify
from pipeline.cases.refusal import Refused
from pipeline.store import cases
from pipeline.store.engine import Store

from .conftest import make_alert, make_state

At = Callable[[float], datetime]
OFFICERS = ("gu_lan", "shen_yue", "he_jing", "tao_ran", "fang_yi", "qin_wan")


def test_only_one_acknowledges_and_all_notes_are_kept(store: Store, desk: Desk, hours: At) -> None:
    with store.write() as connection:
        (opened,) = desk.open_for_alert(connection, make_alert(hours(0)), make_state(hours(0)), hours(0))
    together = Barrier(len(OFFICERS))

    def act(person: str, kind: str, **fields: str) -> bool:
        together.wait()
        try:
            with store.write() as connection:
                who = desk.office(connection).directory.get(person)
                desk.act(connection, opened.case_id, read_action({"kind": kind, **fields}), who, hours(1))
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(len(OFFICERS)) as pool:
        acknowledged = list(pool.map(lambda person: act(person, "acknowledged"), OFFICERS))
        noted = list(pool.map(lambda person: act(person, "noted", text=f"{person}来电"), OFFICERS))
    assert sum(acknowledged) == 1
    assert all(noted)
    with store.read() as connection:
        case = cases.load(connection, opened.case_id)
        assert verify(cases.chain(connection), cases.head(connection)).holds
    assert case is not None
    assert case.entries == 1 + 1 + len(OFFICERS)
    assert case.acknowledged_by == OFFICERS[acknowledged.index(True)]
