"""Named queries behind every number (数字的出处): asked when a briefing is drafted, and again when it is exported.

A query looks only at what was known before its own end, so that an old briefing can be written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from dashboards.briefings import tickets
from dashboards.briefings.content import Briefing, Figure, Query
from dashboards.queries.coverage import gaps
from dashboards.words import KINDS, STAGES, moment
from pipeline.clock import iso, parse_time
from pipeline.document import Kind, Polarity, Stage
from pipeline.store import duty
from pipeline.store.schema.cases import case_entries, cases
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import alerts, changes, event_documents
from pipeline.store.schema.sources import source_hours, sources

LETTERS = (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE)
SIGNS = ("early-sign", "likely-hot")
LONG_AGO = datetime(2000, 1, 1, tzinfo=parse_time("2000-01-01").tzinfo)


@dataclass(frozen=True, slots=True)
class Changed:
    """A number that is not what it was when the briefing was drafted."""

    query: Query
    before: str
    now: str

    def text(self, names: Mapping[str, str]) -> str:
        return f"{describe(self.query, names)}：起草时{self.before}，现为{self.now}"


@dataclass
class Asking:
    """Asks the store; what was counted once in this transaction is not counted again."""

    connection: Connection
    _totals: dict[tuple[str, ...], dict[tuple[str, str], int]] = field(default_factory=dict)
    _topics: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    _values: dict[Query, str] = field(default_factory=dict)

    def figure(self, name: str, *arguments: str | datetime) -> Figure:
        """The answer now. KeyError when there is no such query."""
        query = Query(name, tuple(iso(one) if isinstance(one, datetime) else one for one in arguments))
        return Figure(query, self.answer(query))

    def answer(self, query: Query) -> str:
        if query not in self._values:
            self._values[query] = QUERIES[query.name].ask(self, *query.arguments)
        return self._values[query]

    def totals(self, start: str, end: str, event: str = "") -> dict[tuple[str, str], int]:
        """(kind, sentiment) → documents known in [start, end), of an event when given."""
        key = (start, end, event)
        if key not in self._totals:
            table = event_documents if event else documents
            query = select(documents.c.kind, analyses.c.sentiment, func.count().label("number"))
            if event:
                query = query.join(event_documents, event_documents.c.document_id == documents.c.id)
                query = query.where(event_documents.c.event_id == event)
            query = (
                query.outerjoin(analyses, analyses.c.document_id == documents.c.id)
                .where(table.c.known_at >= parse_time(start), table.c.known_at < parse_time(end))
                .group_by(documents.c.kind, analyses.c.sentiment)
            )
            rows = self.connection.execute(query)
            self._totals[key] = {(row.kind, row.sentiment or ""): row.number for row in rows}
        return self._totals[key]

    def letter_topics(self, start: str, end: str) -> dict[str, int]:
        """Topic → letters known in [start, end), the most frequent first."""
        if (start, end) not in self._topics:
            query = (
                select(analyses.c.topic, func.count().label("number"))
                .join(documents, documents.c.id == analyses.c.document_id)
                .where(documents.c.kind.in_([kind.value for kind in LETTERS]))
                .where(documents.c.known_at >= parse_time(start), documents.c.known_at < parse_time(end))
                .group_by(analyses.c.topic)
                .order_by(func.count().desc(), analyses.c.topic)
            )
            self._topics[(start, end)] = {row.topic: row.number for row in self.connection.execute(query)}
        return self._topics[(start, end)]


@dataclass(frozen=True, slots=True)
class Named:
    """A query: how it is asked, and how the annex says it. `words` has {0}, {1} … for its arguments."""

    ask: Callable[..., str]
    words: str


def _documents(asking: Asking, start: str, end: str, *kinds: str) -> str:
    return str(sum(n for (kind, _), n in asking.totals(start, end).items() if not kinds or kind in kinds))


def _documents_of(asking: Asking, kind: str, start: str, end: str) -> str:
    return _documents(asking, start, end, kind)


def _negative(asking: Asking, start: str, end: str) -> str:
    return str(sum(n for (_, mood), n in asking.totals(start, end).items() if mood == Polarity.NEGATIVE))


def _letters(asking: Asking, start: str, end: str) -> str:
    return _documents(asking, start, end, *LETTERS)


def _event(asking: Asking, event: str, start: str, end: str) -> str:
    return str(sum(asking.totals(start, end, event).values()))


def _event_negative(asking: Asking, event: str, start: str, end: str) -> str:
    return str(sum(n for (_, mood), n in asking.totals(start, end, event).items() if mood == Polarity.NEGATIVE))


def _event_kind(asking: Asking, event: str, kind: str, start: str, end: str) -> str:
    return str(sum(n for (one, _), n in asking.totals(start, end, event).items() if one == kind))


def _stage(asking: Asking, event: str, at: str) -> str:
    query = (
        select(changes.c.what)
        .where(changes.c.event_id == event, changes.c.type == "stage", changes.c.at < parse_time(at))
        .order_by(changes.c.number.desc())
        .limit(1)
    )
    return STAGES[Stage(asking.connection.execute(query).scalar_one_or_none() or Stage.SPREAD)]


def _alerts(asking: Asking, start: str, end: str) -> str:
    query = (
        select(func.count()).select_from(alerts).where(alerts.c.at >= parse_time(start), alerts.c.at < parse_time(end))
    )
    return str(asking.connection.execute(query).scalar_one())


def _signs(asking: Asking, start: str, end: str) -> str:
    query = select(func.count()).select_from(alerts).where(alerts.c.rule.in_(SIGNS))
    query = query.where(alerts.c.at >= parse_time(start), alerts.c.at < parse_time(end))
    return str(asking.connection.execute(query).scalar_one())


def _open_cases(asking: Asking, at: str) -> str:
    moment_ = parse_time(at)
    query = (
        select(func.count())
        .select_from(cases)
        .where(cases.c.opened_at < moment_, or_(cases.c.closed_at.is_(None), cases.c.closed_at >= moment_))
    )
    return str(asking.connection.execute(query).scalar_one())


def _alert(asking: Asking, alert_id: str) -> str:
    return str(
        asking.connection.execute(select(alerts.c.reason).where(alerts.c.id == alert_id)).scalar_one_or_none() or ""
    )


def _case(asking: Asking, case_id: str, at: str) -> str:
    """How long the history was, and the digest of its last entry: the record that a sentence tells of."""
    row = asking.connection.execute(
        select(case_entries.c.seq, case_entries.c.digest)
        .where(case_entries.c.case_id == case_id, case_entries.c.at < parse_time(at))
        .order_by(case_entries.c.seq.desc())
        .limit(1)
    ).one_or_none()
    return f"{row.seq}条，末条摘要{row.digest[:12]}" if row else "0条"


def _topic(asking: Asking, topic: str, start: str, end: str) -> str:
    return str(asking.letter_topics(start, end).get(topic, 0))


def _sources(asking: Asking, start: str, end: str) -> str:
    """Sources whose visits succeeded at least once in the time."""
    query = select(func.count(func.distinct(source_hours.c.source_id))).where(
        source_hours.c.hour >= parse_time(start) - timedelta(hours=1),
        source_hours.c.hour < parse_time(end),
        source_hours.c.runs > source_hours.c.failed,
    )
    return str(asking.connection.execute(query).scalar_one())


def _enabled(asking: Asking) -> str:
    query = select(func.count()).select_from(sources).where(sources.c.enabled.is_(True))
    return str(asking.connection.execute(query).scalar_one())


def _missing(asking: Asking, start: str, end: str) -> str:
    """Sources with gaps, by name; '' = none."""
    found = gaps(asking.connection, parse_time(start), parse_time(end))
    return "、".join(sorted({gap.name for gap in found}))


def _spoken(asking: Asking, start: str, end: str) -> str:
    """Names under which documents came: what is known of sources that were imported."""
    query = select(func.count(func.distinct(documents.c.source))).where(
        documents.c.known_at >= parse_time(start), documents.c.known_at < parse_time(end)
    )
    return str(asking.connection.execute(query).scalar_one())


def _on_duty(asking: Asking, at: str, post: str) -> str:
    moment_ = parse_time(at)
    found = duty.shifts(asking.connection, moment_, moment_ + timedelta(microseconds=1))
    return "、".join(dict.fromkeys(shift.person for shift in found if shift.post == post))


QUERIES = {
    "documents": Named(_documents, "{0}至{1}知悉的文档数"),
    "documents_of": Named(_documents_of, "{1}至{2}知悉的{0}文档数"),
    "negative": Named(_negative, "{0}至{1}知悉的负面文档数"),
    "letters": Named(_letters, "{0}至{1}的留言、热线、依申请公开件数"),
    "tickets_with_term": Named(tickets.with_term, "截至{0}写明办理时限的热线工单数"),
    "tickets_overdue": Named(tickets.overdue, "{0}已超过办理时限而未办结的热线工单数"),
    "tickets_overdue_units": Named(tickets.overdue_units, "{0}超时限未办结工单较多的承办单位"),
    "tickets_answered": Named(tickets.answered, "{0}至{1}办结工单的满意度评价数"),
    "topic": Named(_topic, "{1}至{2}话题为“{0}”的来信来电件数"),
    "event": Named(_event, "事件{0}{1}至{2}的文档数"),
    "event_negative": Named(_event_negative, "事件{0}{1}至{2}的负面文档数"),
    "event_kind": Named(_event_kind, "事件{0}{2}至{3}的{1}文档数"),
    "stage": Named(_stage, "事件{0}在{1}所处阶段（变化记录）"),
    "alerts": Named(_alerts, "{0}至{1}发出的预警数"),
    "signs": Named(_signs, "{0}至{1}的苗头预警数"),
    "open_cases": Named(_open_cases, "{0}在办的处置单数"),
    "alert": Named(_alert, "预警{0}的理由"),
    "case": Named(_case, "处置单{0}截至{1}的记录"),
    "sources": Named(_sources, "{0}至{1}采集成功的信源数（信源台账）"),
    "enabled": Named(_enabled, "启用的信源数"),
    "missing": Named(_missing, "{0}至{1}有缺口的信源（信源台账）"),
    "spoken": Named(_spoken, "{0}至{1}有文档的来源数"),
    "on_duty": Named(_on_duty, "值班表 {0} {1}"),
}


def describe(query: Query, names: Mapping[str, str]) -> str:
    """The query in words, its times as the office reads them, events and cases by name."""
    said = (f"“{names[one]}”" if one in names else _readable(one) for one in query.arguments)
    return QUERIES[query.name].words.format(*said)


def _readable(argument: str) -> str:
    if argument == iso(LONG_AGO):
        return "自始"
    if len(argument) > 18 and argument[4] == "-":
        return moment(parse_time(argument))
    return (
        KINDS[Kind(argument)]
        if argument in set(Kind)
        else {"duty": "值班员", "leader": "带班领导"}.get(argument, argument)
    )


def changed(connection: Connection, briefing: Briefing) -> list[Changed]:
    """Every number that the store now answers differently."""
    asking = Asking(connection)
    found = []
    for figure in dict.fromkeys(briefing.figures()):
        now = asking.answer(figure.query)
        if now != figure.value:
            found.append(Changed(figure.query, figure.value, now))
    return found


def recomputed(connection: Connection, briefing: Briefing) -> Briefing:
    """The briefing with a note that says which numbers changed since it was drafted; unchanged when none did."""
    found = changed(connection, briefing)
    if not found:
        return briefing
    note = "起草后数据有变化：" + "；".join(one.text(briefing.names) for one in found[:8]) + "。"
    return replace(briefing, notes=(*briefing.notes, note))
