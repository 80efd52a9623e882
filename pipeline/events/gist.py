"""Gists beside each other (要旨): how near a text is to what an event is about.

An event's gist is the sum of its documents'. All sums are of whole numbers: exact in any order and any company.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.analysis.gist import WIDTH

Gist = npt.NDArray[np.int8]  # of a text [WIDTH]
Gists = npt.NDArray[np.int32]  # the sum of several


def read_gist(kept: str) -> Gist:
    """The gist of an analysis; all zero, near nothing, when it has none (judged before there were gists)."""
    return np.frombuffer(base64.b64decode(kept), dtype=np.int8) if kept else np.zeros(WIDTH, dtype=np.int8)


def nearness(one: Gist | Gists, others: Sequence[Gists]) -> list[float]:
    """Cosine of a gist, or of the sum of several, with each of the others; 0 where one says nothing."""
    table, mine = np.array(others, dtype=np.float64), one.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", table, table) * float(mine @ mine))
    cosines: list[float] = (table @ mine / np.maximum(lengths, 1.0)).tolist()
    return cosines
