"""`huiying import`: a file into the store, judged, placed and searchable when the command returns."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.document import Document, Kind
from pipeline.importing import Rejected, read_documents, write_rejected
from pipeline.progress import progress_bar
from pipeline.services import Services
from pipeline.working import drain_all

BATCH = 1000


def run_import(services: Services, file: Path, kind: Kind | None, columns: Mapping[str, str]) -> dict[str, Any]:
    """Counts of what became of the rows; refused ones are written to FILE.rejected. ImportRefused when it cannot be read."""
    rejected: list[Rejected] = []
    new = observed = repeated = rows = 0
    items = read_documents(file, kind, columns)
    with progress_bar("导入") as advance:
        while batch := list(islice(items, BATCH)):
            rejected += [item for item in batch if isinstance(item, Rejected)]
            saved = services.intake.take([item for item in batch if isinstance(item, Document)])
            new, observed, repeated = new + saved.new, observed + saved.observed, repeated + saved.repeated
            rows += len(batch)
            advance(rows)
    written = write_rejected(file, rejected) if rejected else None
    drain_all(services)
    return {
        "rows": rows,
        "new": new,
        "observed": observed,
        "repeated": repeated,
        "rejected": len(rejected),
        "rejected_file": f"（见 {written}）" if written else "",
    }
