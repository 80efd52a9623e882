"""How well people were answered (答复质量): messages of a time, each answer with its four scores, and units beside each other.

Judged is the answer, never who asked. Reads masked texts only, so that no reason can quote a name or a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Connection, select

from pipeline.analysis.clean import clean
from pipeline.analysis.mask import mask
from pipeline.analysis.reply_quality import LATE_DAYS, ReplyQuality, judge
from pipeline.document import Document, Kind
from pipeline.store.documents import document_of
from pipeline.store.schema.documents import analyses, documents

ASKING = (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE)
UNNAMED = "（未注明答复单位）"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered message. `days` from asking to answering; None when a time is missing or impossible."""

    document_id: str
    title: str  # masked
    unit: str
    asked_at: datetime | None
    answered_at: datetime | None
    days: float | None
    quality: ReplyQuality

    @property
    def overall(self) -> float:
        """Mean of the four scores."""
        scores = (self.quality.relevant, self.quality.complete, self.quality.explained, self.quality.in_time)
        return round(sum(score.value for score in scores) / len(scores), 3)


@dataclass(frozen=True, slots=True)
class UnitAnswers:
    """The answers of one unit: means of the four scores, days in the middle, and the weakest answer to look at."""

    unit: str
    answers: int
    relevant: float
    complete: float
    explained: float
    in_time: float
    overall: float
    days: float | None
    late: int  # after LATE_DAYS
    weakest: Answer


@dataclass(frozen=True, slots=True)
class Answering:
    """All messages of a time: how many were asked, answered, and wait longer than LATE_DAYS."""

    asked: int
    waiting_late: int
    answers: tuple[Answer, ...]  # the weakest first
    units: tuple[UnitAnswers, ...]  # the weakest first


def answering(connection: Connection, start: datetime, end: datetime, now: datetime) -> Answering:
    """Messages that became known in [start, end), as answered by `now`."""
    rows = connection.execute(
        select(documents, analyses.c.title.label("masked_title"), analyses.c.text.label("masked_text"))
        .join(analyses, analyses.c.document_id == documents.c.id)
        .where(documents.c.kind.in_([kind.value for kind in ASKING]))
        .where(documents.c.known_at >= start, documents.c.known_at < end)
        .order_by(documents.c.known_at, documents.c.id)
    ).all()
    asked = [replace(document_of(row), title=row.masked_title, text=row.masked_text) for row in rows]
    answers = [answer for message in asked if (answer := judged(message, now)) is not None]
    answered = {answer.document_id for answer in answers}
    late = sum(
        message.id not in answered and now - (message.published_at or message.known_at) > timedelta(days=LATE_DAYS)
        for message in asked
    )
    return Answering(len(asked), late, tuple(sorted(answers, key=_weakness)), by_unit(answers))


def judged(message: Document, now: datetime) -> Answer | None:
    """The answer to a masked message with its scores; None when there is none by `now`."""
    reply = message.reply
    if reply is None or (reply.at is not None and reply.at > now):
        return None
    quality = judge(replace(message, reply=replace(reply, text=mask(clean(reply.text)))))
    if quality is None:
        return None
    days = (reply.at - message.published_at).total_seconds() / 86400 if reply.at and message.published_at else None
    return Answer(
        message.id,
        message.title or message.text[:40],
        reply.department.strip() or UNNAMED,
        message.published_at,
        reply.at,
        round(days, 2) if days is not None and days >= 0 else None,
        quality,
    )


def by_unit(answers: Iterable[Answer]) -> tuple[UnitAnswers, ...]:
    """Units beside each other, the weakest first."""
    of_unit: dict[str, list[Answer]] = {}
    for answer in answers:
        of_unit.setdefault(answer.unit, []).append(answer)
    units = [_unit(name, several) for name, several in of_unit.items()]
    return tuple(sorted(units, key=lambda unit: (unit.overall, unit.unit)))


def _unit(name: str, answers: Sequence[Answer]) -> UnitAnswers:
    days = [answer.days for answer in answers if answer.days is not None]
    return UnitAnswers(
        name,
        len(answers),
        _mean(answer.quality.relevant.value for answer in answers),
        _mean(answer.quality.complete.value for answer in answers),
        _mean(answer.quality.explained.value for answer in answers),
        _mean(answer.quality.in_time.value for answer in answers),
        _mean(answer.overall for answer in answers),
        round(median(days), 1) if days else None,
        sum(one > LATE_DAYS for one in days),
        min(answers, key=_weakness),
    )


def _mean(values: Iterable[float]) -> float:
    several = list(values)
    return round(sum(several) / len(several), 3)


def _weakness(answer: Answer) -> tuple[float, str]:
    return answer.overall, answer.document_id
