"""A morning of the demo city, stored, judged and indexed once: what the tests of pages and browsers look at."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from config.settings import Settings, WebSettings, load_settings
from dashboards.serving import open_demo_accounts
from demo.documents import documents
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.document import Document, Kind
from pipeline.services import Services
from pipeline.store import accounts
from pipeline.working import Worker

MORNING = datetime(2026, 3, 15, 9, 0, tzinfo=SHANGHAI)
SINCE = datetime(2026, 3, 14, 18, 0, tzinfo=SHANGHAI)
STEPS = [SINCE, datetime(2026, 3, 15, 3, 30, tzinfo=SHANGHAI), datetime(2026, 3, 15, 5, 0, tzinfo=SHANGHAI), MORNING]
PASSWORD = "Huiying-2026"
MORE_PEOPLE = ("mao_yifan", "chang_qingshan", "jian_shen", "bao_mi", "wang_qing")
HOSTILE = "\u202e<script>alert('x')</script><img src=//evil.example/x onerror=alert(1)> " + "长" * 10_000
HOSTILE_ID = "hostile-1"
FORMULA_ID = "formula-1"


def settings_in(folder: Path) -> Settings:
    made = load_settings(data_dir=folder, web=WebSettings(demo_accounts=True))
    return made.model_copy(
        update={"analysis": made.analysis.model_copy(update={"executor": "serial", "engine": "fast"})}
    )


def build_city(folder: Path) -> None:
    """Live the night of the fire, step by step, with two documents that mean harm."""
    from huiying import build_services

    clock = SteppedClock(SINCE)
    services = build_services(settings_in(folder), clock)
    night = [one for one in documents() if SINCE <= one.known_at <= MORNING]
    night += [
        Document(HOSTILE_ID, HOSTILE, Kind.FORUM, "云港论坛", title="<b>云港</b>\u202e" + HOSTILE[:60], published_at=MORNING, collected_at=MORNING),
        Document(FORMULA_ID, '=HYPERLINK("http://evil.example","云港公式")', Kind.FORUM, "云港论坛", title="=1+1", published_at=MORNING, collected_at=MORNING),
        Document("phone-1", "石桥街道路灯不亮，请回电 13812345678", Kind.MESSAGE, "云港区区长信箱", title="路灯", published_at=MORNING, collected_at=MORNING),
    ]  # fmt: skip
    worker = Worker(services)
    for moment in STEPS:
        clock.advance_to(moment)
        services.intake.take([replace(one) for one in night if one.known_at <= moment])
        worker.step()
    worker.close()
    open_demo_accounts(services)
    with services.store.write() as connection:
        for person in MORE_PEOPLE:
            accounts.set_password(connection, person, PASSWORD, MORNING)
    services.close()


@contextmanager
def copied(city: Path, folder: Path) -> Iterator[Callable[[], Services]]:
    """A copy of the city that a test may change; opens services on it."""
    from huiying import build_services

    shutil.copytree(city, folder, dirs_exist_ok=True)
    opened: list[Services] = []

    def open_one() -> Services:
        opened.append(build_services(settings_in(folder), SteppedClock(MORNING)))
        return opened[-1]

    try:
        yield open_one
    finally:
        for services in opened:
            services.close()
