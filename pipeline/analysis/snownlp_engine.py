"""The card's SnowNLP as an engine (`sentiment.engine = "snownlp"`): its `Bayes`, retrained on rjieba's words.

SnowNLP's own segmenter takes nearly all of its time, so the words come from rjieba. Words are kept by hash (crc32),
three classes instead of its two, and its over-sure probabilities are tempered by one number fitted on kept-apart rows.
Importing SnowNLP costs about two seconds and half a gigabyte, so it is imported only when this engine is chosen.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rjieba
from numpy.typing import NDArray

from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment_reasons import Phrase


def words_of(text: str) -> list[str]:
    """The words of a normalised text, punctuation kept: it says something too."""
    return [word for word in rjieba.cut(text) if not word.isspace()]


def hashed(words: Sequence[str]) -> list[int]:
    return [zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words]


def train_bayes(texts: Sequence[str], labels: Sequence[int]) -> Any:
    """SnowNLP's Bayes over hashed words of the texts."""
    from snownlp.classification.bayes import Bayes

    bayes = Bayes()
    bayes.train([(hashed(words_of(normalise(text))), label) for text, label in zip(texts, labels, strict=True)])
    return bayes


def log_posteriors(bayes: Any, words: Sequence[int]) -> NDArray[np.float64]:
    """Its `classify` answers with the best class only; these are the three logs it compares."""
    out = np.full(3, -1e9)
    for label, seen in bayes.d.items():
        out[label] = np.log(seen.getsum() / bayes.total) + sum(np.log(seen.freq(word)) for word in words)
    answer: NDArray[np.float64] = out - out.max()
    return answer


def save_bayes(path: Path, bayes: Any, temperature: float) -> None:
    """Counts by hashed word and class; words seen once are left out (they only blur)."""
    known = sorted({word for seen in bayes.d.values() for word, count in seen.d.items() if count > 2})
    counts = np.zeros((len(known), 3), dtype=np.float32)
    totals = np.ones((2, 3), dtype=np.float64)
    for label, seen in bayes.d.items():
        counts[:, label] = [seen.d.get(word, 0) for word in known]
        totals[:, label] = seen.total, seen.none
    np.savez_compressed(
        path, words=np.array(known, dtype=np.uint32), counts=counts, totals=totals, temperature=temperature
    )


def load_bayes(path: Path) -> tuple[Any, float]:
    from snownlp.classification.bayes import Bayes
    from snownlp.utils.frequency import AddOneProb

    bayes = Bayes()
    with np.load(path, allow_pickle=False) as stored:
        words, counts, totals = stored["words"].tolist(), stored["counts"], stored["totals"]
        for label in range(3):
            seen = AddOneProb()
            seen.d = {word: count for word, count in zip(words, counts[:, label].tolist(), strict=True) if count}
            seen.total, seen.none = float(totals[0, label]), float(totals[1, label])
            bayes.d[label] = seen
        bayes.total = sum(seen.getsum() for seen in bayes.d.values())
        return bayes, float(stored["temperature"])


def word_weights(bayes: Any, text: str) -> list[Phrase]:
    """What each word of a normalised text adds to positive against negative, strongest first."""
    phrases, at = [], 0
    for word in words_of(text):
        at = text.find(word, at)
        code = hashed([word])[0]
        weight = float(np.log(bayes.d[2].freq(code) / bayes.d[0].freq(code)))
        if len(word) > 1 and any(c.isalnum() for c in word):
            phrases.append(Phrase(word, at, weight))
    return sorted(phrases, key=lambda p: -abs(p.weight))
