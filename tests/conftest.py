"""What every room's tests share: the real labelled data where it is present, a store, a stepped clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.store.engine import Store, open_store, sqlite_url

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real labelled data: HUIYING_SHARED_DATA, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("HUIYING_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("needs ../shared/data (real labelled data)")
    return folder


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store: SQLite, or a fresh schema of the PostgreSQL that HUIYING_TEST_POSTGRES names."""
    opened = open_store(sqlite_url(tmp_path / "huiying.db"))
    yield opened
    opened.close()
