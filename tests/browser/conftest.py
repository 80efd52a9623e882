"""A real browser before a really served dashboard. Skips when there is no Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.picturing import served
from pipeline.services import Services
from tests.dashboard_city import PASSWORD, build_city, copied

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    build_city(folder)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium (apt install chromium)")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def services(city: Path, tmp_path: Path, chromium: Any) -> Iterator[Services]:
    with copied(city, tmp_path / "office") as open_one:
        yield open_one()


@pytest.fixture
def address(services: Services) -> Iterator[str]:
    with served(services) as found:
        yield found


Visit = Callable[..., Any]


def follow(page: Any, locator: Any) -> None:
    """Click what leads to another page, and wait until that page is there whole."""
    with page.expect_navigation(wait_until="load"):
        locator.click()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Visit]:
    """Opens a page as somebody signed in: visit("gu_lan", width=390, script=False)."""
    contexts: list[Any] = []

    def open_page(person: str, path: str = "/", width: int = 1366, height: int = 768, script: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{address}/login?next={path}")
        page.fill("#name", person)
        page.fill("#password", PASSWORD)
        follow(page, page.locator("button.main"))
        return page

    yield open_page
    for context in contexts:
        context.close()
