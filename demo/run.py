"""`huiying demo`: live the city's five days, write what an office would have, say what happened, open the dashboard."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection, func, select

from config.settings import Settings
from dashboards.briefings.papers import write_set
from demo.city import City
from demo.living import FIRST_MOMENT, LAST_MOMENT, Step, live
from demo.office import event_of_storyline
from demo.post import PostOffice
from pipeline.clock import Clock, SteppedClock, shanghai
from pipeline.errors import HuiyingError
from pipeline.notices.channels import open_deliverer
from pipeline.services import Services
from pipeline.store.schema.cases import cases
from pipeline.store.schema.documents import documents
from pipeline.store.schema.events import alerts, events

FIRST_PORT = 8701


def run_demo(
    build: Callable[[Settings, Clock], Services], settings: Settings, then: Callable[[Services], None] | None
) -> dict[str, Any]:
    """Start anew in `data_dir`/demo and live the days; `then` (the dashboard) runs while city and post office are still up."""
    start = time.monotonic()
    folder = settings.data_dir / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    clock = SteppedClock(FIRST_MOMENT)
    try:
        with City(clock, FIRST_PORT) as city, PostOffice(folder / "mail") as post:
            services = build(_demo_settings(settings, folder, post.port), clock)
            try:
                with _Progress() as told:
                    live(services, clock, city, open_deliverer(services), told)
                _write_papers(services, folder)
                result = report(services, post, folder) | {"seconds": round(time.monotonic() - start, 1)}
                if then is not None:
                    _say(result, services.settings.office.base_url)
                    then(services)
                return result
            finally:
                services.close()
    except OSError as error:
        raise HuiyingError(f"演示城市起不来：{error}；请腾出 {FIRST_PORT} 起的 12 个端口再试。") from error


def _write_papers(services: Services, folder: Path) -> None:
    """The fire's 快报 ×3, 专报, 日报 and the week's 周报 in `folder`/briefings."""
    with services.store.read() as connection:
        fire = event_of_storyline(connection, "fire")
    if fire:
        write_set(services, fire, LAST_MOMENT, folder / "briefings")


def report(services: Services, post: PostOffice, folder: Path) -> dict[str, Any]:
    """What the five days brought: counts, and the files to open."""
    with services.store.read() as connection:
        return {
            "documents": _counted(connection, documents.c.kind),
            "events": _counted(connection, events.c.stage),
            "alerts": _counted(connection, alerts.c.rule),
            "cases": connection.execute(select(func.count()).select_from(cases)).scalar_one(),
            "mails": post.received,
            "files": sorted(str(path) for path in (folder / "briefings").glob("*.*")),
            "data_dir": str(folder),
        }


def _counted(connection: Connection, column: Any) -> dict[str, int]:
    rows = connection.execute(select(column, func.count().label("number")).group_by(column).order_by(column))
    return {row[0]: row.number for row in rows}


def _demo_settings(settings: Settings, folder: Path, smtp_port: int) -> Settings:
    """The office's settings, but on the demo's own data, post office and shipped configuration."""
    mail = settings.mail.model_copy(update={"host": "127.0.0.1", "port": smtp_port, "security": "none"})
    analysis = settings.analysis.model_copy(update={"executor": "serial"})
    web = settings.web.model_copy(update={"demo_accounts": True})
    changes = {"data_dir": folder, "store": type(settings.store)(), "search": type(settings.search)()}
    changes |= {"webhooks": ()}  # nobody outside hears of the fictional city
    return settings.model_copy(update=changes | {"mail": mail, "analysis": analysis, "web": web})


class _Progress:
    """One bar over the five days with what has come so far; a line a day when there is no terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[so_far]}"),
        )
        self.bars = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.new = self.acted = self.sent = 0
        self.day = ""

    def __enter__(self) -> Callable[[Step], None]:
        self.bars.start()
        total = (LAST_MOMENT - FIRST_MOMENT).total_seconds()
        self.task = self.bars.add_task("演示城市", total=total, so_far="")
        return self._told

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def _told(self, step: Step) -> None:
        self.new, self.acted, self.sent = self.new + step.new, self.acted + step.acted, self.sent + step.sent
        so_far = f"{self.new} 篇，处置动作 {self.acted}，邮件 {self.sent}"
        label = f"{shanghai(step.at):%m月%d日 %H:%M}"
        done = (step.at - FIRST_MOMENT).total_seconds()
        self.bars.update(self.task, completed=done, description=label, so_far=so_far)
        if not self.console.is_terminal and label[:6] != self.day:
            self.day = label[:6]
            self.console.print(f"{label}  {so_far}", highlight=False)


def _say(result: dict[str, Any], base_url: str) -> None:
    console = Console(stderr=True)
    total, mails = sum(result["documents"].values()), result["mails"]
    console.print(
        f"五天过完：{total} 篇文档，{sum(result['events'].values())} 个事件，{sum(result['alerts'].values())} 条预警，"
        f"{result['cases']} 件处置单，{mails} 封邮件（{result['data_dir']}/mail），用时 {result['seconds']:.0f} 秒。",
        highlight=False,
    )
    console.print(f"请打开 {base_url}  （按 Ctrl-C 结束）", style="bold", highlight=False)
