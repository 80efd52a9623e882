"""An office without a history, its web application, and two people with accounts: enough to attack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from config.settings import AnalysisSettings, Settings
from dashboards.app import create_app
from huiying import build_services
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.services import Services
from pipeline.store import accounts

PASSWORD = "Yungang-2026!"
PEOPLE = ("guan_li", "fang_yi")  # administrator, spokesperson


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    analysis = AnalysisSettings(engine="fast", executor="serial")
    clock = SteppedClock(datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI))
    made = build_services(Settings(data_dir=tmp_path_factory.mktemp("office"), analysis=analysis), clock)
    with made.store.write() as connection:
        for person in PEOPLE:
            accounts.set_password(connection, person, PASSWORD, clock.now())
    yield made
    made.close()


@pytest.fixture
def app(services: Services) -> FastAPI:
    """A fresh one for each test: tries are counted in it."""
    return create_app(services)


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def sign_in(app: FastAPI) -> Callable[[str], TestClient]:
    def enter(person: str) -> TestClient:
        client = TestClient(app, follow_redirects=False)
        assert client.post("/login", data={"name": person, "password": PASSWORD, "next": "/"}).status_code == 303
        return client

    return enter


def mark_of(client: TestClient) -> str:
    """The session's own mark, as it stands in its forms."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/duty").text)
    assert found
    return found[1]


def data_of(services: Services) -> Path:
    return services.settings.data_dir
