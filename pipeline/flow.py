"""The whole flow on one page (总流程): read this first.

    documents ─► analysis ─► copies ─► grouping ─► stages ─► alerts ─► cases ─► outbox

`Flow.drain` brings every stored document down this way. The first half is pure and runs anywhere (`analyse`); the
second half is stateful and goes one document at a time, in the order of (known_at, id), a chunk of them in one
transaction (`place`, and pipeline.lane for its steps). Its memory is rebuilt from stored rows, so a process may die
anywhere: the chunk that it was in is done again, with the same result. Between documents timers tick on a fixed grid of
the documents' own clock, so that `replay` over past documents answers exactly as living through them did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from operator import itemgetter

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from pipeline.analysis.analyse import analyse_chunk
from pipeline.analysis.district import District
from pipeline.document import Analysis, Document, Judged, Observation
from pipeline.executors import NoWorkers
from pipeline.lane import Lane, PlacingFailed
from pipeline.services import Services
from pipeline.store import documents
from pipeline.trace_ids import trace_of, traced

log = structlog.get_logger()

WAVE = 512  # documents analysed before placing goes on: what an alert may have to wait for
ANALYSIS_CHUNK = 64  # documents a worker takes at a time, at most
SHARES = 4  # a small wave is cut into so many parts, so that every worker has some of it
SMALLEST_SHARE = 8
PLACING_CHUNK = 200  # documents placed in one transaction
MACHINE = (MemoryError, OSError, OperationalError, InterfaceError)  # troubles that are no document's fault


class LeaseLost(Exception):
    """Another process leads the flow now: what was begun here is rolled back, and done there."""


class Flow:
    """Drives documents from the store to the outbox.

    `keep` renews the lease of whoever leads, inside every transaction; False = it is lost. Without one it is a replay:
    nobody else is there, and the documents' own time is the present.
    """

    def __init__(self, services: Services, keep: Callable[[Connection], bool] | None = None) -> None:
        self.services = services
        self.keep = keep
        self.district = District.load(services.settings.config_dir)
        self.lane = self._restored()
        self.history: Lane | None = None

    def drain(self, until: datetime | None = None) -> int:
        """Analyse and place all that waits, then tick the timers up to `until`; answers how many steps were made.

        `until` is the present while the office lives; a replay gives None and stops at its last document.
        """
        moved = 0
        while step := self.step():
            moved += step
        if until is not None:
            self._transact(self.lane, lambda connection: self.lane.catch_up(connection, until))
        self.history = None
        return moved

    def step(self) -> int:
        """One wave analysed and one chunk placed; how many documents and counters moved."""
        return self.analyse() + self.place()

    # ------------------------------------------------------------------ the pure half
    def analyse(self) -> int:
        """Analyse the next wave in parallel; a document that cannot be analysed is quarantined with its reason."""
        with self.services.store.read() as connection:
            wave = documents.unanalysed(connection, WAVE)
        if not wave:
            return 0
        size = min(ANALYSIS_CHUNK, max(SMALLEST_SHARE, -(-len(wave) // SHARES)))
        chunks = [wave[start : start + size] for start in range(0, len(wave), size)]
        futures = [self._submit(chunk) for chunk in chunks]
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                analysed = future.result()
            except NoWorkers:
                raise
            except Exception as error:
                log.warning("analysis.chunk_failed", documents=len(chunk), error=str(error))
                self._one_by_one(chunk)
            else:
                self._keep(analysed)
        return len(wave)

    def _submit(self, chunk: Sequence[Document]) -> Future[list[Analysis]]:
        return self.services.executor().submit(
            analyse_chunk, self.district, self.services.settings.analysis.engine, chunk
        )

    def _keep(self, batch: Sequence[Analysis]) -> None:
        with self.services.store.write() as connection:
            self._lead(connection)
            documents.save_analyses(connection, batch)

    def _one_by_one(self, chunk: Sequence[Document]) -> None:
        for document in chunk:
            try:
                analysed = self._submit([document]).result()
            except NoWorkers:
                raise
            except Exception as error:
                self._failed(document.id, error)
            else:
                self._keep(analysed)

    # ------------------------------------------------------------------ the stateful half
    def place(self) -> int:
        """Place the next chunk of analysed documents, with the counters seen meanwhile, in one transaction."""
        with self.services.store.read() as connection:
            waiting = documents.earliest_waiting(connection)
            chunk = documents.unplaced(connection, PLACING_CHUNK, before=waiting)
            lane, chunk = self._lane_for(chunk)
            full = len(chunk) == PLACING_CHUNK or lane is not self.lane
            seen = documents.unapplied_observations(connection, chunk[-1].document.known_at if full else waiting)
        if not chunk and not seen:
            return 0
        try:
            self._transact(lane, lambda connection: _walk(connection, lane, chunk, seen))
        except PlacingFailed as error:
            if isinstance(error.__cause__, MACHINE):
                raise error.__cause__ from error
            self._failed(error.document_id, error.__cause__ or error)
        return len(chunk) + len(seen)

    def _lane_for(self, chunk: list[Judged]) -> tuple[Lane, list[Judged]]:
        """The lane that the head of the chunk belongs to, and how much of the chunk goes with it."""
        position = self.lane.position
        if not chunk or position is None or chunk[0].document.known_at >= position.at - self.lane.window:
            return self.lane, chunk
        first = chunk[0].document.known_at
        if self.history is None or self.history.position is None or self.history.position.at > first:
            self.history = Lane.restored(self.services, "history", first)
        past = [judged for judged in chunk if judged.document.known_at < position.at - self.lane.window]
        return self.history, past

    def _transact(self, lane: Lane, work: Callable[[Connection], None]) -> None:
        """Do `work` and keep where the lane is, all or nothing; after a failure its memory is rebuilt from the store."""
        try:
            with self.services.store.write() as connection:
                self._lead(connection)
                work(connection)
                lane.commit(connection)
        except BaseException:
            self.lane, self.history = self._restored(), None
            raise

    def _restored(self) -> Lane:
        return Lane.restored(self.services, own_clock=self.keep is None)

    def _lead(self, connection: Connection) -> None:
        if self.keep is not None and not self.keep(connection):
            raise LeaseLost

    def _failed(self, document_id: str, error: BaseException) -> None:
        reason = f"{type(error).__name__}: {error}"
        log.warning("document.failed", document=document_id, trace=trace_of(document_id), reason=reason)
        with self.services.store.write() as connection:
            documents.failed(connection, document_id, self.services.clock.now(), reason)


def _walk(connection: Connection, lane: Lane, chunk: Sequence[Judged], seen: Sequence[Observation]) -> None:
    """Documents and later counters, merged by time; documents come before counters of the same moment."""
    steps: list[tuple[datetime, int, Judged | Observation]] = [(j.document.known_at, 0, j) for j in chunk]
    steps += [(observation.at, 1, observation) for observation in seen]
    for _, _, step in sorted(steps, key=itemgetter(0, 1)):
        if isinstance(step, Judged):
            with traced(trace_of(step.document.id)):
                lane.place(connection, step)
        else:
            lane.count(connection, step)
    documents.mark_placed(connection, [judged.document.id for judged in chunk])
    documents.mark_applied(connection, seen)
