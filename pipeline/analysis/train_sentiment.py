"""Training the sentiment models (训练): the shipped ones from the research sets, an office's own from its labels.

`python -m pipeline.analysis.train_sentiment DATA OUT` makes the shipped files: rows kept apart fit the weighing and give
the honest figures; the sets' own eval files are never read.
`huiying train sentiment --data FILE.tsv` adapts the character model (or SnowNLP's Bayes) to an office's labels.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis import snownlp_engine
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment import MODELS, Weighing, read_weighing
from pipeline.analysis.sentiment_linear import LinearModel, count_idf, fit, load_linear, matrix
from pipeline.analysis.sentiment_sets import NAMES, NEGATIVE, NEUTRAL, Labelled, read_labelled
from pipeline.analysis.sentiment_weighing import KeptApart, fit_weighing

HERE = Path(__file__).parent
EXAMPLES = HERE / "sentiment_examples.tsv"  # notices, polite complaints, sarcasm...: written by us, for the traps
FRAMES = HERE / "sentiment_frames.toml"  # the tone of hotlines, letters, notices and local news: frames and fills
SURE = 0.75  # the characters' probability from which the encoder is not asked (to .95: no better, twice as many asked)
TEMPERATURE = 0.3  # of SnowNLP's Bayes: its log-posteriors are some three times too sure
STRENGTH = 10.0  # C of the character model (10 and 20 alike on kept-apart rows, 3 worse)
OFFICE_WEIGHT = 3  # an office's label counts like three research rows: it is about its own work
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A research set: its file, the share kept apart in the first run, and how much a row of it counts."""

    file: str
    kept_apart: float
    weight: int


RESEARCH = (
    Source("ewect_usual_train.tsv", 0.05, 1),
    Source("ewect_virus_train.tsv", 0.05, 1),
    Source("weibo2018_train.tsv", 0.1, 1),
    Source("implicit_ecisa.tsv", 0.25, 2),
    Source("public_event_comments.tsv", 1 / 3, 4),
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to train on and how much each counts."""

    rows: list[Labelled]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn (the research sets and the office's world) and the rows kept apart by set."""

    taught: Rows
    apart: dict[str, list[Labelled]]


def read_split(data: Path, keep_apart: bool) -> Split:
    taught = Rows([], [])
    apart: dict[str, list[Labelled]] = {}

    def add(rows: Sequence[Labelled], weight: float) -> None:
        taught.rows.extend(rows)
        taught.weights.extend([weight] * len(rows))

    for source in RESEARCH:
        labelled = read_labelled(data / "sentiment" / source.file)
        order = np.random.RandomState(7).permutation(len(labelled))
        kept = order[: int(len(order) * source.kept_apart)] if keep_apart else order[:0]
        apart[source.file] = [labelled[i] for i in kept]
        add([labelled[i] for i in order[len(kept) :]], source.weight)
    add(read_labelled(EXAMPLES), 4)
    add(composed_rows(), 0.5)
    add(portal_rows(data / "messages"), 0.5)
    return Split(taught, apart)


def composed_rows() -> list[Labelled]:
    """Every frame of FRAMES with each of its fills."""
    frames = tomllib.loads(FRAMES.read_text(encoding="utf-8"))["frame"]
    return [
        Labelled(form.replace("{}", fill), NAMES.index(frame["label"]))
        for frame in frames
        for form in frame["forms"]
        for fill in frame["fills"]
    ]


_COMPLAINT = re.compile(
    "投诉|举报|扰民|违规|违法|拖欠|欺骗|虚假|强制|乱收费|严重|不作为|坑|噪音|噪声|油烟|污染|维权|质量问题|霸王|骗"
)
_QUESTION = re.compile("咨询|请问|如何|是否|什么时候|何时|怎么")


def portal_rows(messages: Path, most: int = 1200) -> list[Labelled]:
    """Weak labels from a government portal: complaints by title (negative), questions and official replies (neutral)."""
    csv.field_size_limit(2**31 - 1)
    with (messages / "hot_issue_messages.tsv").open(encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        posts = [(row["留言主题"], row["留言详情"][:200]) for row in reader]
    with (messages / "messages_with_replies.tsv").open(encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        replies = [row["答复意见"][:200] for row in reader]
    negative = [f"{title} {text}" for title, text in posts if _COMPLAINT.search(title)]
    asking = [
        f"{title} {text}" for title, text in posts if _QUESTION.search(title) and not _COMPLAINT.search(title + text)
    ]
    return (
        [Labelled(text, NEGATIVE) for text in negative[:most]]
        + [Labelled(text, NEUTRAL) for text in asking[:most]]
        + [Labelled(text, NEUTRAL) for text in replies[:most]]
    )


def balance(labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weight of a row: rarer classes count more, by the root of their rarity."""
    count = np.maximum(np.bincount(labels, minlength=3), 1)
    weight: NDArray[np.float32] = ((count.sum() / (3 * count)) ** 0.5)[labels].astype(np.float32)
    return weight


def train_characters(
    rows: Sequence[Labelled], weights: Sequence[float], start: LinearModel | None = None
) -> LinearModel:
    """The character model of these rows; from `start`'s weights where one is given."""
    texts = [normalise(row.text) for row in rows]
    labels = np.array([row.label for row in rows])
    two_class = np.array([row.two_class for row in rows])
    idf = count_idf(texts) if start is None else start.idf
    origin = None if start is None else (start.weights.astype(np.float32), start.bias)
    importance = balance(labels) * np.array(weights, dtype=np.float32)
    fitted, bias = fit(matrix(texts, idf), labels, two_class, importance, STRENGTH, origin)
    return LinearModel(fitted.astype(np.float16), idf, bias)


def train_office(rows: Sequence[Labelled], out: Path, engine: str, models: Path = MODELS) -> tuple[float, float]:
    """Adapt the models in `models` to the office's rows; write a whole folder of models to `out`.

    Returns the accuracy on the rows of the models as they were, and after, cross-validated.
    """
    adapt: Callable[[Sequence[Labelled], Path], Learner] = _adapt_bayes if engine == "snownlp" else _adapt_characters
    truth = np.array([row.label for row in rows])
    before = _accuracy(adapt([], models).labels(rows), truth)
    order = np.random.RandomState(11).permutation(len(rows))
    guess = np.zeros(len(rows), dtype=np.int64)
    for k in range(min(FOLDS, len(rows))):
        fold, rest = order[k::FOLDS], np.setdiff1d(order, order[k::FOLDS])
        guess[fold] = adapt([rows[i] for i in rest], models).labels([rows[i] for i in fold])
    out.mkdir(parents=True, exist_ok=True)
    for file in sorted(models.glob("sentiment*")):
        if file.suffix in {".npz", ".json"} and out.resolve() != models.resolve():
            shutil.copyfile(file, out / file.name)
    adapt(rows, models).save(out)
    return before, _accuracy(guess, truth)


def _accuracy(guess: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float((guess == truth).mean())


class Learner(Protocol):
    """A model adapted to some rows."""

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]: ...

    def save(self, out: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class _Characters:
    model: LinearModel
    weighing: Weighing

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]:
        logits = [self.model.logits(self.model.find(normalise(row.text))) for row in rows]
        p = np.array([self.weighing.probabilities(one) for one in logits]).reshape(-1, 3)
        return _best(p, rows)

    def save(self, out: Path) -> None:
        self.model.save(out / "sentiment-characters.npz")


def _adapt_characters(rows: Sequence[Labelled], models: Path) -> Learner:
    model = load_linear(models / "sentiment-characters.npz")
    if rows:
        model = train_characters(rows, [OFFICE_WEIGHT] * len(rows), start=model)
    return _Characters(model, read_weighing(models)["fast"])


@dataclass(frozen=True, slots=True)
class _Bayes:
    bayes: Any
    temperature: float

    def labels(self, rows: Sequence[Labelled]) -> NDArray[np.int64]:
        words = [snownlp_engine.hashed(snownlp_engine.words_of(normalise(row.text))) for row in rows]
        return _best(np.array([snownlp_engine.log_posteriors(self.bayes, w) for w in words]).reshape(-1, 3), rows)

    def save(self, out: Path) -> None:
        snownlp_engine.save_bayes(out / "sentiment-snownlp.npz", self.bayes, self.temperature)


def _adapt_bayes(rows: Sequence[Labelled], models: Path) -> Learner:
    bayes, temperature = snownlp_engine.load_bayes(models / "sentiment-snownlp.npz")
    hashed = [(snownlp_engine.hashed(snownlp_engine.words_of(normalise(row.text))), row.label) for row in rows]
    bayes.train(hashed * OFFICE_WEIGHT)
    return _Bayes(bayes, temperature)


def _best(p: NDArray[np.float64], rows: Sequence[Labelled]) -> NDArray[np.int64]:
    closed = np.array([row.two_class for row in rows], dtype=bool)
    p = np.where(closed[:, None] & np.array([False, True, False]), -np.inf, p)
    best: NDArray[np.int64] = p.argmax(axis=1).astype(np.int64)
    return best


def write_weighing(out: Path, fast: Weighing, accurate: Weighing, sure: float) -> None:
    named = {"fast": fast, "accurate": accurate}
    weighing = {
        name: {"characters": w.characters, "encoder": w.encoder, "bias": list(w.bias)} for name, w in named.items()
    }
    stored = {"sure": sure, "weighing": weighing}
    (out / "sentiment.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def kept_apart(
    split: Split, model: LinearModel, encode: Callable[[Sequence[str]], NDArray[np.float32]]
) -> list[KeptApart]:
    """Both models' logits of the rows kept apart; `encode` answers the encoder's for normalised texts."""
    sets = []
    for name, rows in split.apart.items():
        texts = [normalise(row.text) for row in rows]
        characters = np.stack([model.logits(model.find(text)) for text in texts])
        labels = np.array([row.label for row in rows])
        sets.append(KeptApart(name, characters, encode(texts), labels, rows[0].two_class))
    return sets


def train_shipped(data: Path, out: Path) -> None:
    """Make the shipped files in `out` from the research sets under `data`: nearly all of its time is `fine_tune`.

    The encoder never learns the rows kept apart; the characters (seconds) learn them after the weighing is fitted.
    """
    from pipeline.analysis.encoder import Encoder, save_encoder

    out.mkdir(parents=True, exist_ok=True)
    split, whole = read_split(data, keep_apart=True), read_split(data, keep_apart=False)
    save_encoder(out, fine_tune(split.taught))
    encoder = Encoder(out)
    characters = train_characters(split.taught.rows, split.taught.weights)
    sets = kept_apart(split, characters, lambda texts: np.stack([encoder.logits(text) for text in texts]))
    write_weighing(out, fit_weighing(sets, with_encoder=False), fit_weighing(sets, with_encoder=True), SURE)

    train_characters(whole.taught.rows, whole.taught.weights).save(out / "sentiment-characters.npz")
    rows = whole.taught.rows
    bayes = snownlp_engine.train_bayes([row.text for row in rows], [row.label for row in rows])
    snownlp_engine.save_bayes(out / "sentiment-snownlp.npz", bayes, TEMPERATURE)


def fine_tune(taught: Rows) -> dict[str, Any]:
    """The encoder fine-tuned: a row that counts 2 is shown twice a pass, one that counts a half every other time."""
    from pipeline.analysis.sentiment_finetune import Recipe, Tuner

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    weight = np.array(taught.weights)
    shown = np.floor(weight + np.random.RandomState(5).random_sample(len(weight))).astype(int)
    trained = Tuner(taught.rows, Recipe(), shown.tolist()).run(say)
    return {name: np.asarray(value) for name, value in trained.items()}


if __name__ == "__main__":
    train_shipped(Path(sys.argv[1]), Path(sys.argv[2]))
