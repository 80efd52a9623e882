"""Trees of depth three: exported, stored and asked all at once they answer as the learner does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline.events.shallow import Shallow, exported


@pytest.mark.parametrize("seed", range(5))
def test_exported_trees_answer_as_the_learner_does(seed: int, tmp_path: Path) -> None:
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(400, 5)).round(1)
    same = rows[:, 0] * rows[:, 1] + chance.normal(size=400) > 0
    learner = HistGradientBoostingClassifier(
        max_iter=20, max_depth=3, min_samples_leaf=3 + 30 * (seed % 2), early_stopping=False
    )
    trees = exported(learner.fit(rows, same))
    np.savez_compressed(tmp_path / "trees.npz", **trees.arrays())
    with np.load(tmp_path / "trees.npz") as stored:
        again = Shallow.read(stored)
    wanted = learner.decision_function(rows)
    assert trees.logits(rows) == pytest.approx(wanted.tolist(), abs=1e-4)
    assert again.logits(rows) == trees.logits(rows)


def test_a_row_gets_the_same_answer_in_any_company() -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(300, 4))
    trees = exported(
        HistGradientBoostingClassifier(max_iter=30, max_depth=3, early_stopping=False).fit(
            rows, rows[:, 0] > rows[:, 1]
        )
    )
    together = trees.logits(rows)
    assert [trees.logits(rows[number : number + 1])[0] for number in range(300)] == together
