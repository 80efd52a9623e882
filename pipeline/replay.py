"""Living past documents again on their own clock (回放): the whole flow, no waiting, nothing of the office touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from config.settings import Settings
from pipeline.document import Document
from pipeline.errors import HuiyingError
from pipeline.flow import Flow
from pipeline.importing import Rejected, read_documents
from pipeline.progress import progress_bar
from pipeline.services import Services
from pipeline.timeline import write_assignments, write_timeline

BATCH = 2000


def replay(services: Services, source: Path) -> int:
    """Take every document of `source` into the private store of `services` and drain the flow; how many were taken.

    Order is (collected_at, else published_at; then id). A repeated id with a later `collected_at` is an observation.
    HuiyingError when a row is no document: a replay of half-read input would prove nothing.
    """
    rows = iter(sorted(_strict(source, read_documents(source)), key=lambda row: (row.known_at, row.id)))
    taken = 0
    while batch := list(islice(rows, BATCH)):
        services.intake.take(batch)
        taken += len(batch)
    flow, placed = Flow(services), 0
    with progress_bar("回放", taken) as advance:
        while moved := flow.step():
            placed += moved
            advance(placed)
    return taken


def run_replay(
    build: Callable[[Settings], Services],
    settings: Settings,
    source: Path,
    out: Path,
    *,
    rules: Path | None = None,
    assignments: Path | None = None,
    data_dir: Path | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """`huiying replay`: in a folder of its own (kept only when `data_dir` names it), with the rules asked for."""
    if data_dir and (data_dir / "huiying.db").exists() and not resume:
        raise HuiyingError(f"{data_dir} 里已有回放；接着做请加 --resume，重做请换一个目录。")
    with TemporaryDirectory(prefix="huiying-replay-") as scratch:
        folder = data_dir or Path(scratch)
        if rules:
            (folder / "config").mkdir(parents=True, exist_ok=True)
            shutil.copyfile(rules, folder / "config" / "rules.toml")
        services = build(settings.model_copy(update={"data_dir": folder, "store": type(settings.store)()}))
        try:
            taken = replay(services, source)
            with out.open("w", encoding="utf-8") as file:
                changes = write_timeline(services.store, file)
            if assignments:
                with assignments.open("w", encoding="utf-8") as file:
                    write_assignments(services.store, file)
        finally:
            services.close()
    return {"documents": taken, "changes": changes, "out": str(out)}


def _strict(source: Path, rows: Iterable[Document | Rejected]) -> Iterable[Document]:
    for row in rows:
        if isinstance(row, Rejected):
            raise HuiyingError(f"{source} 第 {row.row} 行：{row.reason}；请改正后再回放。")
        if row.collected_at is None and row.published_at is None:
            raise HuiyingError(
                f"{source} 里的文档 {row.id} 没有 collected_at 也没有 published_at；回放需要时间，请补上。"
            )
        yield row
