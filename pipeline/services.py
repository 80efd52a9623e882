"""What the rooms are handed (服务): built once in huiying.py from the settings, passed down, never looked up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from config.settings import Settings
from pipeline.clock import Clock
from pipeline.intake import Intake
from pipeline.search.port import SearchIndex
from pipeline.store.engine import Store


@dataclass(frozen=True)
class Services:
    """The typed bundle of everything that touches the world.

    `executor` and `index` are opened on first use, because most commands need neither.
    """

    settings: Settings
    clock: Clock
    store: Store
    intake: Intake
    executor: Callable[[], Executor]
    index: Callable[[], SearchIndex]
    close: Callable[[], None]
