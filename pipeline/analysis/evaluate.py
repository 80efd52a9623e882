"""Measuring judgements against labels (评测): one frame for sentiment, topic and scope, peers side by side.

Figures: accuracy, macro-F1, recall and precision of each class, expected calibration error (ECE, ten equal bins of
confidence), accuracy on the surest four fifths, documents a second on one core. Two-class files (no neutral row) judge
polarity by the sign of the score, and the confidence is that of the sign: P(side) / (P(positive) + P(negative)).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from pipeline.analysis.sentiment_sets import NAMES, Labelled
from pipeline.document import Polarity, Sentiment

COVERED = 0.8  # share that the machine keeps; the least sure rest goes to people
BINS = 10


@dataclass(frozen=True, slots=True)
class ClassFigures:
    precision: float
    recall: float
    f1: float
    rows: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One judge on one file."""

    rows: int
    accuracy: float
    macro_f1: float
    classes: dict[str, ClassFigures] = field(default_factory=dict)
    calibration_error: float | None = None
    accuracy_at_80: float | None = None
    per_second: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def classification(
    truth: Sequence[Hashable],
    guess: Sequence[Hashable],
    confidence: Sequence[float] | None = None,
    seconds: float | None = None,
) -> Figures:
    """The figures of a judge that answered `guess`, with its confidence where it has one. Classes are those of the truth."""
    if not truth:
        raise ValueError("没有可以评测的行")
    classes = {str(name): _class_figures(truth, guess, name) for name in sorted(set(truth), key=str)}
    right = np.array([t == g for t, g in zip(truth, guess, strict=True)], dtype=float)
    sure = None if confidence is None else np.asarray(confidence, dtype=float)
    return Figures(
        rows=len(truth),
        accuracy=float(right.mean()),
        macro_f1=float(np.mean([c.f1 for c in classes.values()])),
        classes=classes,
        calibration_error=None if sure is None else calibration_error(right, sure),
        accuracy_at_80=None if sure is None else covered_accuracy(right, sure),
        per_second=None if not seconds else len(truth) / seconds,
    )


def _class_figures(truth: Sequence[Hashable], guess: Sequence[Hashable], name: Hashable) -> ClassFigures:
    hit = sum(t == g == name for t, g in zip(truth, guess, strict=True))
    said, there = sum(g == name for g in guess), sum(t == name for t in truth)
    precision, recall = hit / said if said else 0.0, hit / there if there else 0.0
    return ClassFigures(precision, recall, 2 * precision * recall / (precision + recall) if hit else 0.0, there)


def calibration_error(right: Any, confidence: Any) -> float:
    """Expected calibration error: mean over rows of |accuracy - confidence| of the row's bin."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(right[which == b].sum() - confidence[which == b].sum()) for b in range(BINS)]
    return float(sum(gaps) / len(right))


def covered_accuracy(right: Any, confidence: Any, share: float = COVERED) -> float:
    """Accuracy on the surest `share` of the rows."""
    kept = np.argsort(-confidence, kind="stable")[: max(1, round(share * len(right)))]
    return float(right[kept].mean())


def sentiment_figures(rows: Sequence[Labelled], judge: Callable[[str], Sentiment]) -> Figures:
    """Judge every row, one text a call, and compare."""
    started = time.perf_counter()
    judged = [judge(row.text) for row in rows]
    seconds = time.perf_counter() - started
    if not rows[0].two_class:
        guess = [str(s.label) for s in judged]
        return classification([NAMES[r.label] for r in rows], guess, [s.confidence for s in judged], seconds)
    return classification(
        [NAMES[r.label] for r in rows],
        ["positive" if s.score > 0 else "negative" for s in judged],
        [sign_confidence(s) for s in judged],
        seconds,
    )


def sign_confidence(sentiment: Sentiment) -> float:
    """P(the sign is right | not neutral), from label, score and confidence alone."""
    score = abs(sentiment.score)
    polar = 1 - sentiment.confidence if sentiment.label is Polarity.NEUTRAL else 2 * sentiment.confidence - score
    return 0.5 if polar <= 0 else min(1.0, 0.5 + score / polar / 2)
