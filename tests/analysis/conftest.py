"""The fictional district and one analyser for all tests of this room."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import config
from pipeline.analysis.analyse import Analyser
from pipeline.analysis.district import District

CONFIG = Path(config.__file__).parent


@cache
def _district() -> District:
    return District.load(CONFIG)


@cache
def _analyser() -> Analyser:
    return Analyser(_district(), "fast")


@pytest.fixture(scope="session")
def district() -> District:
    return _district()


@pytest.fixture(scope="session")
def analyser() -> Analyser:
    return _analyser()
