"""Early signs (苗头性、倾向性问题): letters about one topic in one place, rising above their own past.

Letters are portal messages, hotline tickets and disclosure requests, pooled (a district has some 28 disclosure requests a
year: alone they prove nothing). What to expect is learned from the topic × place's own past, held towards the district's mean
as strongly as three weeks of letters would (gamma prior, Poisson counts), so that a short past neither hides nor makes a
sign; the odds are the negative-binomial tail of the letters that came. Posts about the same topic and place are shown beside
the letters and never counted as letters.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from pipeline.alerts.rules import Sign
from pipeline.analysis.accusation import accused_units
from pipeline.clock import shanghai
from pipeline.document import Judged, Scope
from pipeline.events.tally import LETTERS

DAY = 86_400
WINDOW_DAYS = 7
PAST_DAYS = 56
LEAST = 3  # letters below which nothing is said
PRIOR_WINDOWS = 3.0  # as how many windows of letters the district's mean counts
ENOUGH = 20  # letters of a quarter below which no rate is reported
DISTRICT = "全区"
_moment = attrgetter("at")


@dataclass(frozen=True, slots=True)
class _Key:
    topic: str
    topic_sub: str
    place: str


@dataclass(frozen=True, slots=True)
class _Row:
    at: int
    document_id: str
    department: str
    accused: str  # whom the letter complains of, in words: these units are never told


@dataclass(frozen=True, slots=True)
class QuarterLine:
    """One topic × place of a quarter: letters, those of the quarter before, and what may be said of it."""

    topic: str
    place: str
    letters: int
    before: int
    words: str


def binomial_tail(least: int, trials: int, share: float) -> float:
    """P(X ≥ least) for X ~ Binomial(trials, share)."""
    if least <= 0:
        return 1.0
    logs = (math.log(share), math.log1p(-share))
    terms = (
        math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * logs[0]
            + (trials - k) * logs[1]
        )
        for k in range(least, trials + 1)
    )
    return min(1.0, math.fsum(terms))


def negative_binomial_tail(least: int, shape: float, share: float) -> float:
    """P(X ≥ least) for the gamma-Poisson mixture with that shape and success share."""
    below, term = 0.0, share**shape
    for k in range(least):
        below += term
        term *= (shape + k) / (k + 1) * (1 - share)
    return max(0.0, 1.0 - below)


class EarlySigns:
    """Letters by topic × place. In memory; restored by adding the stored letters again, in order."""

    def __init__(self, window_days: int = WINDOW_DAYS, past_days: int = PAST_DAYS) -> None:
        self._window = window_days * DAY
        self._past = past_days * DAY
        self._letters: dict[_Key, list[_Row]] = defaultdict(list)
        self._posts: dict[_Key, list[_Row]] = defaultdict(list)
        self._first: int | None = None
        self._fresh: dict[_Key, int] = {}  # topic × place → its last letter, since the last tick

    @property
    def remembers(self) -> timedelta:
        """How far back letters count: what `restore` needs of them."""
        return timedelta(seconds=self._window + self._past)

    @property
    def window(self) -> timedelta:
        """How far back posts count: what `restore` needs of them."""
        return timedelta(seconds=self._window)

    def add(self, judged: Judged, at: datetime) -> None:
        """One more document, known at `at`; what is no local matter is passed over."""
        analysis = judged.analysis
        letter = judged.document.kind in LETTERS
        if analysis.scope is not Scope.LOCAL or not analysis.topic.label:
            return
        moment = int(at.timestamp())
        if letter and self._first is None:
            self._first = moment
        unit = analysis.departments[0].name if analysis.departments else ""
        row = _Row(moment, judged.document.id, unit, analysis.accusation)
        for key in self._keys(judged):
            (self._letters if letter else self._posts)[key].append(row)
            if letter:
                self._fresh[key] = moment

    def _keys(self, judged: Judged) -> list[_Key]:
        topic = judged.analysis.topic
        towns = sorted({place.town or place.name for place in judged.analysis.places if place.town or place.name})
        return [_Key(topic.label, topic.sub, town) for town in (towns or [DISTRICT])]

    def restore(self, rows: Iterable[tuple[Judged, datetime]], ticked_at: datetime) -> None:
        """Add stored letters (of the last `remembers`) and posts (of the last `window`), each in order."""
        for judged, at in rows:
            self.add(judged, at)
        last = int(ticked_at.timestamp())
        self._fresh = {key: moment for key, moment in self._fresh.items() if moment > last}

    def tick(self, at: datetime) -> list[Sign]:
        """What stands out now, among topic × places that got a letter since the last tick; strongest first."""
        moment = int(at.timestamp())
        counts = {key: self._within_window(rows, moment) for key, rows in self._letters.items()} if self._fresh else {}
        cells, total = sum(1 for number in counts.values() if number), sum(counts.values())
        signs = []
        for key in self._fresh:
            own = counts[key]
            sign = self._look(key, moment, cells - bool(own), total - own)
            if sign is not None:
                signs.append(sign)
        self._fresh.clear()
        self._forget(moment)
        return sorted(signs, key=lambda sign: (sign.odds, sign.topic, sign.topic_sub, sign.place))

    def _look(self, key: _Key, at: int, cells: int, others: int) -> Sign | None:
        """`others`: letters of the window about other topic × places, and `cells` how many of those have any."""
        rows = self._letters[key]
        start = bisect_right(rows, at - self._window, key=_moment)
        now = len(rows) - start
        if now < LEAST:
            return None
        past_from = max(at - self._window - self._past, self._first or at)
        past_days = max(0.0, (at - self._window - past_from) / DAY)
        past = start - bisect_left(rows, past_from, key=_moment)
        expected, odds, how = self._test(now, past, past_days, cells, others)
        recent = rows[start:]
        posts = self._within_window(self._posts.get(key, ()), at)
        days = self._window // DAY
        place = "" if key.place == DISTRICT else key.place
        beside = f"；同期网上另有 {posts} 条谈及" if posts else ""
        units = Counter(row.department for row in recent if row.department)
        return Sign(
            topic=key.topic,
            topic_sub=key.topic_sub,
            place=place,
            at=datetime.fromtimestamp(at, UTC),
            messages=now,
            expected=expected,
            odds=odds,
            days=days,
            evidence=tuple(row.document_id for row in recent),
            reason=f"{place or DISTRICT}近 {days} 天关于{key.topic_sub or key.topic}的来信来电 {now} 件，{how}{beside}",
            week=monday(at),
            departments=tuple(name for name, _ in sorted(units.items(), key=lambda pair: (-pair[1], pair[0]))[:1]),
            accused=tuple(sorted({unit for row in recent for unit in accused_units(row.accused)})),
        )

    def _test(self, now: int, past: int, past_days: float, cells: int, others: int) -> tuple[float, float, str]:
        """(letters expected, odds, in words) from its own past and the district's mean."""
        days = self._window / DAY
        if not cells and past_days < days:
            return 0.0, 1.0, "以往记录太短，也无其他来信可比"
        mean = others / cells if cells else past * days / past_days
        shape, windows = mean * PRIOR_WINDOWS + past, PRIOR_WINDOWS + past_days / days
        expected, odds = shape / windows, negative_binomial_tail(now, shape, windows / (windows + 1))
        how = (
            f"此前 {past_days:.0f} 天 {past} 件，全区其他话题地点平均每 {days:.0f} 天 {mean:.1f} 件，"
            f"据此应约有 {expected:.1f} 件（偶然概率 {odds:.1%}）"
        )
        return expected, odds, how

    def _within_window(self, rows: Sequence[_Row], at: int) -> int:
        return len(rows) - bisect_right(rows, at - self._window, key=_moment)

    def _forget(self, at: int) -> None:
        for rows, kept in ((self._letters, self._window + self._past), (self._posts, self._window)):
            for key in [key for key, known in rows.items() if known[0].at < at - kept]:
                del rows[key][: bisect_left(rows[key], at - kept, key=_moment)]
                if not rows[key]:
                    del rows[key]


def monday(at: int) -> str:
    """The Monday of the moment's week in Shanghai, by which a sign is named."""
    day = shanghai(datetime.fromtimestamp(at, UTC)).date()
    return (day - timedelta(days=day.weekday())).isoformat()


def quarter_report(letters: Iterable[tuple[Judged, datetime]], year: int, quarter: int) -> list[QuarterLine]:
    """Letters by topic × place in a quarter beside the quarter before; says so where there is too little to say."""
    counts: dict[tuple[int, int], Counter[tuple[str, str]]] = defaultdict(Counter)
    for judged, at in letters:
        if judged.document.kind not in LETTERS:
            continue
        local = shanghai(at)
        topic = judged.analysis.topic
        name = f"{topic.label}/{topic.sub}" if topic.sub else topic.label
        towns = sorted({place.town or place.name for place in judged.analysis.places}) or [DISTRICT]
        for town in towns:
            counts[(local.year, (local.month + 2) // 3)][(name, town)] += 1
    before = counts[(year, quarter - 1) if quarter > 1 else (year - 1, 4)]
    now = counts[(year, quarter)]
    lines = []
    for (topic_name, place), number in sorted(now.items(), key=lambda pair: (-pair[1], pair[0])):
        earlier = before[(topic_name, place)]
        lines.append(QuarterLine(topic_name, place, number, earlier, _quarter_words(number, earlier)))
    return lines


def _quarter_words(now: int, before: int) -> str:
    if now + before < ENOUGH:
        return f"本季 {now} 件、上季 {before} 件，数量太少，不足以说明升降"
    odds = binomial_tail(now, now + before, 0.5) if now >= before else binomial_tail(before, now + before, 0.5)
    if odds > 0.05:
        return f"本季 {now} 件、上季 {before} 件，升降在偶然范围内"
    return f"本季 {now} 件、上季 {before} 件，{'上升' if now > before else '下降'}（偶然概率 {odds:.1%}）"
