"""Analysis that fails as told by the document's text, in whatever process it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from pipeline.analysis.analyse import analyse_chunk as real
from pipeline.analysis.district import District
from pipeline.document import Analysis, Document


def analyse_chunk(district: District, engine: str, documents: Sequence[Document]) -> list[Analysis]:
    for document in documents:
        if document.text == "poison":
            raise RuntimeError("cannot be read")
        if document.text == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory runs out
    return real(district, engine, documents)
