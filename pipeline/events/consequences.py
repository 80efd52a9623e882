"""Consequences (可能后果): what this kind of event led to before, the next 24 hours, and what would make it worse.

From closed cases of the same topic, the forecast and the day's own rhythm, and config/countermeasures.toml; each line with
its source. With fewer than three cases of a kind the numbers are given and no conclusion is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from pipeline.clock import shanghai
from pipeline.document import EventState, Stage
from pipeline.events.countermeasures import AdviceFile, Countermeasure, Lesson, suggest

ENOUGH = 3
NAMED = 6  # numbers of cases that a line names
LOUD = 1.15  # times the day's mean: an hour in which much is said


@dataclass(frozen=True, slots=True)
class PastCase:
    """A closed case and how its event went."""

    number: str
    title: str
    topic: str
    topic_sub: str
    documents: int
    times_hot: int
    days_open: float
    hours_to_response: float | None
    lessons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What an event may lead to. `before` names the cases it rests on."""

    before: tuple[str, ...]
    window: tuple[str, ...]
    worse: tuple[Countermeasure, ...]


def consequences(
    state: EventState,
    past: Iterable[PastCase],
    advice: AdviceFile,
    profile: Sequence[float],
    opinion_kind: str = "",
    legal_class: str = "",
) -> Consequences:
    """All three parts for an event now."""
    alike = [case for case in past if case.topic == state.topic and case.topic_sub == state.topic_sub]
    worse = suggest(state, advice.worse, opinion_kind, legal_class)
    return Consequences(tuple(_before(alike, state)), tuple(_window(state, profile)), tuple(worse))


def _before(alike: Sequence[PastCase], state: EventState) -> Iterator[str]:
    kind = state.topic_sub or state.topic
    numbers = "、".join(case.number for case in alike[:NAMED]) + ("等" if len(alike) > NAMED else "")
    if len(alike) < ENOUGH:
        yield f"同类（{kind}）已办结 {len(alike)} 件，太少，不作推断" + (f"：{numbers}" if alike else "")
        return
    hot = sum(case.times_hot > 0 for case in alike)
    again = sum(case.times_hot > 1 for case in alike)
    yield f"同类（{kind}）已办结 {len(alike)} 件（{numbers}）：{hot} 件进入热议，{again} 件回落后再起"
    yield f"办结用时中位数 {median(case.days_open for case in alike):.1f} 天"
    answered = [case.hours_to_response for case in alike if case.hours_to_response is not None]
    if answered:
        yield f"从建单到首次回应中位数 {median(answered):.1f} 小时（{len(answered)} 件有回应）"


def _window(state: EventState, profile: Sequence[float]) -> Iterator[str]:
    for forecast in state.forecasts:
        yield (
            f"{forecast.hours} 小时内进入热议的可能性 {forecast.probability:.0%}"
            f"（{forecast.low:.0%}–{forecast.high:.0%}）：{forecast.reason}"
        )
    if state.stage is Stage.HOT:
        yield "已在热议"
    start = shanghai(state.at)
    loud = [start + timedelta(hours=step) for step in range(1, 25) if profile[(start.hour + step) % 24] >= LOUD]
    if loud:
        yield f"未来 24 小时声量通常较大的时段：{_spans(loud)}（全日发声规律）"


def _spans(hours: Sequence[datetime]) -> str:
    """Consecutive hours as spans: 8–11 时、20–24 时."""
    spans: list[list[datetime]] = []
    for hour in hours:
        if spans and hour - spans[-1][-1] <= timedelta(hours=1):
            spans[-1].append(hour)
        else:
            spans.append([hour])
    return "、".join(f"{span[0]:%m-%d} {span[0].hour}–{span[-1].hour + 1} 时" for span in spans)


def lessons(past: Iterable[PastCase]) -> list[Lesson]:
    """What people wrote down, for `countermeasures.suggest`."""
    return [Lesson(case.number, case.topic, case.topic_sub, text) for case in past for text in case.lessons]
