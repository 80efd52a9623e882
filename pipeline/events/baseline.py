"""What is normal for a source at this hour (常量): the yardstick of every growth test.

Counts are integers by source, day and hour, so the answer is the same whatever the order in which a day was read.
Only whole days before the present one are used: a burst never becomes its own yardstick.
Setting: [normal] of config/stages.toml.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from pipeline.events.stage_settings import Normal

HOUR = 3600
SHANGHAI_OFFSET = 8 * HOUR


def day_and_hour(seconds: int) -> tuple[int, int]:
    """Epoch seconds → (day number, hour 0..23) on Shanghai's wall clock."""
    hours = (seconds + SHANGHAI_OFFSET) // HOUR
    return hours // 24, hours % 24


def poisson_tail(count: int, expected: float) -> float:
    """P(N ≥ count) when N is Poisson with mean `expected`; exact to rounding for the small counts seen here."""
    if count <= 0:
        return 1.0
    log_term = -expected + count * math.log(expected) - math.lgamma(count + 1)
    if count < expected:
        below, term = 0.0, math.exp(-expected)
        for k in range(count):
            below += term
            term *= expected / (k + 1)
        return max(0.0, 1.0 - below)
    total, factor = 0.0, 1.0
    for k in range(count + 1, count + 200):
        total += factor
        factor *= expected / k
        if factor < 1e-12:
            break
    return min(1.0, math.exp(log_term) * (total + factor))


class Baseline:
    """Documents per source and hour of the past days (信源常量)."""

    def __init__(self, settings: Normal) -> None:
        self._settings = settings
        self._days: dict[str, dict[int, list[int]]] = {}
        self._rates: dict[tuple[str, int], tuple[float, float, float]] = {}
        self._rates_day = -1

    def add(self, source: str, seconds: int) -> None:
        """Count one document of `source` at `seconds`."""
        day, hour = day_and_hour(seconds)
        days = self._days.get(source)
        if days is None:
            days = self._days[source] = {}
        counts = days.get(day)
        if counts is None:
            counts = days[day] = [0] * 24
            for old in [known for known in days if known < day - self._settings.days - 2]:
                del days[old]
        counts[hour] += 1

    def normal(self, source: str, seconds: int) -> tuple[float, float, float]:
        """Expected documents of `source` in the 1, 6 and 24 hours up to the hour of `seconds`."""
        slot = (seconds + SHANGHAI_OFFSET) // HOUR
        if slot // 24 != self._rates_day:
            self._rates.clear()
            self._rates_day = slot // 24
        key = (source, slot)
        found = self._rates.get(key)
        if found is None:
            hours = [self._measure(source, (slot - back) // 24, (slot - back) % 24) for back in range(24)]
            found = self._rates[key] = (hours[0], math.fsum(hours[:6]), math.fsum(hours))
        return found

    def _measure(self, source: str, day: int, hour: int) -> float:
        settings = self._settings
        around = ((hour - 1) % 24, hour, (hour + 1) % 24)
        days = self._days.get(source, {})
        past = [known for known in days if day - settings.days <= known < day]
        seen_days = day - min(past) if past else 0
        total = sum(days[known][h] for known in past for h in around)
        prior = settings.prior_per_hour * settings.day_profile[hour]
        return (total / 3 + prior * settings.prior_days) / (seen_days + settings.prior_days)

    def expected(self, sources: Collection[str], seconds: int) -> tuple[float, float, float]:
        """Documents that an ordinary event over `sources` has in 1, 6 and 24 hours; their order is irrelevant."""
        rates = [self.normal(name, seconds) for name in sources]
        share, floor = self._settings.share, self._settings.floor
        one, six, day = (share * math.fsum(rate[window] for rate in rates) for window in range(3))
        return max(floor, one), max(6 * floor, six), max(24 * floor, day)
