"""The linear topic model (主题模型): a file of numbers, read once, that says what speaks for each topic, and which words.

score = Σ weight × (1 + ln count) × idf / norm + bias, of the whole text and once more, TITLE as heavy, of its first words alone
(a message says in its title what it is about); probability = softmax(score × temperature), the temperature fitted on rows
kept apart. Words that the training never saw are dropped before pairs are made (they carry no sign, and the
training texts hold no function words).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sorted_keys import SortedKeys
from pipeline.analysis.topic_features import LEAD, MOST_WORDS, Hashes, features, word_hash
from pipeline.analysis.words import han_words

Floats = NDArray[np.float32]
SHIPPED = Path(__file__).parent / "models" / "topic.npz"
TITLE = 0.25  # +0.2 points in cross-validation; from 0.2 to 0.4 it makes no difference
REMEMBERED = 60_000  # words whose numbers are kept at hand


@dataclass(frozen=True, slots=True)
class Verdict:
    """Log-odds by label (their softmax is the probability), how many features were known, and the words that spoke most."""

    labels: tuple[str, ...]
    odds: tuple[float, ...]
    known: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Sorted feature numbers with their idf and weights; `vocabulary`: sorted numbers of the words that are kept."""

    labels: tuple[str, ...]
    vocabulary: Hashes
    keys: Hashes
    idf: Floats
    weights: Floats  # features × labels
    bias: Floats
    temperature: float
    digest: str
    index: SortedKeys
    known_words: KnownWords

    @classmethod
    def load(cls, path: Path = SHIPPED) -> TopicModel:
        """Read a model file. OSError or ValueError when it is missing or damaged."""
        raw = path.read_bytes()
        with np.load(path, allow_pickle=False) as stored:
            vocabulary, keys = stored["vocabulary"], stored["keys"]
            index = SortedKeys(keys)
            return cls(
                tuple(map(str, stored["labels"])),
                vocabulary,
                keys,
                stored["idf"].astype(np.float32),
                stored["weights"].astype(np.float32),
                stored["bias"].astype(np.float32),
                float(stored["temperature"]),
                hashlib.sha256(raw).hexdigest()[:16],
                index,
                KnownWords(vocabulary, index),
            )

    def judge(self, text: str) -> Verdict:
        """What the model says of a folded text."""
        words, hashes, rows = self.known_words.kept(text)
        whole, known = self._scores(words, hashes)
        lead = self._scores(words[:LEAD], hashes[:LEAD])[0] if has_title(words) else whole
        scores = (whole + np.float32(TITLE) * lead) * np.float32(self.temperature)
        return Verdict(
            self.labels,
            tuple(scores.tolist()),
            known,
            self._strongest(words, rows, int(scores.argmax())),
        )

    def _scores(self, words: list[str], hashes: Hashes) -> tuple[Floats, int]:
        """Score by label of these words, and how many of their features are known."""
        row, values = self._row(features(words, hashes))
        return self.bias + (values @ self.weights.take(row, axis=0) if len(row) else np.float32(0)), len(row)

    def _row(self, found: Hashes) -> tuple[NDArray[np.intp], Floats]:
        """Features → (rows known to the model, their tf-idf, of length one)."""
        found.sort()
        first = np.empty(len(found), dtype=bool)
        first[:1] = True
        np.not_equal(found[1:], found[:-1], out=first[1:])
        starts = first.nonzero()[0]
        at, known = self.index.find(found.take(starts))
        row = at.compress(known)
        ends = np.empty_like(starts)
        ends[:-1], ends[-1:] = starts[1:], len(found)
        ends -= starts
        values = _LOG_COUNT.take(ends.compress(known), mode="clip") * self.idf.take(row)
        norm = math.sqrt(float(values @ values))
        return row, values / np.float32(norm or 1.0)

    def _strongest(self, words: list[str], rows: NDArray[np.intp], label: int) -> tuple[str, ...]:
        """Up to three words whose own weight speaks most for `label`; `rows`: the words' own, -1 without one."""
        push = self.weights[rows, label] * self.idf.take(rows)
        push[rows < 0] = 0
        best: dict[str, None] = {}
        for i in (-push).argsort(kind="stable")[:12].tolist():
            if push[i] > 0 and len(words[i]) > 1:
                best[words[i]] = None
        return tuple(best)[:3]


def has_title(words: Sequence[str]) -> bool:
    """Is the text so long that its first words say something of their own? A shorter one is its own title."""
    return len(words) > 2 * LEAD


_LOG_COUNT = (1 + np.log(np.arange(1, 1002, dtype=np.float64))).astype(np.float32)
_LOG_COUNT = np.concatenate([_LOG_COUNT[:1], _LOG_COUNT])  # 1 + ln count, by count


class KnownWords:
    """The words that a model keeps, with their numbers and rows; those met lately are remembered, the answer is the same."""

    def __init__(self, vocabulary: Hashes, index: SortedKeys | None = None) -> None:
        self._vocabulary, self._index = SortedKeys(vocabulary), index
        self._met: dict[str, tuple[int, int] | None] = {}  # number and row (-1: none); None for a word that is not kept

    def kept(self, text: str) -> tuple[list[str], Hashes, NDArray[np.intp]]:
        """The Han words of a text that the vocabulary knows (an empty one knows all), with their numbers and rows."""
        words = han_words(text)[: MOST_WORDS * 2]
        met = self._met
        new = [word for word in dict.fromkeys(words) if word not in met]
        if new:
            if len(met) > REMEMBERED:
                met.clear()
                new = list(dict.fromkeys(words))
            self._meet(new)
        found = [(word, *own) for word in words if (own := met[word]) is not None][:MOST_WORDS]
        hashes = np.array([number for _, number, _ in found], dtype=np.uint32)
        return [word for word, _, _ in found], hashes, np.array([row for _, _, row in found], dtype=np.intp)

    def _meet(self, words: list[str]) -> None:
        hashes = np.array([word_hash(word) for word in words], dtype=np.uint32)
        known = self._vocabulary.find(hashes)[1].tolist() if len(self._vocabulary) else [True] * len(words)
        rows = [-1] * len(words)
        if self._index is not None:
            at, there = self._index.find(hashes)
            rows = np.where(there, at, -1).tolist()
        for word, number, row, kept in zip(words, hashes.tolist(), rows, known, strict=True):
            self._met[word] = (number, row) if kept else None
