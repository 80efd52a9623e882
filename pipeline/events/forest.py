"""Boosted trees as plain arrays (提升树): exported from scikit-learn when trained, walked with numpy when used; no pickles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forest:
    """All trees in one table of nodes; a leaf has feature -1 and its gain in `value`."""

    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    start: float

    def logit(self, row: Floats) -> float:
        """Sum of the trees for one row, in the order of the trees."""
        at = self.roots.copy()
        while True:
            feature = self.feature[at]
            inner = feature >= 0
            if not inner.any():
                return self.start + float(self.value[at].sum())
            lower = row[np.maximum(feature, 0)] <= self.threshold[at]
            at = np.where(inner, np.where(lower, self.left[at], self.right[at]), at)

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """For `np.savez`."""
        named = {name: getattr(self, name) for name in ("roots", "feature", "threshold", "left", "right", "value")}
        return {f"{prefix}{name}": array for name, array in named.items()} | {f"{prefix}start": np.array(self.start)}

    @classmethod
    def read(cls, stored: Any, prefix: str) -> Forest:
        """From an opened npz."""
        roots, feature, threshold, left, right, value = (
            stored[f"{prefix}{name}"] for name in ("roots", "feature", "threshold", "left", "right", "value")
        )
        return cls(roots, feature, threshold, left, right, value, float(stored[f"{prefix}start"]))


def exported(model: Any) -> Forest:
    """The arrays of a fitted `HistGradientBoostingClassifier` of two classes."""
    roots, columns = [], []
    offset = 0
    for (tree,) in model._predictors:
        nodes = tree.nodes
        leaf = nodes["is_leaf"].astype(bool)
        roots.append(offset)
        columns.append(
            (
                np.where(leaf, -1, nodes["feature_idx"]),
                np.where(leaf, 0.0, nodes["num_threshold"]),
                np.where(leaf, 0, nodes["left"] + offset),
                np.where(leaf, 0, nodes["right"] + offset),
                np.where(leaf, nodes["value"], 0.0),
            )
        )
        offset += len(nodes)
    feature, threshold, left, right, value = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Forest(
        np.array(roots, dtype=np.int32),
        feature.astype(np.int32),
        threshold.astype(np.float64),
        left.astype(np.int32),
        right.astype(np.int32),
        value.astype(np.float64),
        float(model._baseline_prediction.ravel()[0]),
    )
