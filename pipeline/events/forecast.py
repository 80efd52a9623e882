"""Forecast (预测): the chance that an event reaches 热议 within 6 and 24 hours, with a range, in words.

Learned on real growth: reposts of 1,732 posts and thinned copies of them (so that small beginnings are there too), looked at
at many ages; “hot” = 500 reposts and comments within six hours, a document of an event weighing as much as 50 of them
(ten documents in six hours are hot in config/stages.toml). Few, smooth features, so that the chance moves smoothly with the
event. The range spans resamples of the training posts (10th to 90th of sixty).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.document import Forecast, Stage
from pipeline.events.baseline import HOUR, day_and_hour
from pipeline.events.stage_models import GROWTH, MODELS, Floats, Growth
from pipeline.events.tally import Tally

HOURS = (6, 24)
DOCUMENT_WEIGHT = 50
HOT_VOLUME = 500


class Forecaster:
    """Gives forecasts from an event's counters."""

    def __init__(self, profile: Sequence[float], model: Growth | None = None) -> None:
        self._profile = profile
        self._model = model or Growth.load(MODELS / GROWTH)

    def forecasts(self, tally: Tally, stage: Stage, at: int) -> tuple[Forecast, ...]:
        """Forecasts for 6 and 24 hours; none for an event that is hot already or long quiet."""
        if stage in (Stage.HOT, Stage.QUIET):
            return ()
        volumes = [_volume(tally, at, hours) for hours in (1, 2, 6)]
        row = features(volumes[0], volumes[1] - volumes[0], volumes[2], at - tally.opened, at, self._profile)
        return tuple(self._forecast(row, hours, volumes) for hours in HOURS)

    def _forecast(self, row: Floats, hours: int, volumes: Sequence[float]) -> Forecast:
        spread = np.sort(self._model.probabilities(row, hours))
        low, middle, high = (float(spread[int(share * (len(spread) - 1))]) for share in (0.1, 0.5, 0.9))
        before = volumes[1] - volumes[0]
        reason = (
            f"声量（一条文档计 {DOCUMENT_WEIGHT}，一次转评计 1）近 1 小时 {volumes[0]:.0f}、前一小时 {before:.0f}、"
            f"近 6 小时 {volumes[2]:.0f}，热议约为 6 小时 {HOT_VOLUME}"
        )
        return Forecast(hours, round(middle, 3), round(low, 3), round(high, 3), reason)


def _volume(tally: Tally, at: int, hours: int) -> float:
    return DOCUMENT_WEIGHT * tally.documents_within(at, hours) + tally.interactions_within(at, hours)


def features(hour: float, hour_before: float, six: float, age: int, at: int, profile: Sequence[float]) -> Floats:
    """What the growth model reads: volumes of the last hour, the one before, six hours; age in seconds; hour of the day."""
    clock = day_and_hour(at)[1]
    now = sum(profile[(clock - back) % 24] for back in range(2)) / 2
    ahead = sum(profile[(clock + step) % 24] for step in range(1, 7)) / 6
    return np.array(
        [
            math.log1p(hour),
            math.log1p(hour_before),
            math.log1p(six),
            max(0.0, math.log1p(6 * hour) - math.log1p(HOT_VOLUME)),
            max(0.0, math.log1p(2 * six) - math.log1p(HOT_VOLUME)),
            math.log1p(age / HOUR),
            math.log(ahead / now),
        ],
        dtype=np.float64,
    )
