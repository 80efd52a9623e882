"""Where analysis runs (算力): in this process, in a pool of processes, or on a Dask cluster, behind one seam.

Settings: analysis.executor, analysis.workers, analysis.scheduler. Every choice is a `concurrent.futures.Executor` and
gives the same results, because analysis is a pure function.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, ParamSpec, TypeVar

from config.settings import AnalysisSettings
from pipeline.errors import HuiyingError

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor(Executor):
    """Runs each call at once, here: for one core, for tests, and for replays that should not start processes."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def open_executor(settings: AnalysisSettings) -> Executor:
    """The executor that the settings name. HuiyingError when Dask is asked for and cannot be had."""
    if settings.executor == "serial":
        return SerialExecutor()
    if settings.executor == "dask":
        return _dask(settings.scheduler)
    workers = settings.workers or os.cpu_count() or 1
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _dask(scheduler: str) -> Executor:
    try:
        from distributed import Client
    except ImportError as error:
        raise HuiyingError("analysis.executor 设为 dask，但没有安装 distributed；请安装 huiying[scale]。") from error
    if not scheduler:
        raise HuiyingError(
            "analysis.executor 设为 dask，还须用 analysis.scheduler 写明调度器地址，如 tcp://10.0.0.5:8786。"
        )
    try:
        client = Client(scheduler, timeout="10s")
    except OSError as error:
        raise HuiyingError(f"连不上 Dask 调度器 {scheduler}：{error}；请检查地址，或先启动调度器。") from error
    executor: Any = client.get_executor(pure=False)
    return executor  # type: ignore[no-any-return]
