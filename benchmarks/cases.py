"""Cases: what a tick, an action and the proof cost.

python -m benchmarks.cases [--cases N]: N open cases in a fresh SQLite store; prints milliseconds per tick with nothing
due, per tick that warns, per action, and entries verified per second. No peer: no open system keeps such a history.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from config.settings import Settings
from pipeline.cases.desk import Desk
from pipeline.cases.facts import read_action
from pipeline.cases.history import verify
from pipeline.clock import SHANGHAI
from pipeline.document import Alert
from pipeline.store import cases
from pipeline.store.engine import open_store, sqlite_url

START = datetime(2026, 3, 1, 8, 5, tzinfo=SHANGHAI)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    wanted = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(sqlite_url(Path(folder) / "huiying.db"))
        desk = Desk.of(Settings())
        with store.write() as connection:
            officer = desk.office(connection).directory.get("gu_lan")
            begun = time.perf_counter()
            opened = [desk.open_for_alert(connection, alert(n), None, START)[0].case_id for n in range(wanted)]
            print(f"open a case        {(time.perf_counter() - begun) / wanted * 1000:8.2f} ms")
            begun = time.perf_counter()
            for case_id in opened:
                desk.act(connection, case_id, read_action({"kind": "acknowledged"}), officer, START)
            print(f"an action          {(time.perf_counter() - begun) / wanted * 1000:8.2f} ms")
            at, begun = START, time.perf_counter()
            for _ in range(100):
                at += timedelta(minutes=10)
                desk.tick(connection, at)
            print(f"tick, nothing due  {(time.perf_counter() - begun) / 100 * 1000:8.2f} ms ({wanted} open cases)")
            begun = time.perf_counter()
            told = desk.tick(connection, START + timedelta(hours=24, minutes=10))
            each = (time.perf_counter() - begun) / max(1, len(told)) * 1000
            print(f"a warning          {each:8.2f} ms ({len(told)} at once)")
        with store.read() as connection:
            begun = time.perf_counter()
            proof = verify(cases.chain(connection), cases.head(connection))
            assert proof.holds
            print(f"verify             {proof.rows / (time.perf_counter() - begun):8.0f} entries/s ({proof.rows})")
        store.close()


def alert(number: int) -> Alert:
    return Alert(
        id=f"a{number}", rule="local-hot", at=START, level=2, legal_class="其他政务舆情", title=f"事件{number}", reason="热议",
        event_id=f"e{number}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
