"""Training the sentiment models (训练): the shipped ones from the research sets, an office's own from its labels.

`python -m pipeline.analysis.train_sentiment DATA OUT` makes the shipped files: a first run keeps rows apart to fit the
weighing and to state honest figures, a second trains on every row but the sets' own eval files.
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
LEAN = 0.2  # added to the positive logit: of comments called negative .88 are so (.87 without), recall stays over .95
ANCHORS = 8_000  # research rows that keep the adapted encoder to its former answers
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
)
PUBLIC_EVENTS = Source("public_event_comments.tsv", 1 / 3, 4)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to train on and how much each counts."""

    rows: list[Labelled]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Split:
    """Research rows (Weibo and web at large), rows of the office's world, and the rows kept apart by set."""

    research: Rows
    office: Rows
    apart: dict[str, list[Labelled]]


def read_split(data: Path, keep_apart: bool) -> Split:
    research, office = Rows([], []), Rows([], [])
    apart: dict[str, list[Labelled]] = {}

    def add(to: Rows, rows: Sequence[Labelled], weight: float) -> None:
        to.rows.extend(rows)
        to.weights.extend([weight] * len(rows))

    for source in (*RESEARCH, PUBLIC_EVENTS):
        labelled = read_labelled(data / "sentiment" / source.file)
        order = np.random.RandomState(7).permutation(len(labelled))
        kept = order[: int(len(order) * source.kept_apart)] if keep_apart else order[:0]
        apart[source.file] = [labelled[i] for i in kept]
        taken = [labelled[i] for i in order[len(kept) :]]
        add(office if source is PUBLIC_EVENTS else research, taken, source.weight)
    add(office, read_labelled(EXAMPLES), 4)
    add(office, composed_rows(), 0.5)
    add(office, portal_rows(data / "messages"), 0.5)
    return Split(research, office, apart)


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
        name: {"characters": w.characters, "encoder": w.encoder, "bias": [w.bias[0], w.bias[1], w.bias[2] + LEAN]}
        for name, w in named.items()
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
    """Make the shipped files in `out` from the research sets under `data`: nearly all of its time is `fine_tune`."""
    from pipeline.analysis.encoder import Encoder

    out.mkdir(parents=True, exist_ok=True)
    split = read_split(data, keep_apart=True)
    weights, learned = fine_tune(split.research)
    finish(data, out, weights, learned, Encoder)


def fine_tune(research: Rows) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """The encoder fine-tuned on research rows: weights, and the tokens whose rows were trained."""
    from pipeline.analysis.sentiment_finetune import Recipe, Tuner

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    tuner = Tuner(research.rows, Recipe(), [round(weight) for weight in research.weights])
    return {name: np.asarray(value) for name, value in tuner.run(say).items()}, tuner.learned


def finish(
    data: Path, out: Path, weights: dict[str, Any], learned: NDArray[np.int64], encoder: Callable[[Path], Any]
) -> None:
    """From a fine-tuned encoder to the shipped files: adapt its upper layers, train the characters, weigh both.

    Twice: with rows kept apart, which fit the weighing (their figures are the honest ones), then with every row.
    """
    from pipeline.analysis.encoder import save_encoder
    from pipeline.analysis.sentiment_adapt import adapt, pool

    def adapted(split: Split, new: Rows) -> None:
        save_encoder(out, weights, learned)
        plain = encoder(out)
        chosen = np.random.RandomState(3).permutation(len(split.research.rows))[:ANCHORS]
        anchors = pool(plain, [split.research.rows[i] for i in chosen], [1.0] * len(chosen))
        save_encoder(out, adapt(weights, pool(plain, new.rows, new.weights), anchors), learned)

    def characters(split: Split) -> LinearModel:
        both = Rows(split.research.rows + split.office.rows, split.research.weights + split.office.weights)
        return train_characters(both.rows, both.weights)

    split = read_split(data, keep_apart=True)
    adapted(split, split.office)
    model, judge = characters(split), encoder(out)
    sets = kept_apart(split, model, lambda texts: np.stack([judge.logits(text) for text in texts]))
    write_weighing(out, fit_weighing(sets, with_encoder=False), fit_weighing(sets, with_encoder=True), SURE)

    whole = read_split(data, keep_apart=False)
    unseen = [row for name, rows in split.apart.items() if name != PUBLIC_EVENTS.file for row in rows]
    adapted(split, Rows(whole.office.rows + unseen, whole.office.weights + [1.0] * len(unseen)))
    characters(whole).save(out / "sentiment-characters.npz")
    every = whole.research.rows + whole.office.rows
    bayes = snownlp_engine.train_bayes([row.text for row in every], [row.label for row in every])
    snownlp_engine.save_bayes(out / "sentiment-snownlp.npz", bayes, TEMPERATURE)


if __name__ == "__main__":
    train_shipped(Path(sys.argv[1]), Path(sys.argv[2]))
