"""Build the table of gists (要旨表): a language model reads each common word once, by itself.

The model is bge-small-zh-v1.5 (BAAI, MIT licence) as its Maven artifact has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.analysis.encoder import Pieces, read_artifact, session_of
from pipeline.events import sparse
from pipeline.events.gist import WIDTH, key

Floats = npt.NDArray[np.float32]

TEXTS = 3  # that must have a word
LEFT_OUT = 6  # strongest directions: length, register, part of speech
EVEN = 0.3  # how far the kept directions are made equally strong
SAID_EVERY = 5_000
LOUDEST = 2.5  # the largest coordinates are cut to a 2.5th, so that the usual ones keep more steps


def lines_of(paths: Iterable[Path]) -> Iterator[str]:
    """A text a line; the columns of a table are one text."""
    for path in paths:
        with path.open(encoding="utf-8") as file:
            yield from file


def common_words(texts: Iterable[str]) -> list[str]:
    """The words that TEXTS texts have, the commonest first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(sparse.words(sparse.clean(text))))
    return [word for word, times in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if times >= TEXTS]


def meanings(words: Sequence[str], jar: Path, say: Callable[[str], None]) -> Floats:
    """The model's unit vector of each word, [words, 512]."""
    network, numbers = read_artifact(jar)
    pieces, session, found = Pieces(numbers), session_of(network), []
    for number, word in enumerate(words):
        ids = np.array([pieces.ids(word)], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        first = session.run(None, given)[0][0, 0]
        found.append(first / np.linalg.norm(first))
        if number % SAID_EVERY == 0:
            say(f"{number:,} / {len(words):,} 个词")
    return np.array(found, dtype=np.float32)


def rows_of(vectors: Floats) -> npt.NDArray[np.int8]:
    """WIDTH whole numbers a word, of equal length before rounding."""
    centred = vectors - vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    kept = slice(LEFT_OUT, LEFT_OUT + WIDTH)
    turned = centred @ axes[kept].T / sizes[kept] ** EVEN
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    scaled = np.rint(turned * (127 * LOUDEST / np.abs(turned).max()))
    rows: npt.NDArray[np.int8] = np.clip(scaled, -127, 127).astype(np.int8)
    return rows


def build(texts: Iterable[str], jar: Path, out: Path, say: Callable[[str], None]) -> int:
    """Write the table; how many words it has."""
    by_key: dict[int, str] = {}
    for word in common_words(texts):
        by_key.setdefault(key(word), word)
    rows = rows_of(meanings(list(by_key.values()), jar, say))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, keys=np.array(list(by_key), dtype=np.uint32), rows=rows)
    return len(by_key)
