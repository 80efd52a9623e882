"""What a briefing is made of (素材): events, letters, early signs, cases and coverage as known at the cut-off.

Everything is read as of a moment: documents known before it, the history of cases up to it.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select

from config.settings import Settings
from dashboards import charts
from dashboards.briefings.content import Figure, Picture
from dashboards.briefings.proofs import LONG_AGO, SIGNS, Asking
from dashboards.queries.hours import hour_bucket, hour_of
from dashboards.words import STAGES
from pipeline.cases.desk import Desk
from pipeline.cases.facts import read_fact
from pipeline.cases.office import Office
from pipeline.cases.people import SYSTEM
from pipeline.cases.responses import FORM_NAMES
from pipeline.cases.state import CaseState, Entry
from pipeline.cases.steps import fold
from pipeline.clock import iso, parse_time, shanghai
from pipeline.document import Judged, Kind, Polarity, Scope, Stage
from pipeline.events.stage_settings import StageSettings
from pipeline.events.titles import title_of
from pipeline.store import documents as document_store
from pipeline.store.schema.cases import case_entries
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import alerts, changes, event_documents, events

READ = 400
STANDING = (Stage.GATHERING.value, Stage.HOT.value)


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end): the end is the cut-off."""

    start: datetime
    end: datetime

    def before(self) -> Period:
        return Period(self.start - (self.end - self.start), self.start)


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it stood at the cut-off. `judged`: its latest documents, oldest first."""

    id: str
    title: str
    judged: tuple[Judged, ...]
    row: Row[Any]
    level: int | None
    case: CaseState | None

    @property
    def first(self) -> Judged:
        return min(self.judged, key=lambda one: (one.document.published_at or one.document.known_at, one.document.id))


class Material:
    """One transaction's view of the store for one period. Nothing is written."""

    def __init__(self, connection: Connection, settings: Settings, period: Period) -> None:
        self.connection = connection
        self.settings = settings
        self.period = period
        self.asking = Asking(connection)
        self.called: dict[str, str] = {}  # by id: events, cases, alerts and people that were told of
        self.voice = StageSettings.load(settings.file("stages.toml")).voice

    @cached_property
    def office(self) -> Office:
        return Desk.of(self.settings).office(self.connection)

    @cached_property
    def cases(self) -> tuple[CaseState, ...]:
        """Every unpurged case as its history stood at the cut-off, oldest first."""
        rows = self.connection.execute(
            select(case_entries)
            .where(case_entries.c.at < self.period.end, case_entries.c.content.is_not(None))
            .order_by(case_entries.c.case_id, case_entries.c.seq)
        )
        folded = [
            fold([Entry(row.case_id, row.seq, row.at, row.by, read_fact(row.content)) for row in part])
            for _, part in groupby(rows, key=lambda row: row.case_id)
        ]
        return tuple(sorted(folded, key=lambda case: (case.opened_at or LONG_AGO, case.id)))

    def case_of(self, event_id: str) -> CaseState | None:
        found = [case for case in self.cases if case.event_id == event_id and not case.folded_into]
        return found[-1] if found else None

    # ------------------------------------------------------------------ figures
    def figure(self, name: str, *arguments: str | datetime) -> Figure:
        return self.asking.figure(name, *arguments)

    def counted(self, name: str, *arguments: str) -> Figure:
        """A number of the period."""
        return self.figure(name, *arguments, self.period.start, self.period.end)

    def case_figure(self, case: CaseState) -> Figure:
        self.called[case.id] = case.number
        return self.figure("case", case.id, self.period.end)

    # ------------------------------------------------------------------ events
    def loudest(self, scopes: Sequence[Scope], most: int) -> list[str]:
        """Events of these scopes with documents in the period: alerted ones first by level, then by documents."""
        count = func.count().label("number")
        rows = self.connection.execute(
            select(event_documents.c.event_id, count)
            .join(events, events.c.id == event_documents.c.event_id)
            .where(event_documents.c.known_at >= self.period.start, event_documents.c.known_at < self.period.end)
            .where(events.c.merged_into == "", events.c.scope.in_([scope.value for scope in scopes]))
            .group_by(event_documents.c.event_id)
            .order_by(count.desc(), event_documents.c.event_id)
            .limit(400)
        ).all()
        level = self.levels([row.event_id for row in rows])
        ranked = sorted(rows, key=lambda row: (level.get(row.event_id, 9), -row.number, row.event_id))
        return [row.event_id for row in ranked[:most]]

    def levels(self, event_ids: Sequence[str]) -> dict[str, int]:
        """The gravest 舆情提示等级（本单位） of each event by the cut-off."""
        found: dict[str, int] = {}
        for start in range(0, len(event_ids), 400):
            rows = self.connection.execute(
                select(alerts.c.event_id, func.min(alerts.c.level).label("level"))
                .where(alerts.c.event_id.in_(event_ids[start : start + 400]), alerts.c.at < self.period.end)
                .group_by(alerts.c.event_id)
            )
            found |= {row.event_id: row.level for row in rows}
        for case in self.cases:
            if case.event_id in event_ids:
                found[case.event_id] = case.level
        return found

    def told(self, event_id: str) -> Told | None:
        """None when nothing of the event was known by the cut-off."""
        row = self.connection.execute(select(events).where(events.c.id == event_id)).one_or_none()
        if row is not None and row.merged_into:
            return self.told(row.merged_into)
        judged = tuple(self._judged(event_id))
        if row is None or not judged:
            return None
        case = self.case_of(event_id)
        title = self._title(row, case, judged)
        self.called[event_id] = title
        return Told(event_id, title, judged, row, self.levels([event_id]).get(event_id), case)

    def _title(self, row: Row[Any], case: CaseState | None, judged: Sequence[Judged]) -> str:
        """A person's name for it, else the line that says best what happened, as known at the cut-off."""
        given = row.title if row.named_by else case.title if case and case.opened_by != SYSTEM else ""
        return (given or title_of(judged)).strip("…。！!") or str(row.title)

    def _judged(self, event_id: str) -> list[Judged]:
        table = event_documents
        ids = (
            select(table.c.document_id)
            .where(table.c.event_id == event_id, table.c.known_at < self.period.end)
            .order_by(table.c.known_at.desc(), table.c.number.desc())
            .limit(READ)
        )
        rows = self.connection.execute(
            select(documents, *document_store.analysis_columns())
            .join(analyses, analyses.c.document_id == documents.c.id)
            .where(documents.c.id.in_(ids))
            .order_by(documents.c.known_at, documents.c.id)
        )
        return [Judged(document_store.document_of(row), document_store.analysis_of(row)) for row in rows]

    def stage_moves(self, event_id: str) -> list[Row[Any]]:
        return list(
            self.connection.execute(
                select(changes)
                .where(changes.c.event_id == event_id, changes.c.type == "stage", changes.c.at < self.period.end)
                .order_by(changes.c.number)
            )
        )

    # ------------------------------------------------------------------ lists
    def early_signs(self) -> list[Row[Any]]:
        """Alerts of events just starting (苗头), raised in the period."""
        return list(
            self.connection.execute(
                select(alerts)
                .where(alerts.c.rule.in_(SIGNS))
                .where(alerts.c.at >= self.period.start, alerts.c.at < self.period.end)
                .order_by(alerts.c.level, alerts.c.at)
                .limit(5)
            )
        )

    def letter_topics(self, most: int = 3) -> list[str]:
        """Topics that letters are most about in the period."""
        return list(self.asking.letter_topics(iso(self.period.start), iso(self.period.end)))[:most]

    def party(self, judged: Judged) -> str:
        """官方, 媒体 or 群众: by the name and kind of the source, never by who a person is."""
        document = judged.document
        if any(name in document.source for name in self.voice.official):
            return "官方"
        if document.kind is Kind.NEWS or any(name in document.source for name in self.voice.media):
            return "媒体"
        return "群众"

    def source_name(self, judged: Judged) -> str:
        """The name of an institution or medium; of anybody else only the kind."""
        from dashboards.briefings.wording import voice

        own = judged.document.source if self.party(judged) != "群众" else ""
        return own or voice(judged.document.kind)

    def names(self, people: Sequence[str]) -> str:
        self.called |= {person: self.office.directory.name(person) for person in people}
        return "、".join(self.called[person] for person in people)

    # ------------------------------------------------------------------ pictures
    def picture(self, event_id: str = "", caption: str = "", hours: int = 1, width: int = 520) -> Picture:
        """Documents by time, the negative part dark, stages and responses named; of all or of one event."""
        start = self.period.start
        if event_id:
            first = self.connection.execute(
                select(func.min(event_documents.c.known_at)).where(event_documents.c.event_id == event_id)
            ).scalar_one()
            start = first or start
        bars = self._bars(event_id, start, hours)
        marks = []
        if event_id:
            marks = [
                charts.Mark(m.at, STAGES[Stage(m.what)])
                for m in self.stage_moves(event_id)
                if m.at >= start and m.what in set(Stage)
            ]
            case = self.case_of(event_id)
            marks += [
                charts.Mark(r.moment, FORM_NAMES[r.form], "response")
                for r in (case.responses if case else ())
                if r.moment >= start
            ]
        chart = charts.timeline(caption, bars, marks[:9], width=width, height=170)
        if event_id:
            figures = (
                self.figure("event", event_id, start, self.period.end),
                self.figure("event_negative", event_id, start, self.period.end),
            )
        else:
            figures = (self.counted("documents"), self.counted("negative"))
        return Picture(base64.b64encode(chart.png(2.4)).decode(), caption, chart.alternative, figures)

    def _bars(self, event_id: str, start: datetime, hours: int) -> list[charts.Bar]:
        table = event_documents if event_id else documents
        key = event_documents.c.document_id if event_id else documents.c.id
        bucket = hour_bucket(self.connection, table.c.known_at)
        query = select(bucket.label("hour"), analyses.c.sentiment, func.count().label("number")).outerjoin(
            analyses, analyses.c.document_id == key
        )
        if event_id:
            query = query.where(event_documents.c.event_id == event_id)
        rows = self.connection.execute(
            query.where(table.c.known_at >= start, table.c.known_at < self.period.end).group_by(
                bucket, analyses.c.sentiment
            )
        )
        all_: Counter[datetime] = Counter()
        negative: Counter[datetime] = Counter()
        span = (self.period.end - start).total_seconds() / 3600
        step = max(hours, 1 if span <= 72 else 6 if span <= 336 else 24)
        for row in rows:
            local = shanghai(hour_of(row.hour))
            cell = local.replace(hour=local.hour // step * step)
            all_[cell] += row.number
            negative[cell] += row.number if row.sentiment == Polarity.NEGATIVE else 0
        local = shanghai(start)
        at = local.replace(hour=local.hour // step * step, minute=0, second=0, microsecond=0)
        bars = []
        while at < self.period.end:
            bars.append(charts.Bar(at, all_[at], negative[at]))
            at += timedelta(hours=step)
        return bars


def at_clock(day: str, hour: int) -> datetime:
    """That hour of a day in Shanghai."""
    return parse_time(f"{day}T{hour:02d}:00")
