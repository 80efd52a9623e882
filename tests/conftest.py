"""What every room's tests share: the real labelled data where it is present, a store, a stepped clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text

from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.store.engine import Store, open_store, sqlite_url

ROOT = Path(__file__).resolve().parents[1]
# The same examples every time, however slow the machine is just now.
settings.register_profile(
    "house", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


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
    """An empty store: SQLite, or a fresh database on the PostgreSQL that HUIYING_TEST_POSTGRES names."""
    url = os.environ.get("HUIYING_TEST_POSTGRES", "")
    if not url:
        opened = open_store(sqlite_url(tmp_path / "huiying.db"))
        yield opened
        opened.close()
        return
    with fresh_database(url) as made:
        opened = open_store(made)
        yield opened
        opened.close()


@pytest.fixture
def postgres_store() -> Iterator[Store]:
    """An empty store on PostgreSQL, whatever the others use."""
    with fresh_database(running_service("postgresql", "HUIYING_TEST_POSTGRES")) as made:
        opened = open_store(made)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def elasticsearch_url() -> str:
    """A running Elasticsearch that tests may fill and empty under names of their own."""
    return running_service("elasticsearch", "HUIYING_TEST_ELASTICSEARCH")


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """A database of its own on that server, dropped afterwards; its address."""
    name = f"test_{uuid4().hex[:12]}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name} template template0"))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        admin.dispose()


def running_service(name: str, variable: str) -> str:
    """Where a service runs: the variable, else what `make services` started."""
    from services.__main__ import running

    url = os.environ.get(variable) or str(running().get(name, {}).get("url", ""))
    if not url:
        pytest.skip(f"needs {name} (make services)")
    return url
