"""How well people were answered: by message, by unit, masked, as known by now; and the command that lists it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import config
from pipeline.analysis.analyse import analyse_chunk
from pipeline.analysis.district import District
from pipeline.answers import UNNAMED, Answering, answering
from pipeline.clock import SHANGHAI
from pipeline.document import Document, Kind, Reply
from pipeline.store import documents as document_store
from pipeline.store.engine import Store, open_store, sqlite_url

ASKED = datetime(2026, 3, 1, 9, tzinfo=SHANGHAI)
NOW = datetime(2026, 3, 20, 9, tzinfo=SHANGHAI)
QUESTION = "我叫赵大有，电话13800001234。锦绣江南小区5栋电梯坏了半个月，老人上不了楼。请问什么时候修好？"
GOOD = "您好！经现场查看，锦绣江南小区5栋电梯因曳引机老化停运，根据《特种设备安全法》责令维保单位更换，3月8日前修好。"
EMPTY = "您好！您反映的问题已收悉，我们高度重视，感谢您的理解和支持！"


def letter(key: str, reply: Reply | None, kind: Kind = Kind.MESSAGE) -> Document:
    return Document(
        key, QUESTION, kind, title=f"电梯何时修好{key}", published_at=ASKED, collected_at=ASKED, reply=reply
    )


LETTERS = [
    letter("good", Reply(GOOD, "区住建局", ASKED + timedelta(days=2))),
    letter("empty", Reply(EMPTY, "区市场监管局", ASKED + timedelta(days=18))),
    letter("unnamed", Reply(GOOD, "", None), Kind.HOTLINE),
    letter("not-yet", Reply(GOOD, "区住建局", NOW + timedelta(days=1))),
    letter("waiting", None),
    replace(letter("post", Reply(GOOD, "区住建局", ASKED)), kind=Kind.WEIBO),
]


def fill(store: Store) -> None:
    with store.write() as connection:
        document_store.save(connection, LETTERS, NOW)
        analyses = analyse_chunk(District.load(Path(config.__file__).parent), "fast", LETTERS)
        document_store.save_analyses(connection, analyses)


def read(store: Store, now: datetime = NOW) -> Answering:
    with store.read() as connection:
        return answering(connection, ASKED, NOW, now)


def test_units_stand_beside_each_other_the_weakest_first(store: Store) -> None:
    fill(store)
    found = read(store)
    assert found.asked == 5  # the post is nobody's letter
    assert found.waiting_late == 2
    assert next(unit.unit for unit in found.units) == "区市场监管局"
    assert {unit.unit for unit in found.units} == {"区市场监管局", "区住建局", UNNAMED}
    weak = found.units[0]
    assert (weak.answers, weak.late, weak.days) == (1, 1, 18.0)
    assert weak.weakest.document_id == found.answers[0].document_id == "empty"
    good = next(unit for unit in found.units if unit.unit == "区住建局")
    assert good.overall > weak.overall + 0.3


def test_an_answer_counts_from_the_moment_it_was_given(store: Store) -> None:
    fill(store)
    assert len(read(store).answers) == 3
    assert len(read(store, NOW + timedelta(days=2)).answers) == 4


def test_reasons_show_no_name_and_no_number(store: Store) -> None:
    fill(store)
    shown = str(read(store))
    assert "13800001234" not in shown
    assert "赵大有" not in shown


def test_no_letters_no_figures(store: Store) -> None:
    assert read(store) == Answering(0, 0, (), ())


def test_the_command_lists_units_and_writes_each_answer_with_its_reasons(tmp_path: Path) -> None:
    opened = open_store(sqlite_url(tmp_path / "huiying.db"))
    fill(opened)
    opened.close()
    days = (datetime.now(SHANGHAI) - ASKED).days + 2
    command = [sys.executable, "-m", "huiying", "replies", "--days", str(days)]
    env = {**os.environ, "HUIYING_DATA_DIR": str(tmp_path)}
    root = Path(config.__file__).parents[1]

    def said(*more: str) -> str:
        return subprocess.run(
            [*command, *more], cwd=root, env=env, capture_output=True, text=True, check=True
        ).stdout  # fmt: skip

    assert "区市场监管局：1 件" in said("--out", str(tmp_path / "答复.csv"))
    with (tmp_path / "答复.csv").open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert rows[0]["文档编号"] == "empty"
    assert rows[0]["完整的理由"]
    assert json.loads(said("--json"))["units"][0]["weakest"] == "empty"
