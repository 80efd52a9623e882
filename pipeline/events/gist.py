"""Gists beside each other (要旨): how near a text is to what an event is about.

An event's gist is the sum of its documents'. All sums are of whole numbers: exact in any order and any company.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.analysis.gist import Gist

Gists = npt.NDArray[np.int32]  # the sum of several


def nearness(one: Gist | Gists, others: Sequence[Gists]) -> list[float]:
    """Cosine of a gist, or of the sum of several, with each of the others; 0 where one says nothing."""
    table, mine = np.array(others, dtype=np.float64), one.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", table, table) * float(mine @ mine))
    cosines: list[float] = (table @ mine / np.maximum(lengths, 1.0)).tolist()
    return cosines
