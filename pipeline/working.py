"""Doing the pipeline's work under its lease (流水线进程): drain, index, deliver; one process at a time, others wait or stand by."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from pipeline import corrections
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
LASTING = timedelta(seconds=8)  # a dead leader is followed within 10 s


class Worker:
    """Leads the stateful half of the flow while it holds the lease; remembers nothing that the store does not."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self.flow: Flow | None = None
        self.corrected = ""
        self.indexer = Indexer(services.store, services.index(), services.clock)

    def hold(self, connection: Connection) -> bool:
        """Take or keep the lease, in the caller's transaction."""
        return leases.take(connection, LEASE, self.holder, LASTING)

    def step(self) -> int:
        """Bring everything that waits down the flow and into the index; how many documents moved. 0 = somebody else leads."""
        with self.services.store.write() as connection:
            held = self.hold(connection)
            corrected = corrections.mark(connection)
        if corrected != self.corrected:
            self.flow, self.corrected = None, corrected  # a person has merged or split: the memory here is stale
        if not held:
            self.flow = None  # whoever leads has moved on: the memory here is stale
            return 0
        self.flow = self.flow or Flow(self.services, self.hold)
        try:
            placed = self.flow.drain(self.services.clock.now())
        except LeaseLost:
            self.flow = None
            return 0
        self._index()
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
