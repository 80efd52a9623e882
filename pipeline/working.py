"""Doing the pipeline's work under its lease (流水线进程): drain, index, deliver; one process at a time, others wait or stand by."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from pipeline import canaries, corrections
from pipeline.digesting import refresh
from pipeline.errors import HuiyingError
from pipeline.flow import Flow, LeaseLost
from pipeline.search.indexer import Indexer
from pipeline.search.indexer import waiting as behind
from pipeline.search.port import SearchError
from pipeline.services import Services
from pipeline.store import documents, leases

log = structlog.get_logger()

DIGESTS = 3  # event digests made in one idle step
LEASE = "flow"
LASTING = timedelta(seconds=5)  # with the rest between two looks of a stand-by: a dead leader is followed within 10 s
HANGING = timedelta(minutes=5)  # one step that takes longer than this no longer keeps others from leading


class Worker:
    """Leads the stateful half of the flow while it holds the lease; remembers nothing that the store does not."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self.fence = 0
        self.flow: Flow | None = None
        self.corrected = ""
        self.indexer = Indexer(services.store, services.index(), services.clock)

    def hold(self, connection: Connection) -> bool:
        """Keep the lease, in the caller's transaction. False when it is lost, was lost and taken back meanwhile, or never had."""
        return self.fence != 0 and leases.take(connection, LEASE, self.holder, LASTING) == self.fence

    def step(self) -> int:
        """Bring everything that waits down the flow and into the index; how many documents moved. 0 = somebody else leads."""
        with self.services.store.write() as connection:
            fence = leases.take(connection, LEASE, self.holder, LASTING)
            corrected = corrections.mark(connection)
        if (fence, corrected) != (self.fence, self.corrected):
            self.flow = None  # another has led, or a person has merged or split: the memory here is stale
        self.fence, self.corrected = fence, corrected
        if not fence:
            return 0
        with leases.kept(self.services.store, LEASE, self.holder, LASTING, HANGING):
            return self._lead()

    def _lead(self) -> int:
        self.flow = self.flow or Flow(self.services, self.hold)
        try:
            placed = self.flow.drain(self.services.clock.now())
        except LeaseLost:
            self.flow = None
            return 0
        self._index()
        canaries.tell(self.services.store, self.services.settings, self.services.clock.now())
        if not placed:
            refresh(self.services.store, self.services.clock.now(), DIGESTS)
        return placed

    def _index(self) -> None:
        """Bring the index up to date; when it is down, the flow goes on and the index catches up at a later step."""
        try:
            while self.indexer.drain():
                pass
        except SearchError as error:
            log.warning("index.behind", error=str(error))

    def close(self) -> None:
        """Give lease and pen back."""
        with self.services.store.write() as connection:
            leases.give_back(connection, LEASE, self.holder)
        self.indexer.release()


def drain_all(services: Services, patience: float = 600.0) -> None:
    """Return when everything stored is judged, placed and searchable: by this process, or by the one that leads."""
    worker = Worker(services)
    deadline = time.monotonic() + patience
    try:
        while True:
            worker.step()
            with services.store.read() as connection:
                if not documents.are_waiting(connection) and not behind(connection):
                    return
            if time.monotonic() > deadline:
                raise HuiyingError("等了很久仍有文档没有处理完；请看 huiying doctor，并检查 huiying run 是否正常。")
            time.sleep(0.2)
    finally:
        worker.close()
