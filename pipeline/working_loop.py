"""`huiying work`: the pipeline's process (流水线): flow, index and outbox, every second, until it is told to stop.
Once a day, whenever the flow rests, what has had its time is forgotten a batch at a time (`pipeline.retention`).

Deliveries run in a thread of their own with a lease of their own, so that a slow mail server never holds up an alert.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from pipeline.errors import HuiyingError
from pipeline.notices.channels import open_deliverer
from pipeline.retention import Forgetting
from pipeline.services import Services
from pipeline.store import leases
from pipeline.working import Worker

log = structlog.get_logger()

REST = 0.5  # seconds between looks at an idle store
OUTBOX_LEASE = "outbox"


def work(services: Services, stop: threading.Event, timed: Sequence[Callable[[], int]] = ()) -> None:
    """Until `stop` is set. A failure is logged and tried again: what it left undone is still in the store.

    `timed`: what else puts notices in the outbox at its hour, such as the daily mail; each says how many.
    """
    sender = threading.Thread(target=_deliver, args=(services, stop, timed), name="outbox", daemon=True)
    sender.start()
    worker, forgetting = Worker(services), Forgetting(services)
    try:
        while not stop.is_set():
            try:
                moved = worker.step() or int(bool(forgetting.step(worker.hold)))
            except HuiyingError as error:
                log.error("work.refused", reason=str(error))
                moved = 0
            except Exception:
                log.exception("work.failed")
                moved = 0
            if not moved:
                stop.wait(REST)
    finally:
        worker.close()
        sender.join(timeout=30)


def _deliver(services: Services, stop: threading.Event, timed: Sequence[Callable[[], int]]) -> None:
    deliverer = open_deliverer(services)
    holder = f"{id(stop):x}@{threading.get_native_id()}"

    def hold(connection: Connection) -> bool:
        return bool(leases.take(connection, OUTBOX_LEASE, holder, timedelta(seconds=60)))

    while not stop.is_set():
        try:
            with services.store.write() as connection:
                mine = hold(connection)
            for write in timed if mine else ():
                write()
            sent = deliverer.deliver_due(hold) if mine else 0
        except Exception:
            log.exception("outbox.failed")
            sent = 0
        if not sent:
            stop.wait(REST)
    with suppress(Exception), services.store.write() as connection:
        leases.give_back(connection, OUTBOX_LEASE, holder)
