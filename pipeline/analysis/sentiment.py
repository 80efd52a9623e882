"""Sentiment (情感): negative, neutral or positive, with a calibrated confidence and reasons in words.

`load_engine("accurate")`  characters first; the sentence encoder only where they are unsure, the two then weighed together
`load_engine("fast")`      characters only
`load_engine("snownlp")`   SnowNLP's Bayes on rjieba's words
All are pure functions of the text, one text a call: any batch, any number of workers, the same answer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment_irony import SHIFT, irony
from pipeline.analysis.sentiment_linear import LinearModel, load_linear
from pipeline.analysis.sentiment_reasons import in_words, moving_phrases
from pipeline.document import Polarity, Sentiment
from pipeline.errors import HuiyingError

MODELS = Path(__file__).parent / "models"
ENGINES = ("accurate", "fast", "snownlp")
CLASSES = (Polarity.NEGATIVE, Polarity.NEUTRAL, Polarity.POSITIVE)
IN_CHINESE = {Polarity.NEGATIVE: "负面", Polarity.NEUTRAL: "中性", Polarity.POSITIVE: "正面"}

Logits = NDArray[np.float32]
Probabilities = NDArray[np.float64]


class EngineUnknown(HuiyingError):
    """A sentiment engine of that name does not exist."""


class SentimentEngine(Protocol):
    """What every engine offers. `digest` names its model files: same digest, same text, same answer."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def judge(self, text: str) -> Sentiment: ...


@dataclass(frozen=True, slots=True)
class Weighing:
    """How logits become probabilities: softmax(characters × c + encoder × e + bias), fitted on kept-apart rows."""

    characters: float
    encoder: float
    bias: tuple[float, float, float]

    def probabilities(self, characters: Logits, encoder: Logits | None = None, ironic: bool = False) -> Probabilities:
        logits = characters * self.characters + np.array(self.bias)
        if ironic:
            logits = logits + np.array((SHIFT, 0.0, 0.0))
        if encoder is not None:
            logits = logits + encoder * self.encoder
        return softmax(logits)


def softmax(logits: NDArray[np.floating]) -> Probabilities:
    raised = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits))
    out: Probabilities = raised / raised.sum()
    return out


class CharacterEngine:
    """`fast`: the character model alone."""

    name = "fast"

    def __init__(self, models: Path = MODELS) -> None:
        self._model = load_linear(models / "sentiment-characters.npz")
        self._alone = read_weighing(models)["fast"]
        self.digest = files_digest(models, "sentiment-characters.npz", "sentiment.json")

    def judge(self, text: str) -> Sentiment:
        text_read = normalise(text)
        found = self._model.find(text_read)
        if not text_read or not len(found.value):
            return NOTHING_TO_JUDGE
        added = self._model.contributions(found)
        ironic = irony(text_read)
        p = self._alone.probabilities(added.sum(axis=0) + self._model.bias, ironic=ironic)
        reasons = in_words(moving_phrases(text_read, found, added), text, _side(p))
        return _sentiment(p, reasons + _ironic_reason(ironic))


class StackedEngine:
    """`accurate`: characters first; under `sure` the encoder is asked too and both are weighed together."""

    name = "accurate"

    def __init__(self, models: Path = MODELS) -> None:
        from pipeline.analysis.encoder import FILE, Encoder

        self._model: LinearModel = load_linear(models / "sentiment-characters.npz")
        weighing = read_weighing(models)
        self._alone, self._together = weighing["fast"], weighing["accurate"]
        self._sure = read_sure(models)
        self._encoder = Encoder(models / FILE)
        self.digest = files_digest(models, "sentiment-characters.npz", FILE, "sentiment.json")

    def judge(self, text: str) -> Sentiment:
        text_read = normalise(text)
        found = self._model.find(text_read)
        if not text_read or not len(found.value):
            return NOTHING_TO_JUDGE
        added = self._model.contributions(found)
        logits = added.sum(axis=0) + self._model.bias
        ironic = irony(text_read)
        p = self._alone.probabilities(logits, ironic=ironic)
        whole: tuple[str, ...] = ()
        if p.max() < self._sure:
            encoded = self._encoder.answer(text_read)
            p = self._together.probabilities(logits, encoded, ironic)
            alone = softmax(encoded)
            whole = (f"{ASKED}为{IN_CHINESE[CLASSES[int(alone.argmax())]]}（{alone.max():.2f}）",)
        reasons = in_words(moving_phrases(text_read, found, added), text, _side(p))
        return _sentiment(p, reasons + _ironic_reason(ironic) + whole)


class SnowNlpEngine:
    """`snownlp`: SnowNLP's Bayes, retrained (see `snownlp_engine`)."""

    name = "snownlp"

    def __init__(self, models: Path = MODELS) -> None:
        from pipeline.analysis import snownlp_engine

        self._engine = snownlp_engine
        self._bayes, self._temperature = snownlp_engine.load_bayes(models / "sentiment-snownlp.npz")
        self.digest = files_digest(models, "sentiment-snownlp.npz")

    def judge(self, text: str) -> Sentiment:
        text_read = normalise(text)
        words = self._engine.words_of(text_read)
        if not words:
            return NOTHING_TO_JUDGE
        p = softmax(self._engine.log_posteriors(self._bayes, self._engine.hashed(words)) * self._temperature)
        return _sentiment(p, in_words(self._engine.word_weights(self._bayes, text_read), text, _side(p)))


ASKED = "整句语义判断"  # opens the reason that the encoder gives
NOTHING_TO_JUDGE = Sentiment(Polarity.NEUTRAL, 0.0, 0.0, ("没有可以判断的文字",))


def load_engine(name: str, models: Path = MODELS) -> SentimentEngine:
    """The engine of that name; `models` may be a folder made by `huiying train sentiment`."""
    if name == "accurate":
        return StackedEngine(models)
    if name == "fast":
        return CharacterEngine(models)
    if name == "snownlp":
        return SnowNlpEngine(models)
    raise EngineUnknown(f"没有名为“{name}”的情感引擎：可选 {'、'.join(ENGINES)}。")


def _ironic_reason(ironic: bool) -> tuple[str, ...]:
    return ("夸奖的话与没有解决的难处同在一句，像是反话",) if ironic else ()


def _side(p: Probabilities) -> int:
    return int(p.argmax()) - 1


def _sentiment(p: Probabilities, reasons: tuple[str, ...]) -> Sentiment:
    best = int(p.argmax())
    said = reasons or ("用语平实，没有明显的褒贬词",)
    return Sentiment(CLASSES[best], round(float(p[2] - p[0]), 6), round(float(p[best]), 6), said)


def read_weighing(models: Path) -> dict[str, Weighing]:
    stored = json.loads((models / "sentiment.json").read_text(encoding="utf-8"))
    return {name: Weighing(w["characters"], w["encoder"], tuple(w["bias"])) for name, w in stored["weighing"].items()}


def read_sure(models: Path) -> float:
    return float(json.loads((models / "sentiment.json").read_text(encoding="utf-8"))["sure"])


def files_digest(models: Path, *names: str) -> str:
    """Twelve hexadecimal digits of the model files' contents."""
    digest = hashlib.sha256()
    for name in names:
        digest.update((models / name).read_bytes())
    return digest.hexdigest()[:12]
