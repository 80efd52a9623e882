"""Fine-tuning: a run teaches what its rows say, and the encoder says in numpy what was trained in JAX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.encoder import Encoder, save_encoder
from pipeline.analysis.features import normalise
from pipeline.analysis.sentiment_sets import NEGATIVE, NEUTRAL, POSITIVE, Labelled

pytest.importorskip("jax", reason="jax is not installed (the train extra)")

from pipeline.analysis.sentiment_finetune import BATCH, SEEN_AT_ONCE, Recipe, Tuner

ROWS = [
    Labelled("停水三天没有人管，气死了", NEGATIVE),
    Labelled("周三上午召开座谈会", NEUTRAL),
    Labelled("办得真快，点赞", POSITIVE),
    Labelled("灯会好看", POSITIVE, two_class=True),
] * (BATCH // 4)


def test_a_run_teaches_what_the_rows_say() -> None:
    run = Tuner(ROWS, Recipe(passes=8, planned=8, rate=1e-3, average=0.0))
    after = run.run(lambda line: None)
    guess = run.logits(after, [row.text for row in ROWS[:4]]).argmax(axis=1)
    assert guess.tolist() == [row.label for row in ROWS[:4]]
    assert not np.allclose(run.weights["w10"], after["w10"])


def test_the_encoder_says_in_numpy_what_was_trained(tmp_path: Path) -> None:
    run = Tuner(ROWS, Recipe())
    random = np.random.RandomState(0)
    weights = {name: np.asarray(value) for name, value in run.weights.items()}
    for name in ("head", "head2", "heed"):
        weights[name] = random.randn(*weights[name].shape).astype(np.float32) * 0.05
    save_encoder(tmp_path, weights)
    encoder, texts = Encoder(tmp_path), [row.text for row in ROWS[:4]]
    here = np.stack([encoder.logits(normalise(text)) for text in texts])
    assert np.allclose(here, run.logits(weights, texts), atol=0.1)


def test_of_a_long_text_a_stretch_is_seen() -> None:
    tokens = list(range(200))
    for seed in range(20):
        seen = Tuner.stretch(tokens, np.random.RandomState(seed))
        assert seen == tokens[seen[0] : seen[0] + SEEN_AT_ONCE]
    assert Tuner.stretch([1, 2], np.random.RandomState(0)) == [1, 2]
