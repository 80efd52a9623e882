"""The linear topic model (主题模型): a file of numbers, read once, that says what speaks for each topic, and which words.

score = Σ weight × (1 + ln count) × idf / norm + bias; probability = softmax(score × temperature), the temperature fitted
on rows kept apart. Words that the training never saw are dropped before pairs are made (they carry no sign, and the
training texts hold no function words).
"""

from __future__ import annotations

import hashlib
import math
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
        scores = (self.bias + (values @ self.weights.take(row, axis=0) if len(row) else 0)) * self.temperature
        return Verdict(
            self.labels,
            tuple(scores.tolist()),
            len(row),
            self._strongest(words, hashes, int(scores.argmax())),
        )

    def _row(self, found: Hashes) -> tuple[NDArray[np.intp], Floats]:
        """Features → (rows known to the model, their tf-idf, of length one)."""
        found.sort()
        first = np.empty(len(found), dtype=bool)
        first[:1] = True
        np.not_equal(found[1:], found[:-1], out=first[1:])
        starts = first.nonzero()[0]
        at, known = _places(self.keys, found[starts])
        row = at[known]
        counts = np.diff(starts, append=len(found))[known]
        values = _LOG_COUNT.take(np.minimum(counts, len(_LOG_COUNT) - 1)) * self.idf.take(row)
        norm = math.sqrt(float(values @ values))
        return row, values / np.float32(norm or 1.0)

    def _strongest(self, words: list[str], hashes: Hashes, label: int) -> tuple[str, ...]:
        """Up to three words whose own weight speaks most for `label`."""
        if not len(hashes):
            return ()
        at, known = _places(self.keys, hashes)
        push = np.where(known, self.weights[at, label] * self.idf.take(at), 0)
        best: dict[str, None] = {}
        for i in (-push).argsort(kind="stable")[:12].tolist():
            if push[i] > 0 and len(words[i]) > 1:
                best[words[i]] = None
        return tuple(best)[:3]


_LOG_COUNT = (1 + np.log(np.arange(1, 1002, dtype=np.float64))).astype(np.float32)
_LOG_COUNT = np.concatenate([_LOG_COUNT[:1], _LOG_COUNT])  # 1 + ln count, by count


def _places(keys: Hashes, wanted: Hashes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each wanted number stands among sorted keys, and whether it is there at all."""
    at = keys.searchsorted(wanted)
    at[at == len(keys)] = 0
    return at, keys.take(at) == wanted


def kept(text: str, vocabulary: Hashes) -> tuple[list[str], Hashes]:
    """The Han words of a text that the vocabulary knows, with their numbers."""
    words = han_words(text)[: MOST_WORDS * 2]
    hashes = np.array([word_hash(word) for word in words], dtype=np.uint32)
    if not len(vocabulary):
        return words[:MOST_WORDS], hashes[:MOST_WORDS]
    chosen = _places(vocabulary, hashes)[1].nonzero()[0][:MOST_WORDS]
    return [words[i] for i in chosen.tolist()], hashes[chosen]
