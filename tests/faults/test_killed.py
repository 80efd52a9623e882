"""A replay that is killed at random moments ends exactly as one that never was.

The moments are spread over the whole replay by its own progress, so that a quick machine does not get through between
two of them. Short form: a few kills over 600 documents. Long form (HUIYING_FAULTS=long, `make test-faults`): 100 kills
over 10,000 documents, with a pool of processes of which sometimes one and sometimes all are killed.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from benchmarks.crowd import Crowd
from pipeline.document import Document
from tests.faults.killing import Replay, same_keys, state, write_documents

LONG = os.environ.get("HUIYING_FAULTS") == "long"


def documents() -> list[Document]:
    if LONG:
        return [document for day in Crowd(seed=7).days(10_000) for document in day]
    return [document for day in Crowd(seed=7).days(600) for document in day]


@pytest.mark.timeout(7200 if LONG else 300)
def test_killed_at_random_moments_it_ends_the_same(tmp_path: Path) -> None:
    chance = random.Random(20260315)
    source = tmp_path / "documents.jsonl"
    write_documents(documents(), source)
    undisturbed = Replay(source, tmp_path / "undisturbed", "serial")
    undisturbed.finish()
    expected = state(undisturbed.folder)
    assert len(expected["event_documents"]) == len(expected["documents"]) > 0

    disturbed = Replay(source, tmp_path / "disturbed", "processes" if LONG else "serial")
    same_keys(undisturbed.folder, disturbed.folder)
    wanted = 100 if LONG else 3
    goals = sorted(chance.randrange(2 * len(expected["documents"])) for _ in range(wanted))
    kills, tries = 0, 0
    while kills < wanted and tries < 2 * wanted:
        kills += disturbed.killed(chance, goals[kills])
        tries += 1
        print(
            f"killed {kills} of {wanted}, {disturbed.progress()} of {2 * len(expected['documents'])} steps", flush=True
        )
    assert kills == wanted
    disturbed.finish()

    found = state(disturbed.folder)
    for table, rows in expected.items():
        assert found[table] == rows, table
    timelines = [replay.folder.with_suffix(".timeline").read_text() for replay in (undisturbed, disturbed)]
    assert timelines[0] == timelines[1]
