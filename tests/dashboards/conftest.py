"""A city, an application on a copy of it, and people signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from dashboards.app import create_app
from pipeline.services import Services
from pipeline.store.schema.cases import cases
from pipeline.store.schema.events import events
from tests.dashboard_city import PASSWORD, build_city, copied


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    build_city(folder)
    return folder


@pytest.fixture
def services(city: Path, tmp_path: Path) -> Iterator[Services]:
    with copied(city, tmp_path / "office") as open_one:
        yield open_one()


@pytest.fixture(scope="module")
def kept_services(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """One copy for the tests of a file that only read."""
    with copied(city, tmp_path_factory.mktemp("read")) as open_one:
        yield open_one()


def refusal(page: str) -> str:
    """What a page says no with."""
    found = re.search(r'role="alert">([^<]+)', page)
    return found[1] if found else page[-300:]


class Browser:
    """Somebody signed in, without JavaScript: follows links, fills forms."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address)
        assert answer.status_code == status, (address, answer.status_code, refusal(answer.text))
        return answer.text

    def send(self, address: str, page: str = "/duty", status: int = 200, **fields: object) -> str:
        """Fill the form as it stands on `page`."""
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.client.get(page).text)
        assert csrf
        answer = self.client.post(address, data={"csrf": csrf[1], **fields})
        assert answer.status_code == status, (address, answer.status_code, refusal(answer.text))
        return answer.text


def signed_in(services: Services, person: str) -> Browser:
    client = TestClient(create_app(services))
    answer = client.post("/login", data={"name": person, "password": PASSWORD, "next": "/"})
    assert answer.status_code == 200, answer.text[-500:]
    return Browser(client)


@pytest.fixture
def sign_in(services: Services) -> Callable[[str], Browser]:
    return lambda person: signed_in(services, person)


@pytest.fixture(scope="module")
def spokesperson(kept_services: Services) -> Browser:
    return signed_in(kept_services, "fang_yi")


def fire_of(services: Services) -> str:
    """The id of the fire: the largest event."""
    with services.store.read() as connection:
        return str(connection.execute(select(events.c.id).order_by(events.c.documents.desc())).scalars().first())


def case_of(services: Services, event: str) -> str:
    with services.store.read() as connection:
        return str(connection.execute(select(cases.c.id).where(cases.c.event_id == event)).scalars().one())
