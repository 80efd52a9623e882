"""Analysis that fails as told by the document's text, in whatever process it runs."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Sequence
from pathlib import Path

from pipeline.analysis.analyse import analyse_chunk as real
from pipeline.analysis.district import District
from pipeline.document import Analysis, Document


def analyse_chunk(district: District, engine: str, documents: Sequence[Document]) -> list[Analysis]:
    for document in documents:
        if document.text == "poison":
            raise RuntimeError("cannot be read")
        if document.text == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory runs out
        if document.text == "greedy":
            _eat_all_memory()
    return real(district, engine, documents)


def _eat_all_memory() -> None:
    """Under a limit on this worker's address space, as ulimit or a service manager sets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 64 * 2**20, hard))
    try:
        bytearray(2**30)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
