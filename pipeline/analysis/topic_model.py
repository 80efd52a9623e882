"""The linear topic model (主题模型): a file of numbers, read once, that says what speaks for each topic, and which words.

score = Σ weight × (1 + ln count) × idf / norm + bias; probability = softmax(score × temperature), the temperature fitted
on rows kept apart. Words that the training never saw are dropped before pairs are made (they carry no sign, and the
training texts hold no function words).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.topic_features import MOST_WORDS, Hashes, features, word_hash
from pipeline.analysis.words import han_words

Floats = NDArray[np.float32]
SHIPPED = Path(__file__).parent / "models" / "topic.npz"


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

    @classmethod
    def load(cls, path: Path = SHIPPED) -> TopicModel:
        """Read a model file. OSError or ValueError when it is missing or damaged."""
        raw = path.read_bytes()
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                tuple(map(str, stored["labels"])),
                stored["vocabulary"],
                stored["keys"],
                stored["idf"].astype(np.float32),
                stored["weights"].astype(np.float32),
                stored["bias"].astype(np.float32),
                float(stored["temperature"]),
                hashlib.sha256(raw).hexdigest()[:16],
            )

    def judge(self, text: str) -> Verdict:
        """What the model says of a folded text."""
        words, hashes = kept(text, self.vocabulary)
        row, values = self._row(features(words, hashes))
        scores = self.bias + (values @ self.weights[row] if len(row) else np.float32(0))
        return Verdict(
            self.labels,
            tuple(float(score) * self.temperature for score in scores),
            len(row),
            self._strongest(words, hashes, int(np.argmax(scores))),
        )

    def _row(self, found: Hashes) -> tuple[NDArray[np.intp], Floats]:
        """Features → (rows known to the model, their tf-idf, of length one)."""
        unique, counts = np.unique(found, return_counts=True)
        at = np.minimum(np.searchsorted(self.keys, unique), len(self.keys) - 1)
        known = self.keys[at] == unique
        row = at[known]
        values = (1 + np.log(counts[known].astype(np.float32))) * self.idf[row]
        norm = float(np.sqrt(np.square(values).sum()))
        return row, values / np.float32(norm or 1.0)

    def _strongest(self, words: list[str], hashes: Hashes, label: int) -> tuple[str, ...]:
        """Up to three words whose own weight speaks most for `label`."""
        if not len(hashes):
            return ()
        at = np.minimum(np.searchsorted(self.keys, hashes), len(self.keys) - 1)
        push = np.where(self.keys[at] == hashes, self.weights[at, label] * self.idf[at], 0)
        best: dict[str, None] = {}
        for i in np.argsort(-push, kind="stable")[:12]:
            if push[i] > 0 and len(words[i]) > 1:
                best[words[i]] = None
        return tuple(best)[:3]


def kept(text: str, vocabulary: Hashes) -> tuple[list[str], Hashes]:
    """The Han words of a text that the vocabulary knows, with their numbers."""
    words = han_words(text)[: MOST_WORDS * 2]
    hashes = np.fromiter(map(word_hash, words), dtype=np.uint32, count=len(words))
    if not len(vocabulary):
        return words[:MOST_WORDS], hashes[:MOST_WORDS]
    at = np.minimum(np.searchsorted(vocabulary, hashes), len(vocabulary) - 1)
    chosen = np.flatnonzero(vocabulary[at] == hashes)[:MOST_WORDS]
    return [words[i] for i in chosen], hashes[chosen]
