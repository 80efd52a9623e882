"""Where analysis runs (算力): in this process, in a pool of processes, or on a Dask cluster, behind one seam.

Settings: analysis.executor, analysis.workers, analysis.scheduler. Every choice is a `concurrent.futures.Executor` and
gives the same results, because analysis is a pure function. A worker that dies takes nothing with it: a pool is made
anew, a cluster gives the work to another. What fails because there is no worker at all says so (`NoWorkers`), so that no
document is blamed for it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from config.settings import AnalysisSettings
from pipeline.errors import HuiyingError

P = ParamSpec("P")
T = TypeVar("T")


class NoWorkers(HuiyingError):
    """Nobody is there to do the work; it can be given again later."""


class SerialExecutor(Executor):
    """Runs each call at once, here: for one core, for tests, and for replays that should not start processes."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class MendingPool(Executor):
    """A pool of processes that is made anew after one of them was killed.

    What was under way then fails with BrokenProcessPool; given again alone, only a call that itself kills its worker
    fails again.
    """

    def __init__(self, workers: int) -> None:
        self._make = partial(
            ProcessPoolExecutor,
            workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        )
        self._pool: ProcessPoolExecutor = self._make()
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with self._lock:
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown(wait=True, cancel_futures=True)
                self._pool = self._make()
                return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def _end_with_parent() -> None:
    """In a worker: go when the process that the pool belongs to is gone. One that was killed cannot say goodbye, and its
    workers would wait for work for ever, each with its models in memory."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="end-with-parent").start()


class DaskExecutor(Executor):
    """A Dask cluster. The scheduler gives a dead worker's calls to another, and blames a call only when it was running
    on several workers that died (distributed.scheduler.allowed-failures)."""

    def __init__(self, client: Any, patience: float = 60.0) -> None:
        self._client = client
        self._patience = patience

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return _Remote(self._client.submit(fn, *args, pure=False, **kwargs), self._patience, self._client)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        self._client.close()


class _Remote(Future[T]):
    """A call on the cluster, as the flow knows calls: `result()` waits, fails as the call did, or says NoWorkers."""

    def __init__(self, remote: Any, patience: float, client: Any) -> None:
        super().__init__()
        self._remote = remote
        self._patience = patience
        self._client = client

    def result(self, timeout: float | None = None) -> T:
        from distributed import CancelledError
        from distributed.comm.core import CommClosedError

        while True:
            try:
                made: T = self._remote.result(timeout=timeout or self._patience)
                return made
            except TimeoutError as error:  # an OSError too, so it comes first
                if timeout is not None:
                    raise
                if not self._has_workers():
                    raise NoWorkers(
                        "Dask 集群里没有工作进程；请启动 dask worker，未研判的文档稍后自动重试。"
                    ) from error
            except (CancelledError, CommClosedError, OSError) as error:
                raise NoWorkers("Dask 调度器断开了；请检查调度器，未研判的文档稍后自动重试。") from error

    def _has_workers(self) -> bool:
        return bool(self._client.scheduler_info(n_workers=-1)["workers"])


def open_executor(settings: AnalysisSettings) -> Executor:
    """The executor that the settings name. HuiyingError when Dask is asked for and cannot be had."""
    if settings.executor == "serial":
        return SerialExecutor()
    if settings.executor == "dask":
        return _dask(settings.scheduler)
    return MendingPool(settings.workers or os.cpu_count() or 1)


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
        return DaskExecutor(Client(scheduler, timeout="10s"))
    except OSError as error:
        raise NoWorkers(f"连不上 Dask 调度器 {scheduler}：{error}；请检查地址，或先启动调度器。") from error
