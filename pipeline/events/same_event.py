"""Are two headlines about the same event? (同一事件判断) For the evaluation and for the re-check of merges, not for every document.

Boosted trees over the sparse features of the pair, and what the fine-tuned sentence encoder says of it, weighed by a
logistic regression. One text a call through the encoder, so that a pair scores the same in any batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.analysis.encoder import Encoder
from pipeline.events.forest import Forest
from pipeline.events.pair_features import pair_features
from pipeline.events.sparse import clean

Floats = npt.NDArray[np.float64]
MODELS = Path(__file__).parent / "models"
CHARACTERS = 64  # of a text that the encoder reads: a headline
TREES, ENCODER = "same_event.npz", "same_event_encoder.npz"


@dataclass(frozen=True, slots=True)
class Head:
    """The small network on two sentence vectors: |difference| and product, one hidden layer, and their cosine."""

    hidden: Floats
    hidden_bias: Floats
    out: Floats
    cosine: Floats
    bias: Floats

    def evidence(self, left: Floats, right: Floats) -> Floats:
        """(logit of same event, logit of same topic, cosine) of two unit vectors."""
        cosine = float(left @ right)
        joined = np.concatenate([np.abs(left - right) * 8, left * right * 64])
        logits = np.maximum(joined @ self.hidden + self.hidden_bias, 0) @ self.out + self.cosine * cosine + self.bias
        return np.append(logits, cosine)


class SameEvent:
    """Scores pairs of headlines or short texts."""

    def __init__(self, folder: Path = MODELS) -> None:
        self._encoder = Encoder(folder / ENCODER)
        with np.load(folder / TREES, allow_pickle=False) as stored:
            self._forest = Forest.read(stored, "tree_")
            self._stack: Floats = stored["stack"].astype(np.float64)
            self._head = Head(*(stored[name].astype(np.float64) for name in ("hd", "hb", "ho", "hc", "bias")))

    def score(self, source: str, target: str) -> float:
        """Probability that the two are about the same event."""
        trees = self._forest.logit(pair_features(source, target))
        meaning = self._head.evidence(self.vector(source), self.vector(target))
        logit = float(np.array([trees, *meaning, 1.0]) @ self._stack)
        return float(1 / (1 + np.exp(-logit)))

    def vector(self, text: str) -> Floats:
        """Unit sentence vector; our encoder file has the sentence vector where another has class logits."""
        raw = self._encoder.logits(clean(text)[:CHARACTERS]).astype(np.float64)
        norm = float(np.sqrt(raw @ raw))
        return raw / norm if norm else raw


@cache
def shipped_same_event() -> SameEvent:
    """The model that ships with the product, read once."""
    return SameEvent()
