"""Training of the same-event model (同一事件模型训练): `huiying train same-event --data B.tsv [--topic-data A.tsv]`.

1. Without labels, from all texts: the mean and the main directions of their vectors.
2. Boosted trees on the features of the pairs, the mean of a few seeds; a logistic regression on words and features.
3. A small network learns "same event" and, where such pairs are given, "same topic" on the sentence vectors.
4. A logistic regression weighs the three. It is fitted on answers about pairs that none of them had seen (folds by
   connected texts); what ships is then trained on all pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from pipeline.events.forest import Forest, exported
from pipeline.events.meaning import Space
from pipeline.events.pairs import FOLDS, Folds, Pair, folds
from pipeline.events.same_event import HEAD, SENTENCE, Head, Reader
from pipeline.events.train_head import Couples, Recipe, Weights, tuned
from pipeline.events.wording import CELLS, Wording, terms

GENRES = 12  # directions in which the texts differ most
SEEDS = 4
STRICTNESS = 0.12  # of the regression on words: the smaller, the nearer the weights to zero

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Task:
    """The pairs, read: features, answers, folds; what was learned of their texts without labels; the network's two tasks."""

    pairs: Sequence[Pair]
    features: Floats
    space: Space
    axes: Floats
    vectors: Floats
    events: Couples
    topics: Couples

    @property
    def same(self) -> Flags:
        return self.events.same

    @property
    def fold(self) -> Folds:
        return self.events.fold


def read_task(pairs: Sequence[Pair], topics: Sequence[Pair], report: Report, reader: Reader | None = None) -> Task:
    """Encode every text once, and compute the features of all event pairs."""
    reader = reader or Reader()
    texts = _texts([*pairs, *topics])
    report(f"编码 {len(texts)} 条文本")
    vectors = np.array([reader.sentences.vector(text) for text in texts])
    mine = _texts(pairs)
    report(f"求 {len(mine)} 条文本的语义向量（约每秒 18 条）")
    space, axes = Space.of([reader.meanings.vector(text) for text in mine]), genre_axes(vectors)
    report(f"计算 {len(pairs)} 对的特征")
    features = np.array([reader.features(pair.source, pair.target, space, axes) for pair in pairs])
    row = {text: number for number, text in enumerate(texts)}
    both, cut = [*pairs, *topics], len(pairs)
    rows = np.array([(row[pair.source], row[pair.target]) for pair in both])
    same, fold = np.array([pair.same for pair in both]), folds(both)
    first, second = (Couples(rows[part], same[part], fold[part]) for part in (slice(cut), slice(cut, None)))
    return Task(pairs, features, space, axes, vectors, first, second)


def _texts(pairs: Sequence[Pair]) -> list[str]:
    return list(dict.fromkeys(text for pair in pairs for text in (pair.source, pair.target)))


def genre_axes(vectors: Floats) -> Floats:
    """The main directions of the texts' mean vectors, without any label; as they are stored."""
    means = vectors[:, SENTENCE:]
    axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][:GENRES].T
    return axes.astype(np.float32).astype(np.float64)


def grown(features: Floats, same: Flags) -> Forest:
    """Boosted trees on the features of pairs, the mean of a few seeds."""
    return joined(
        [
            exported(
                HistGradientBoostingClassifier(
                    max_iter=160,
                    learning_rate=0.04,
                    max_leaf_nodes=8,
                    min_samples_leaf=40,
                    l2_regularization=10.0,
                    max_features=0.4,
                    random_state=seed,
                ).fit(features, same)
            )
            for seed in range(SEEDS)
        ]
    )


def joined(forests: Sequence[Forest]) -> Forest:
    """The mean of several forests as one."""
    offsets = np.cumsum([0, *(len(forest.feature) for forest in forests)])[:-1]
    moved = list(zip(forests, offsets, strict=True))
    return Forest(
        np.concatenate([f.roots + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.feature for f in forests]),
        np.concatenate([f.threshold for f in forests]),
        np.concatenate([f.left + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.right + o for f, o in moved]).astype(np.int32),
        np.concatenate([f.value / len(forests) for f in forests]),
        float(np.mean([f.start for f in forests])),
    )


def word_table(pairs: Sequence[Pair]) -> Any:
    """Pairs × (cells of shared words, cells of words of one side alone), as `Wording` sums them."""
    columns, weights, ends = [], [], [0]
    for pair in pairs:
        both, alone = terms(pair.source, pair.target)
        for offset, found in ((0, both), (CELLS, alone)):
            columns += [offset + cell for cell, _ in found]
            weights += [weight for _, weight in found]
        ends.append(len(columns))
    table = csr_matrix((weights, columns, ends), shape=(len(pairs), 2 * CELLS))
    table.sum_duplicates()
    return table


def worded(table: Any, features: Floats, same: Flags) -> Wording:
    """The logistic regression on words beside the features, as it is stored."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    both = hstack([table, csr_matrix((features - centre) / scale)]).tocsr()
    model = LogisticRegression(C=STRICTNESS, solver="liblinear").fit(both, same)
    weights = model.coef_[0]
    return Wording(
        weights[:CELLS].astype(np.float16).astype(np.float64),
        weights[CELLS : 2 * CELLS].astype(np.float16).astype(np.float64),
        centre,
        scale,
        weights[2 * CELLS :],
        float(model.intercept_[0]),
    )


@dataclass(frozen=True, slots=True)
class Learned:
    """The three learners, fitted on the same pairs."""

    trees: Forest
    wording: Wording
    weights: Weights

    @classmethod
    def without(cls, task: Task, table: Any, out: int, recipe: Recipe) -> Learned:
        """From all pairs but those of fold `out` (-1: from all)."""
        seen = task.fold != out
        return cls(
            grown(task.features[seen], task.same[seen]),
            worded(table[seen], task.features[seen], task.same[seen]),
            tuned(task.events, task.topics, out, task.vectors, recipe),
        )

    def answers(self, task: Task, which: Flags) -> Floats:
        """What the stack weighs, of the chosen pairs: trees, words, and the network's four numbers."""
        head = Head(*(np.asarray(self.weights[name], dtype=np.float64) for name in HEAD))
        found = []
        for number in np.flatnonzero(which).tolist():
            pair, row = task.pairs[number], task.features[number]
            left, right = task.vectors[task.events.rows[number]]
            said = self.trees.logit(row), self.wording.logit(pair.source, pair.target, row)
            found.append([*said, *head.evidence(left, right)])
        return np.array(found)


def stacked(found: Floats, same: Flags) -> Floats:
    """Weights of the evidence, and the bias last."""
    model = LogisticRegression(C=1.0, max_iter=3000).fit(found, same)
    return np.append(model.coef_[0], model.intercept_[0])


def train(task: Task, path: Path, recipe: Recipe, report: Report) -> tuple[Floats, Flags]:
    """Train and write the model; answers (score, truth) of every pair when held out, for honest figures."""
    table = word_table(task.pairs)
    found = np.zeros((len(task.same), 2 + 4))
    for k in range(FOLDS):
        report(f"第 {k + 1}/{FOLDS} 折")
        held = task.fold == k
        found[held] = Learned.without(task, table, k, recipe).answers(task, held)
    scores = np.zeros(len(task.same))
    for k in range(FOLDS):
        held = task.fold == k
        stack = stacked(found[~held], task.same[~held])
        scores[held] = found[held] @ stack[:-1] + stack[-1]
    report("用全部标题对训练")
    learned = Learned.without(task, table, -1, recipe)
    arrays = learned.trees.arrays("event_") | learned.wording.arrays() | task.space.arrays()
    arrays |= {
        name: np.asarray(learned.weights[name], dtype=np.float16 if name in ("project", "hidden") else np.float32)
        for name in HEAD
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays, genre=task.axes.astype(np.float32), stack=stacked(found, task.same))  # type: ignore[arg-type]
    return scores, task.same
