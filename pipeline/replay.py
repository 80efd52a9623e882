"""Living past documents again on their own clock (回放): the whole flow, no waiting, nothing of the office touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from pipeline.document import Document
from pipeline.errors import HuiyingError
from pipeline.flow import Flow
from pipeline.importing import Rejected, read_documents
from pipeline.services import Services

BATCH = 2000


def replay(services: Services, source: Path, progress: Callable[[int], None] = lambda _: None) -> int:
    """Take every document of `source` into the (private) store of `services` and drain the flow; how many were placed.

    Order is (collected_at, else published_at; then id). A repeated id with a later `collected_at` is an observation.
    HuiyingError when a row is no document: a replay of half-read input would prove nothing.
    """
    taken = 0
    rows = iter(sorted(_strict(source, read_documents(source)), key=lambda row: (row.known_at, row.id)))
    while batch := list(islice(rows, BATCH)):
        services.intake.take(batch)
        taken += len(batch)
        progress(taken)
    return Flow(services).drain()


def _strict(source: Path, rows: Iterable[Document | Rejected]) -> Iterable[Document]:
    for row in rows:
        if isinstance(row, Rejected):
            raise HuiyingError(f"{source} 第 {row.row} 行：{row.reason}；请改正后再回放。")
        if row.collected_at is None and row.published_at is None:
            raise HuiyingError(
                f"{source} 里的文档 {row.id} 没有 collected_at 也没有 published_at；回放需要时间，请补上。"
            )
        yield row
