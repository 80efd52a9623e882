"""The directions in which gists lie: without those that all texts share, about the middle, of a usual length of one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx comes with the train extra")

from pipeline.analysis.gist import WIDTH
from pipeline.analysis.train_gist import LEFT_OUT, directions


def test_what_all_texts_vary_most_in_is_left_out() -> None:
    chance = np.random.default_rng(0)
    loud = np.zeros(512, dtype=np.float32)
    loud[:LEFT_OUT] = 40.0
    answers = (chance.standard_normal((900, 512)) * (1 + loud) + 3.0).astype(np.float32)
    head, bias = directions(answers)
    assert head.shape == (WIDTH, 512)
    turned = answers @ head.T + bias
    assert np.abs(turned.mean(axis=0)).max() < 0.01
    assert np.linalg.norm(turned, axis=1).mean() == pytest.approx(1.0, abs=0.01)
    assert np.abs(head[:, :LEFT_OUT]).max() < 0.05 * np.abs(head[:, LEFT_OUT:]).max()
