"""Other systems: tokens, scopes, rates, pushed documents, the feed, health."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest
from fastapi.testclient import TestClient

from dashboards.app import create_app
from pipeline.services import Services
from pipeline.store import accounts
from pipeline.store.accounts import Client
from tests.dashboards.conftest import fire_of

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def client(services: Services) -> TestClient:
    return TestClient(create_app(services))


def token(services: Services, *scopes: str, per_minute: int = 100) -> dict[str, str]:
    with services.store.write() as connection:
        made = accounts.make_token(
            connection, Client(f"系统{'-'.join(scopes)}", scopes, per_minute), "guan_li", services.clock.now()
        )
    return {"authorization": f"Bearer {made}"}


def test_without_a_token_or_its_scope_nothing_is_told(services: Services, client: TestClient) -> None:
    assert client.get("/api/v1/events").status_code == 401
    assert client.get("/api/v1/events", headers={"authorization": "Bearer hy_wrong"}).status_code == 401
    answer = client.get("/api/v1/search?q=火灾", headers=token(services, "read"))
    assert answer.status_code == 403
    assert "没有“search”权限" in answer.json()["error"]["message"]


def test_events_alerts_cases_and_search_as_json_without_authors(services: Services, client: TestClient) -> None:
    headers = token(services, "read", "search")
    assert client.get("/api/v1/events?scope=local", headers=headers).json()["total"] >= 1
    event = client.get(f"/api/v1/events/{fire_of(services)}", headers=headers).json()
    assert event["stages"]
    assert event["documents_latest"]
    assert client.get("/api/v1/alerts", headers=headers).json()["alerts"]
    assert client.get("/api/v1/cases", headers=headers).json()["cases"]
    found = client.get("/api/v1/search?q=化工园", headers=headers)
    assert found.json()["total"] >= 1
    assert "author" not in found.text
    assert "author" not in str(event)


def test_pushed_documents_are_taken_once_and_their_growth_is_an_observation(
    services: Services, client: TestClient
) -> None:
    headers = token(services, "documents")
    pushed = {
        "id": "p1",
        "text": "石桥街道路灯不亮",
        "kind": "forum",
        "source": "合作平台",
        "author": "张三",
        "collected_at": "2026-03-15T08:00",
        "likes": 1,
    }
    assert client.post("/api/v1/documents", json=pushed, headers=headers).json()["new"] == 1
    assert client.post("/api/v1/documents", json=pushed, headers=headers).json()["new"] == 0
    grown = client.post(
        "/api/v1/documents", json=[pushed | {"likes": 9, "collected_at": "2026-03-15T08:30"}], headers=headers
    )
    assert grown.status_code == 202
    assert grown.json()["observed"] == 1
    with services.store.read() as connection:
        row = connection.exec_driver_sql("select author from documents where id = 'p1'").one()
    assert "张三" not in row[0]
    assert client.post("/api/v1/documents", json={"text": "x", "colour": 1}, headers=headers).status_code == 422
    bad = client.post("/api/v1/documents", json={"text": "x", "published_at": "昨天"}, headers=headers)
    assert "第 1 篇的时间写法不对" in bad.json()["error"]["message"]


def test_a_client_that_calls_too_often_waits(services: Services, client: TestClient) -> None:
    headers = token(services, "read", per_minute=3)
    assert [client.get("/api/v1/alerts", headers=headers).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_the_api_describes_itself(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/events", "/api/v1/events/{event_id}", "/api/v1/alerts", "/api/v1/cases", "/api/v1/search", "/api/v1/documents",
    }  # fmt: skip


def test_the_feed_is_atom_with_text_only(services: Services, client: TestClient) -> None:
    assert client.get("/feeds/alerts.atom").status_code == 401
    given = token(services, "read")["authorization"].removeprefix("Bearer ")
    feed = Xml.fromstring(client.get(f"/feeds/alerts.atom?token={given}").content)
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    assert all(len(entry.find(f"{ATOM}title")) == 0 for entry in entries)  # type: ignore[arg-type]


def test_health_readiness_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/readyz").json()["ready"] is True
    assert "huiying_events" in client.get("/metrics").text
