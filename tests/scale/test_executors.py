"""Analysis gives the same answers wherever it runs, and loses nothing when a worker dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from config.settings import SHIPPED, AnalysisSettings
from pipeline.analysis.analyse import analyse_chunk
from pipeline.analysis.district import District
from pipeline.document import Document
from pipeline.errors import HuiyingError
from pipeline.executors import NoWorkers, SerialExecutor, open_executor
from services.process import free_port

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ("柳东村的拆迁补偿款拖了半年没到位，请领导重视", "滨江公园文化节很热闹", "听说恒泰新材料爆炸了？", "")


def documents(count: int) -> list[Document]:
    return [Document(id=f"d{number}", text=TEXTS[number % len(TEXTS)]) for number in range(count)]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nap(number: int) -> int:
    time.sleep(0.05)
    return number


@pytest.fixture(scope="module")
def district() -> District:
    return District.load(SHIPPED)


class Cluster:
    """A Dask scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._folder = folder
        port = self.address.rsplit(":", 1)[1]
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")
        self.workers: list[subprocess.Popen[bytes]] = []

    def add_worker(self) -> subprocess.Popen[bytes]:
        options = ("--no-dashboard", "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        self.workers.append(self._start("worker", self.address, "--host", "127.0.0.1", *options))
        return self.workers[-1]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments]
        with (self._folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"PYTHONPATH": str(ROOT)}
            )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="needs distributed (huiying[scale])")
    made = Cluster(tmp_path)
    yield made
    made.close()


def dask(cluster: Cluster) -> Executor:
    return open_executor(AnalysisSettings(executor="dask", scheduler=cluster.address))


def test_a_pool_answers_as_this_process_does(district: District) -> None:
    batch = documents(20)
    expected = SerialExecutor().submit(analyse_chunk, district, "fast", batch).result()
    with open_executor(AnalysisSettings(executor="processes", workers=1)) as pool:
        assert pool.submit(analyse_chunk, district, "fast", batch).result() == expected


def test_a_pool_whose_worker_was_killed_is_made_anew() -> None:
    with open_executor(AnalysisSettings(executor="processes", workers=1)) as pool:
        assert pool.submit(nap, 1).result() == 1
        with pytest.raises(BrokenProcessPool):
            pool.submit(die).result()
        assert pool.submit(nap, 2).result() == 2
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        deadline = time.monotonic() + 10
        while True:  # until the pool has noticed
            try:
                assert pool.submit(nap, 3).result() == 3
                break
            except BrokenProcessPool:
                assert time.monotonic() < deadline


def test_workers_go_when_the_process_that_they_belong_to_is_killed() -> None:
    program = (
        "import os, time\n"
        "from config.settings import AnalysisSettings\n"
        "from pipeline.executors import open_executor\n"
        "if __name__ == '__main__':\n"
        "    pool = open_executor(AnalysisSettings(executor='processes', workers=1))\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    leader = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    with leader:
        assert leader.stdout is not None
        worker = int(leader.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        leader.kill()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()


def test_a_cluster_loses_nothing_when_a_worker_is_killed_in_the_middle(cluster: Cluster, district: District) -> None:
    first = cluster.add_worker()
    cluster.add_worker()
    batch = documents(12)
    expected = analyse_chunk(district, "fast", batch)
    with dask(cluster) as executor:
        chunks = [batch[start : start + 2] for start in range(0, len(batch), 2)]
        futures = [executor.submit(analyse_chunk, district, "fast", chunk) for chunk in chunks]
        naps = [executor.submit(nap, number) for number in range(40)]
        futures[0].result()
        first.kill()
        assert [analysis for future in futures for analysis in future.result()] == expected
        assert [future.result() for future in naps] == list(range(40))


def test_a_cluster_without_workers_blames_no_document(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with dask(cluster) as executor:
        with monkeypatch.context() as hurried, pytest.raises(NoWorkers, match="没有工作进程"):
            hurried.setattr(executor, "_patience", 0.5)
            executor.submit(nap, 7).result()
        cluster.add_worker()
        assert executor.submit(nap, 8).result() == 8


def test_a_scheduler_that_is_not_there_is_told_with_the_mend() -> None:
    with pytest.raises(HuiyingError, match="先启动调度器"):
        open_executor(AnalysisSettings(executor="dask", scheduler="tcp://127.0.0.1:1"))
    with pytest.raises(HuiyingError, match="写明调度器地址"):
        open_executor(AnalysisSettings(executor="dask"))
