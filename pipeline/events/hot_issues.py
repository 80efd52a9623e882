"""Hot issues among messages (热点问题): what many people wrote about, with place, time span, crowd, heat and three examples.

Messages are grouped as everything else is (copies, then events), in a window long enough for letters; then the events
are ranked by a heat whose terms are all shown: messages, different people, support by others, and how close in time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.document import HeatTerm, Judged
from pipeline.events.copies import Copies
from pipeline.events.grouping import Grouping
from pipeline.events.names import names
from pipeline.events.sparse import clean
from pipeline.events.titles import title_of

WINDOW = timedelta(days=60)
LIMIT = 200_000
EXAMPLES = 3
CROWDS = (
    *("业主", "居民", "村民", "农民工", "工人", "家长", "学生", "职工", "教师", "购房者", "租户", "商户", "摊主"),
    *("司机", "乘客", "老人", "消费者", "退役军人", "残疾人", "养殖户", "群众", "市民"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """One message of an issue."""

    document_id: str
    at: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class HotIssue:
    """One issue; `heat` is the sum of `heat_terms`."""

    title: str
    place: str
    crowd: str
    first_at: datetime
    last_at: datetime
    messages: int
    people: int
    heat: float
    heat_terms: tuple[HeatTerm, ...]
    examples: tuple[Example, ...]
    document_ids: tuple[str, ...]


def hot_issues(messages: Iterable[Judged], top: int = 10, window: timedelta = WINDOW) -> list[HotIssue]:
    """The hottest issues, hottest first; an issue has at least two messages."""
    groups = grouped(messages, window)
    issues = [issue_of(group) for group in groups if len(group) > 1]
    return sorted(issues, key=lambda issue: (-issue.heat, issue.first_at, issue.document_ids))[:top]


def grouped(messages: Iterable[Judged], window: timedelta = WINDOW) -> list[list[Judged]]:
    """Messages in events, each in order of time."""
    copies, grouping = Copies(window, LIMIT), Grouping(window)
    found: dict[str, list[Judged]] = {}
    for judged in sorted(messages, key=lambda one: (one.document.known_at, one.document.id)):
        at = judged.document.known_at
        copy = copies.find(judged.document.id, judged.document.text, at)
        placement = grouping.place(judged, copy, at)
        members = found.setdefault(placement.event_id, [])
        for merged in placement.merged:
            members += found.pop(merged, [])
        members.append(judged)
    return [sorted(group, key=lambda one: (one.document.known_at, one.document.id)) for group in found.values()]


def issue_of(group: Sequence[Judged]) -> HotIssue:
    """One event of messages, told."""
    first, last = group[0].document.known_at, group[-1].document.known_at
    people = len({one.document.author or one.document.id for one in group})
    terms = _heat(group, people, last - first)
    return HotIssue(
        title=title_of(group),
        place=place_of(group),
        crowd=crowd_of(group),
        first_at=first,
        last_at=last,
        messages=len(group),
        people=people,
        heat=round(sum(term.value for term in terms), 1),
        heat_terms=terms,
        examples=_examples(group),
        document_ids=tuple(one.document.id for one in group),
    )


def _heat(group: Sequence[Judged], people: int, span: timedelta) -> tuple[HeatTerm, ...]:
    support = sum((one.document.counts.likes or 0) + (one.document.counts.dislikes or 0) for one in group)
    weeks = max(1.0, span.total_seconds() / 604_800)
    pace = len(group) / weeks
    return (
        HeatTerm("留言", float(len(group)), f"{len(group)} 条留言，每条 1 分"),
        HeatTerm("人数", float(people), f"{people} 人反映，每人 1 分"),
        HeatTerm("支持", round(2 * math.sqrt(support), 1), f"点赞与反对共 {support} 次，开方乘 2"),
        HeatTerm("集中", round(2 * pace, 1), f"平均每周 {pace:.1f} 条，乘 2"),
    )


def place_of(group: Sequence[Judged]) -> str:
    """The place most of the messages name: of the gazetteer, or by its ending; '' when they name none in common."""
    known = Counter(place.name for one in group for place in {p.name: p for p in one.analysis.places}.values())
    for name, count in known.most_common(1):
        if 2 * count >= len(group):
            return name
    texts = [clean(f"{one.analysis.masked_title} {one.analysis.masked_text}") for one in group]
    written = Counter(name for text in texts for name in names(text))
    best = sorted(written, key=lambda name: (-written[name], -len(name), name))
    if not best or written[best[0]] < max(2, len(group) / 3):
        return ""
    return _whole(best[0], texts)


def _whole(name: str, texts: Sequence[str]) -> str:
    """A name with the characters before it that most texts agree on."""
    while len(name) < 12:
        before = Counter(text[at - 1] for text in texts for at in _places_of(name, text) if at > 0)
        total = sum(len(_places_of(name, text)) for text in texts)
        letter, count = before.most_common(1)[0] if before else ("", 0)
        if count < 0.7 * total or not ("一" <= letter <= "鿿"):
            return name
        name = letter + name
    return name


def _places_of(name: str, text: str) -> list[int]:
    found, at = [], text.find(name)
    while at >= 0:
        found.append(at)
        at = text.find(name, at + 1)
    return found


def crowd_of(group: Sequence[Judged]) -> str:
    """Who is concerned, in the messages' own word; 群众 when they do not say."""
    said: Counter[str] = Counter()
    for one in group:
        text = f"{one.analysis.masked_title} {one.analysis.masked_text}"
        said.update(crowd for crowd in CROWDS if crowd in text)
    order = {crowd: -number for number, crowd in enumerate(CROWDS)}
    return max(said, key=lambda crowd: (said[crowd], order[crowd]), default="群众")


def _examples(group: Sequence[Judged]) -> tuple[Example, ...]:
    """The first, the most supported and the latest message; all of them when there are no more than three."""
    liked = max(group, key=lambda one: (one.document.counts.likes or 0, one.document.known_at))
    chosen = list({one.document.id: one for one in (group[0], liked, group[-1])}.values())
    chosen += [one for one in group if one not in chosen][: EXAMPLES - len(chosen)]
    return tuple(
        Example(one.document.id, one.document.known_at, one.analysis.masked_title, one.analysis.masked_text)
        for one in sorted(chosen, key=lambda one: (one.document.known_at, one.document.id))
    )
