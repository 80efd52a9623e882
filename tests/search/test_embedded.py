"""The embedded index as several processes see it."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from pipeline.clock import SHANGHAI
from pipeline.document import Kind
from pipeline.search.embedded import EmbeddedIndex
from pipeline.search.port import IndexedDocument


def test_two_commits_within_one_tick_of_the_file_systems_clock_are_both_seen(tmp_path: Path) -> None:
    writing, reading = EmbeddedIndex(tmp_path), EmbeddedIndex(tmp_path)
    meta = tmp_path / (tmp_path / "current").read_text().strip() / "meta.json"
    at = datetime(2026, 3, 15, 3, 0, tzinfo=SHANGHAI)
    writing.add([IndexedDocument(id="first", kind=Kind.NEWS, text="起火", at=at)])
    assert reading.count() == 1
    tick = meta.stat().st_mtime_ns
    writing.add([IndexedDocument(id="second", kind=Kind.NEWS, text="停水", at=at)])
    os.utime(meta, ns=(tick, tick))
    assert reading.count() == 2
    for index in (writing, reading):
        index.close()
