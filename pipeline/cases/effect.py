"""What a response changed (回应效果): before and after, compared honestly with similar events. Pure.

Settings: mechanism.effect (hours of each window; how many similar events are needed before anything is concluded).
Most events fade by themselves. So the change of volume is set beside the change that similar events showed in the same
stretch of their life without a response; with too few of them, or inside their usual range, the verdict says that the
response's part cannot be told. Nothing here says that falling volume means that people are content.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from pipeline.cases.actions import EffectMeasured
from pipeline.cases.mechanism import EffectSettings
from pipeline.cases.responses import open_questions
from pipeline.cases.state import CaseState, Response


@dataclass(frozen=True, slots=True)
class Voice:
    """One document of the event, as far as effects go: when, how it feels, what it asks, whether we ourselves said it."""

    at: datetime
    negative: bool
    asks: tuple[str, ...] = ()
    official: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """An equal stretch of time on one side of a moment."""

    voices: int
    negative: int
    asking: int

    @property
    def negative_share(self) -> float | None:
        return self.negative / self.voices if self.voices else None

    def numbers(self) -> dict[str, float]:
        numbers = {"voices": float(self.voices), "negative": float(self.negative), "asking": float(self.asking)}
        if self.negative_share is not None:
            numbers["negative_share"] = round(self.negative_share, 4)
        return numbers


def windows(voices: Iterable[Voice], moment: datetime, hours: int) -> tuple[Window, Window]:
    """The windows before and after a moment; our own official texts are not counted as the public's voice."""
    span = timedelta(hours=hours)
    others = [voice for voice in voices if not voice.official]
    before = [voice for voice in others if moment - span <= voice.at < moment]
    after = [voice for voice in others if moment <= voice.at < moment + span]
    return _window(before), _window(after)


def _window(voices: Sequence[Voice]) -> Window:
    return Window(len(voices), sum(v.negative for v in voices), sum(bool(v.asks) for v in voices))


def change(before: float, after: float) -> float | None:
    """Relative change, -1..; None when there was nothing before."""
    return (after - before) / before if before else None


def measure(
    case: CaseState,
    response: Response,
    voices: Sequence[Voice],
    similar: Sequence[float],
    stages: tuple[str, str],
    settings: EffectSettings,
) -> EffectMeasured:
    """The fact to keep. `similar`: relative changes of volume of similar events over the same stretch without a response."""
    before, after = windows(voices, response.moment, settings.hours)
    return EffectMeasured(
        response=response.id,
        hours=settings.hours,
        before=before.numbers(),
        after=after.numbers(),
        stage_before=stages[0],
        stage_after=stages[1],
        open_questions=open_questions(case),
        verdict=verdict(before, after, similar, settings),
    )


def verdict(before: Window, after: Window, similar: Sequence[float], settings: EffectSettings) -> str:
    """What may honestly be said, in words and numbers."""
    text = f"声量由{before.voices}条变为{after.voices}条{_percent(change(before.voices, after.voices))}"
    if before.negative_share is not None and after.negative_share is not None:
        text += f"，负面占比由{before.negative_share:.0%}变为{after.negative_share:.0%}"
    moved = change(before.voices, after.voices)
    if moved is None:
        return f"{text}；回应前没有声量，无从比较"
    if len(similar) < settings.similar_minimum:
        return f"{text}；同类未回应事件只有{len(similar)}起（不足{settings.similar_minimum}起），不能判断变化是否由回应带来"
    low, high = usual_range(similar)
    usual = f"同类未回应事件同期变化中位数{median(similar):+.0%}（{len(similar)}起，通常在{low:+.0%}至{high:+.0%}）"
    if moved < low:
        return f"{text}；{usual}，本次回落快于通常情况"
    if moved > high:
        return f"{text}；{usual}，本次高于通常情况，回应没有带来回落，请查看未回答的问题"
    return f"{text}；{usual}，本次在通常范围内，不能说是回应带来的"


def usual_range(similar: Sequence[float]) -> tuple[float, float]:
    """Where nine of ten unanswered events lie: the extremes of a few, the 5th and 95th percentile of many.

    So a response without any effect is credited with one in at most one of `similar_minimum + 1` cases, of many in one of 20.
    """
    if len(similar) < _MANY:
        return min(similar), max(similar)
    cuts = quantiles(similar, n=_MANY, method="inclusive")
    return cuts[0], cuts[-1]


_MANY = 20


def _percent(moved: float | None) -> str:
    return "" if moved is None else f"（{moved:+.0%}）"


def similar_changes(others: Iterable[Sequence[Voice]], age: timedelta, hours: int, minimum: int = 3) -> list[float]:
    """Changes of volume of other events around the same age (time since their first voice); too quiet ones are left out."""
    found = []
    for voices in others:
        if not voices:
            continue
        first = min(voice.at for voice in voices)
        before, after = windows(voices, first + age, hours)
        moved = change(before.voices, after.voices)
        if moved is not None and before.voices >= minimum:
            found.append(moved)
    return found
