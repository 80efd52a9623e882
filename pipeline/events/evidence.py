"""The stage tests (阶段检验): from an event's numbers at one moment to its next stage, with the reason in words.

Pure: what is known by `at` goes in, a verdict comes out. Growth is a Poisson test against what the event's own sources
normally bring at this hour; breadth, local people, media and authority must support it before an event moves up.
Thresholds: config/stages.toml. Moving down needs a fall that the hour of the day does not explain.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.document import Stage
from pipeline.events.baseline import HOUR, day_and_hour, poisson_tail
from pipeline.events.stage_settings import StageSettings
from pipeline.events.tally import Tally

STAGE_NAMES = {
    Stage.SPREAD: "散播",
    Stage.GATHERING: "集聚",
    Stage.HOT: "热议",
    Stage.COOLING: "回落",
    Stage.QUIET: "平息",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Documents within a window, what would be normal, and how likely so many would be then."""

    hours: int
    documents: int
    expected: float
    odds: float

    def words(self) -> str:
        span = "1 小时" if self.hours == 1 else f"{self.hours} 小时"
        return f"近 {span} {self.documents} 条（同信源同时段常量约 {self.expected:.1f} 条，偶然概率 {odds_words(self.odds)}）"


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event's numbers at one moment."""

    at: int
    hour: Window
    six: Window
    day: Window
    before_six: int
    interactions: int
    interactions_day: int
    voices: int
    local_voices: int
    kinds: int
    media: int
    official: int
    letters: int
    peak: int
    peak_at: int
    loudest: int
    last: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The stage the numbers call for."""

    stage: Stage
    reason: str
    back: str


def odds_words(odds: float) -> str:
    """A probability as people read it."""
    if odds >= 0.01:
        return f"{odds:.0%}"
    return "小于百万分之一" if odds < 1e-6 else f"万分之{odds * 1e4:.2g}"


def gather(tally: Tally, at: int, expected: tuple[float, float, float]) -> Evidence:
    """Read the numbers; `expected` = normal documents of 1, 6 and 24 hours."""
    windows = []
    for hours, normal in zip((1, 6, 24), expected, strict=True):
        documents = tally.documents_within(at, hours)
        windows.append(Window(hours, documents, normal, poisson_tail(documents, normal)))
    return Evidence(
        at=at,
        hour=windows[0],
        six=windows[1],
        day=windows[2],
        before_six=tally.documents_within(at, 12, until=6),
        interactions=tally.interactions_within(at, 6),
        interactions_day=tally.interactions_within(at, 24),
        voices=len(tally.voices),
        local_voices=len(tally.local_voices),
        kinds=len(tally.kinds),
        media=len(tally.media),
        official=len(tally.official),
        letters=tally.letters,
        peak=tally.peak,
        peak_at=tally.peak_at,
        loudest=tally.loudest,
        last=tally.last,
    )


def growing(seen: Evidence, settings: StageSettings) -> str:
    """Why this is growth above normal, '' when it is not."""
    bar = settings.gathering
    for window, floor in ((seen.hour, bar.documents_1h), (seen.six, bar.documents_6h), (seen.day, bar.documents_24h)):
        if window.documents >= floor and window.odds <= bar.odds:
            return window.words()
    if seen.interactions >= bar.interactions_6h:
        return f"近 6 小时转发评论新增 {seen.interactions}"
    return ""


def _support(seen: Evidence, settings: StageSettings) -> list[str]:
    bar = settings.gathering
    found = []
    if seen.voices >= bar.voices:
        found.append(f"{seen.voices} 个不同声音")
    if seen.local_voices >= bar.local_voices:
        found.append(f"本地群众 {seen.local_voices} 人发声")
    if seen.media >= bar.media:
        found.append(f"{seen.media} 家媒体跟进")
    if seen.official:
        found.append(f"{seen.official} 个官方账号发声")
    if seen.interactions >= bar.interactions_6h:
        found.append(f"转评新增 {seen.interactions}")
    return found


def gathers(seen: Evidence, settings: StageSettings) -> str:
    """Why the event is 集聚, '' when it is not."""
    bar = settings.gathering
    growth = growing(seen, settings)
    support = _support(seen, settings)
    if growth and support:
        return f"{growth}；{'，'.join(support)}"
    if seen.local_voices >= bar.alone_local_voices and seen.day.documents:
        return (
            f"本地群众 {seen.local_voices} 人先后反映同一件事（其中信件 {seen.letters} 件），增长虽平缓但已成集中反映"
        )
    return ""


def is_hot(seen: Evidence, settings: StageSettings) -> str:
    """Why the event is 热议, '' when it is not."""
    bar = settings.hot
    loud = seen.six.documents >= bar.documents_6h and seen.six.odds <= bar.odds
    shared = seen.interactions >= bar.interactions_6h
    if not (loud or shared) or seen.voices < bar.voices or seen.kinds < bar.kinds:
        return ""
    support = []
    if seen.media >= bar.media:
        support.append(f"{seen.media} 家媒体跟进")
    if seen.official:
        support.append(f"{seen.official} 个官方账号发声")
    if seen.local_voices >= bar.local_voices:
        support.append(f"本地群众 {seen.local_voices} 人发声")
    if not support:
        return ""
    growth = seen.six.words() if loud else f"近 6 小时转发评论新增 {seen.interactions}"
    return f"{growth}；{seen.voices} 个不同声音，遍及 {seen.kinds} 类信源；{'，'.join(support)}"


def _profile(settings: StageSettings, at: int) -> float:
    profile = settings.normal.day_profile
    return sum(profile[day_and_hour(at - back * HOUR)[1]] for back in range(6)) / 6


def fall_line(seen: Evidence, settings: StageSettings) -> float:
    """Documents in six hours below which the event has fallen, the hour of the day allowed for."""
    ratio = min(1.0, _profile(settings, seen.at) / _profile(settings, seen.peak_at))
    return settings.cooling.share_of_peak * seen.peak * ratio


def _fallen(seen: Evidence, settings: StageSettings) -> str:
    line = fall_line(seen, settings)
    bar, share = settings.gathering, settings.cooling.share_of_peak
    busy = seen.hour.documents >= bar.documents_1h and seen.hour.odds <= bar.odds
    rising = seen.six.documents > seen.before_six
    shared = seen.interactions >= max(bar.interactions_6h, share * seen.loudest)
    if busy or rising or shared or seen.six.documents > line:
        return ""
    return (
        f"近 6 小时 {seen.six.documents} 条，低于峰值 {seen.peak} 条折算到此时段的 {share:.0%}（{line:.1f} 条）；"
        f"转评新增 {seen.interactions}，峰值曾为 {seen.loudest}"
    )


def _silent(seen: Evidence, settings: StageSettings) -> str:
    quiet = settings.quiet
    hours = (seen.at - seen.last) / HOUR
    if hours >= quiet.hours and seen.interactions_day <= quiet.interactions:
        return f"已 {hours:.0f} 小时没有新文档，近 24 小时转评新增 {seen.interactions_day}"
    return ""


def decide(stage: Stage, since: int, seen: Evidence, settings: StageSettings) -> Verdict | None:
    """The next stage, or None to stay. `since` = when the present stage began (epoch seconds)."""
    hours_in = (seen.at - since) / HOUR
    silent = _silent(seen, settings)
    if (
        silent
        and stage is not Stage.QUIET
        and (stage in (Stage.SPREAD, Stage.COOLING) or hours_in >= settings.cooling.hours_before)
    ):
        return Verdict(Stage.QUIET, silent, "再有新文档即重新进入散播")
    if stage is Stage.QUIET:
        return _wake(seen, settings)
    if stage is Stage.COOLING:
        return _again(seen, hours_in, settings)
    if stage is not Stage.HOT and (why := is_hot(seen, settings)):
        return Verdict(Stage.HOT, why, _back_from_hot(seen, settings))
    if stage is Stage.SPREAD:
        if why := gathers(seen, settings):
            return Verdict(Stage.GATHERING, why, _back_from_gathering(settings))
        return None
    if hours_in >= settings.cooling.hours_before and (why := _fallen(seen, settings)):
        again = settings.cooling.again_share_of_peak
        return Verdict(
            Stage.COOLING,
            why,
            f"近 6 小时回到峰值的 {again:.0%}（{again * seen.peak:.0f} 条）以上，或再次通过热议检验且声量翻倍，则重新升温",
        )
    return None


def _wake(seen: Evidence, settings: StageSettings) -> Verdict | None:
    if seen.at - seen.last >= HOUR:
        return None
    if why := is_hot(seen, settings):
        return Verdict(Stage.HOT, why, _back_from_hot(seen, settings))
    return Verdict(Stage.SPREAD, "平息后又有新文档", f"{settings.quiet.hours:.0f} 小时无新文档即平息")


def _again(seen: Evidence, hours_in: float, settings: StageSettings) -> Verdict | None:
    """回落 → 升温再起: needs more than a flutter."""
    if hours_in < settings.cooling.again_hours:
        return None
    regained = seen.six.documents >= max(
        settings.gathering.documents_6h, settings.cooling.again_share_of_peak * seen.peak
    )
    doubled = seen.six.documents >= max(settings.hot.documents_6h, 2 * seen.before_six)
    shared = seen.interactions >= max(settings.hot.interactions_6h, settings.cooling.again_share_of_peak * seen.loudest)
    if (why := is_hot(seen, settings)) and (regained or doubled or shared):
        return Verdict(Stage.HOT, f"回落后再起：{why}", _back_from_hot(seen, settings))
    if regained and (why := gathers(seen, settings)):
        return Verdict(Stage.GATHERING, f"回落后再起：{why}", _back_from_gathering(settings))
    return None


def _back_from_hot(seen: Evidence, settings: StageSettings) -> str:
    share = settings.cooling.share_of_peak
    return f"近 6 小时降到峰值（现为 {seen.peak} 条）按时段折算的 {share:.0%} 以下并持续减少，且至少过 {settings.cooling.hours_before:.0f} 小时，则回落"


def _back_from_gathering(settings: StageSettings) -> str:
    share = settings.cooling.share_of_peak
    return (
        f"不再高于常量、近 6 小时降到峰值的 {share:.0%} 以下，且至少过 {settings.cooling.hours_before:.0f} 小时，则回落"
    )
