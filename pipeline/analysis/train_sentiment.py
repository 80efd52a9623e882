"""Training the sentiment models on an office's own labels (训练): `huiying train sentiment --data FILE.tsv`.

The character model (or SnowNLP's Bayes) is adapted from the shipped one; the shipped ones are made by `train_shipped`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis import snownlp_engine
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment import MODELS, Weighing, read_weighing
from pipeline.analysis.sentiment_linear import LinearModel, count_idf, fit, load_linear, matrix
from pipeline.analysis.sentiment_sets import Labelled

TEMPERATURE = 0.3  # of SnowNLP's Bayes: its log-posteriors are some three times too sure
STRENGTH = 10.0  # C of the character model (10 and 20 alike on kept-apart rows, 3 worse)
OFFICE_WEIGHT = 3  # an office's label counts like three research rows: it is about its own work
FOLDS = 5


def balance(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of a row: rarer classes count more, by the root of their rarity."""
    count = np.maximum(np.bincount(labels, minlength=3), 1)
    weight: NDArray[np.float32] = ((count.sum() / (3 * count)) ** 0.5)[labels].astype(np.float32)
    return weight


def train_characters(
    rows: Sequence[Labelled], weights: Sequence[float], start: LinearModel | None = None
) -> LinearModel:
    """The character model of these rows; from `start`'s weights where one is given."""
    texts = [normalise(row.text) for row in rows]
    labels = np.array([row.label for row in rows])
    two_class = np.array([row.two_class for row in rows])
    idf = count_idf(texts) if start is None else start.idf
    origin = None if start is None else (start.weights.astype(np.float32), start.bias)
    importance = balance(labels) * np.array(weights, dtype=np.float32)
    fitted, bias = fit(matrix(texts, idf), labels, two_class, importance, STRENGTH, origin)
    return LinearModel(fitted.astype(np.float16), idf, bias)


def train_office(rows: Sequence[Labelled], out: Path, engine: str, models: Path = MODELS) -> tuple[float, float]:
    """Adapt the models in `models` to the office's rows; write a whole folder of models to `out`.

    Returns the accuracy on the rows of the models as they were, and after, cross-validated.
    """
    adapt: Callable[[Sequence[Labelled], Path], Learner] = _adapt_bayes if engine == "snownlp" else _adapt_characters
    truth = np.array([row.label for row in rows])
    before = _accuracy(adapt([], models).labels(rows), truth)
    order = np.random.RandomState(11).permutation(len(rows))
    guess = np.zeros(len(rows), dtype=np.int64)
    for k in range(min(FOLDS, len(rows))):
        fold, rest = order[k::FOLDS], np.setdiff1d(order, order[k::FOLDS])
        guess[fold] = adapt([rows[i] for i in rest], models).labels([rows[i] for i in fold])
    out.mkdir(parents=True, exist_ok=True)
    for file in sorted(models.glob("sentiment*")):
        if file.suffix in {".npz", ".json"} and out.resolve() != models.resolve():
            shutil.copyfile(file, out / file.name)
    adapt(rows, models).save(out)
    return before, _accuracy(guess, truth)


def _accuracy(guess: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float((guess == truth).mean())


class Learner(Protocol):
    """A model adapted to some rows."""

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]: ...

    def save(self, out: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class _Characters:
    model: LinearModel
    weighing: Weighing

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]:
        logits = [self.model.logits(self.model.find(normalise(row.text))) for row in rows]
        p = np.array([self.weighing.probabilities(one) for one in logits]).reshape(-1, 3)
        return _best(p, rows)

    def save(self, out: Path) -> None:
        self.model.save(out / "sentiment-characters.npz")


def _adapt_characters(rows: Sequence[Labelled], models: Path) -> Learner:
    model = load_linear(models / "sentiment-characters.npz")
    if rows:
        model = train_characters(rows, [OFFICE_WEIGHT] * len(rows), start=model)
    return _Characters(model, read_weighing(models)["fast"])


@dataclass(frozen=True, slots=True)
class _Bayes:
    bayes: Any
    temperature: float

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]:
        words = [snownlp_engine.hashed(snownlp_engine.words_of(normalise(row.text))) for row in rows]
        return _best(np.array([snownlp_engine.log_posteriors(self.bayes, w) for w in words]).reshape(-1, 3), rows)

    def save(self, out: Path) -> None:
        snownlp_engine.save_bayes(out / "sentiment-snownlp.npz", self.bayes, self.temperature)


def _adapt_bayes(rows: Sequence[Labelled], models: Path) -> Learner:
    bayes, temperature = snownlp_engine.load_bayes(models / "sentiment-snownlp.npz")
    hashed = [(snownlp_engine.hashed(snownlp_engine.words_of(normalise(row.text))), row.label) for row in rows]
    bayes.train(hashed * OFFICE_WEIGHT)
    return _Bayes(bayes, temperature)


def _best(p: NDArray[np.float64], rows: Sequence[Labelled]) -> NDArray[np.int64]:
    closed = np.array([row.two_class for row in rows], dtype=bool)
    p = np.where(closed[:, None] & np.array([False, True, False]), -np.inf, p)
    best: NDArray[np.int64] = p.argmax(axis=1).astype(np.int64)
    return best
