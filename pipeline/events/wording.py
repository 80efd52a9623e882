"""What the words of a pair say (用词证据): a learned weight for every word that both texts have, and for every word that only one has.

A logistic regression over hashed words and character pairs beside the pair's features; no text is kept, only weights by cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.events import sparse
from pipeline.events.pair_features import parts

Floats = npt.NDArray[np.float64]
CELLS = 1 << 16
TYPICAL = 5.0  # a usual rarity: keeps the weights of words near those of the features


@dataclass(frozen=True, slots=True)
class Wording:
    """Weights by cell of shared words, of words of one side alone, and of the pair's features (scaled)."""

    shared: Floats
    alone: Floats
    centre: Floats
    scale: Floats
    features: Floats
    bias: float

    def logit(self, source: str, target: str, features: Floats) -> float:
        """The more, the likelier the same event."""
        both, one = terms(source, target)
        said = math.fsum(self.shared[cell] * weight for cell, weight in both)
        said += math.fsum(self.alone[cell] * weight for cell, weight in one)
        return float(said + ((features - self.centre) / self.scale) @ self.features + self.bias)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For `np.savez`: the many weights of cells in half precision."""
        half = {f"words_{name}": getattr(self, name).astype(np.float16) for name in ("shared", "alone")}
        whole = {f"words_{name}": getattr(self, name) for name in ("centre", "scale", "features")}
        return half | whole | {"words_bias": np.array(self.bias)}

    @classmethod
    def read(cls, stored: Any) -> Wording:
        """From an opened npz."""
        shared, alone, centre, scale, features = (
            stored[f"words_{name}"].astype(np.float64) for name in ("shared", "alone", "centre", "scale", "features")
        )
        return cls(shared, alone, centre, scale, features, float(stored["words_bias"]))


def terms(source: str, target: str) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """(cell, weight) of the words and character pairs that both have (by rarity), and of those that one has alone."""
    left, right = (one.words.keys() | one.pairs.keys() for one in (parts(source), parts(target)))
    rarity = sparse.shipped_rarity()
    both, one = left & right, left ^ right
    share = 1 / math.sqrt(len(one)) if one else 0.0
    return [(cell % CELLS, rarity[cell] / TYPICAL) for cell in both], [(cell % CELLS, share) for cell in one]
