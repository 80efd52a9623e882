"""Fine-tuning: a run teaches what its rows say, and the small file answers as the network that was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.encoder import CLOSES, FILE, OPENS, UNKNOWN, Encoder
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment_sets import NEGATIVE, NEUTRAL, POSITIVE, Labelled

pytest.importorskip("torch", reason="torch is not installed (the train extra)")
pytest.importorskip("onnx", reason="onnx is not installed (the train extra)")

from pipeline.analysis.sentiment_base import LAYERS, PADDING, WIDTH, Base
from pipeline.analysis.sentiment_finetune import BATCH, Recipe, Tuner
from pipeline.analysis.sentiment_network import MOST, rounded, save_network

ROWS = [
    Labelled("停水三天没有人管，气死了", NEGATIVE, feeling=1),
    Labelled("周三上午召开座谈会", NEUTRAL),
    Labelled("办得真快，点赞", POSITIVE),
    Labelled("灯会好看", POSITIVE, two_class=True),
] * (BATCH // 4)
SIGNS = [PADDING, UNKNOWN, OPENS, CLOSES]


@pytest.fixture(scope="module")
def base() -> Base:
    """A network of the real shape that has not learned anything."""
    random = np.random.RandomState(0)
    vocabulary = SIGNS + sorted({sign for row in ROWS for sign in row.text})

    def some(*shape: int) -> np.ndarray:
        return (random.randn(*shape) * 0.04).astype(np.float32)

    weights = {"table": some(len(vocabulary), WIDTH), "places": some(96, WIDTH)}
    sizes = {
        "asking": (3 * WIDTH, WIDTH),
        "heard": (WIDTH, WIDTH),
        "inner": (4 * WIDTH, WIDTH),
        "outer": (WIDTH, 4 * WIDTH),
    }
    for k in range(LAYERS):
        for name, shape in sizes.items():
            weights |= {f"{k}_{name}": some(*shape), f"{k}_{name}_bias": some(shape[0])}
    for name in ("table", *(f"{k}_{part}" for k in range(LAYERS) for part in ("heard", "outer"))):
        weights |= {f"{name}_gain": 1 + some(WIDTH), f"{name}_shift": some(WIDTH)}
    return Base(weights, vocabulary)


def test_a_run_teaches_what_the_rows_say(base: Base) -> None:
    run = Tuner(ROWS, Recipe(passes=6, average=0.0, left_out=0.0), base)
    run.run(lambda line: None)
    guess = run.logits([row.text for row in ROWS[:4]]).argmax(axis=1)
    assert guess.tolist() == [row.label for row in ROWS[:4]]


def test_the_small_file_answers_as_the_trained_network(base: Base, tmp_path: Path) -> None:
    run = Tuner(ROWS, Recipe(passes=2, average=0.0), base)
    save_network(tmp_path / FILE, run.run(lambda line: None), base.vocabulary)
    encoder, texts = Encoder(tmp_path / FILE), [row.text for row in ROWS[:4]]
    here = np.stack([encoder.answer(normalise(text)) for text in texts])
    assert np.allclose(here, run.logits(texts), atol=0.25)
    assert (tmp_path / FILE).stat().st_size < 10_000_000


def test_only_what_the_texts_use_keeps_a_row(base: Base) -> None:
    kept = base.for_texts(["停水三天", "停水了", "三天"])
    assert kept.vocabulary[:4] == SIGNS
    assert set(kept.vocabulary[4:]) == {"停", "水", "三", "天"}
    row = kept.vocabulary.index("水")
    assert np.array_equal(kept.weights["table"][row], base.weights["table"][base.vocabulary.index("水")])


def test_rounding_errs_by_less_than_a_step_and_an_outlier_spoils_no_other_row() -> None:
    weights = np.random.RandomState(1).randn(4, 64).astype(np.float32)
    weights[0, 0] = 40.0
    whole, scale = rounded(weights)
    assert np.abs(whole).max() <= MOST
    error = np.abs(whole * scale[:, None] - weights)
    assert error[1:].max() < 0.6
    assert np.median(error[1:]) < 0.05
