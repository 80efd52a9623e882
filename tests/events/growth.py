"""Small events to grow in tests: documents that are judged already, so that only counting is tested."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.clock import SHANGHAI
from pipeline.document import (
    Analysis,
    Copy,
    Counts,
    DepartmentGuess,
    Document,
    Judged,
    Kind,
    PlaceMention,
    Polarity,
    Scope,
    Sentiment,
    StageChange,
    Suggestion,
    Topic,
)
from pipeline.events.stages import StageBook

NIGHT = datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)
GRID = timedelta(minutes=10)


def judged(
    number: int,
    at: datetime,
    kind: Kind = Kind.WEIBO,
    source: str = "微博",
    author: str = "",
    text: str = "恒泰新材料着火了",
    mood: Polarity = Polarity.NEGATIVE,
    scope: Scope = Scope.LOCAL,
    counts: Counts | None = None,
    topic: tuple[str, str] = ("安全生产", "生产事故"),
    place: str = "沙洲镇",
    rumour: bool = False,
    published_at: datetime | None = None,
) -> Judged:
    """One judged document with the number in its id."""
    document = Document(
        id=f"d{number:05d}",
        text=text,
        kind=kind,
        source=source,
        author=author,
        collected_at=at,
        published_at=published_at,
        counts=counts or Counts(),
    )
    analysis = Analysis(
        document_id=document.id,
        language="zh",
        sentiment=Sentiment(mood, -0.8 if mood is Polarity.NEGATIVE else 0.5, 0.9),
        topic=Topic(topic[0], 0.9, topic[1]),
        scope=scope,
        scope_reason="",
        places=(PlaceMention(place, place),) if place else (),
        departments=(DepartmentGuess("区应急管理局", 0.8),),
        opinion_kind=None,
        rumour=Suggestion("传言", 0.7) if rumour else None,
        masked_title="",
        masked_text=text,
    )
    return Judged(document, analysis)


@dataclass
class Row:
    """A stored member, as the store hands it back."""

    judged: Judged
    event_id: str
    copy: Copy | None
    at: datetime


@dataclass
class Life:
    """Lives through documents in order, ticking the grid between them, and keeps what changed."""

    book: StageBook = field(default_factory=StageBook)
    now: datetime = NIGHT - GRID
    changes: list[StageChange] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def see(self, event_id: str, one: Judged, copy: Copy | None = None) -> None:
        at = one.document.known_at
        self.until(at)
        self.rows.append(Row(one, event_id, copy, at))
        self.changes += self.book.observe(event_id, one, copy, at)

    def until(self, at: datetime) -> None:
        while self.now + GRID <= at:
            self.now += GRID
            self.changes += self.book.tick(self.now)

    def stages(self, event_id: str = "fire") -> list[str]:
        return [change.after.value for change in self.changes if change.event_id == event_id]


SOURCES = (
    (Kind.WEIBO, "微博"),
    (Kind.FORUM, "云港论坛"),
    (Kind.WEIBO, "微博"),
    (Kind.NEWS, "澜州日报"),
    (Kind.WECHAT, "云港发布"),
)


def burn(life: Life, event_id: str = "fire", start: datetime = NIGHT) -> None:
    """A fire as an office knows it: slow first posts, a loud morning, a long tail."""
    minutes = [0, 12, 20, 26, 31, 40, 55, 70, 80, 95, 110, 130, 140, 150, 170, 190, 200, 230, 260, 300]
    minutes += [340, 380, 420, 480, 540, 640, 760, 900, 1100, 1400]
    for number, minute in enumerate(minutes):
        kind, source = SOURCES[number % len(SOURCES)]
        at = start + timedelta(minutes=minute)
        life.see(event_id, judged(number, at, kind, source, author=f"a{number}"))
