"""The night of the fire in a store, lived once; each test looks at it or changes a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.services import Services
from pipeline.store.schema.events import events
from tests.dashboard_city import build_city, copied


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night")
    build_city(folder)
    return folder


@pytest.fixture
def services(city: Path, tmp_path: Path) -> Iterator[Services]:
    with copied(city, tmp_path / "city") as open_one:
        yield open_one()


@pytest.fixture
def fire(services: Services) -> str:
    """The largest event of the night."""
    with services.store.read() as connection:
        found = connection.execute(
            select(events.c.id).where(events.c.merged_into == "").order_by(events.c.documents.desc(), events.c.id)
        ).scalars().first()  # fmt: skip
    assert found is not None
    return str(found)
