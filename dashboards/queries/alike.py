"""同类的事: how other events of the same topic went and were handled, and what follows from that for an event now.

Three statements. Briefings and the page of an event read alike; what is suggested is for `pipeline.events` to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from dashboards.queries import cases as case_queries
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.state import CaseState
from pipeline.document import EventState, Judged, Stage
from pipeline.events.consequences import PastCase
from pipeline.store.events import state_of
from pipeline.store.schema.cases import cases
from pipeline.store.schema.events import changes, events

MOST = 100  # cases of the topic, the latest


@dataclass(frozen=True, slots=True)
class Alike:
    """Another event of the topic that has a case."""

    row: Row[Any]
    state: EventState
    times_hot: int
    case: CaseState

    def past(self) -> PastCase | None:
        """As experience; None while its case is open."""
        case = self.case
        if case.opened_at is None or case.closed_at is None:
            return None
        first = min((response.moment for response in case.responses), default=None)
        return PastCase(
            number=case.number,
            title=case.title,
            topic=self.state.topic,
            topic_sub=self.state.topic_sub,
            documents=self.state.documents,
            times_hot=self.times_hot,
            days_open=(case.closed_at - case.opened_at).total_seconds() / 86_400,
            hours_to_response=(first - case.opened_at).total_seconds() / 3600 if first else None,
            lessons=case.lessons,
        )


@dataclass(frozen=True, slots=True)
class Handled:
    """The cases of an event itself and of the others of its topic, the latest first."""

    own: tuple[CaseState, ...]
    others: tuple[Alike, ...]

    @property
    def past(self) -> list[PastCase]:
        """What the closed ones teach."""
        return [past for one in self.others if (past := one.past()) is not None]


def read(connection: Connection, row: Row[Any]) -> Handled:
    """Of the event in this row of `events`."""
    times_hot = (
        select(func.count())
        .where(changes.c.event_id == events.c.id, changes.c.type == "stage", changes.c.what == Stage.HOT.value)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(events, cases.c.id.label("case_id"), times_hot.label("times_hot"))
        .join(cases, cases.c.event_id == events.c.id)
        .where(events.c.topic == row.topic, events.c.id != row.id, events.c.merged_into == "")
        .where(cases.c.purged_at.is_(None))
        .order_by(events.c.opened_at.desc(), cases.c.opened_at.desc())
        .limit(MOST)
    ).all()
    wanted = or_(cases.c.event_id == row.id, cases.c.id.in_([one.case_id for one in rows]))
    found = case_queries.load_many(connection, wanted)
    known = {case.id: case for case in found}
    others = tuple(
        Alike(one, state_of(one.state), one.times_hot, known[one.case_id]) for one in rows if one.case_id in known
    )
    return Handled(tuple(case for case in found if case.event_id == row.id), others)


def legal_class(case: CaseState | None, mechanism: Mechanism) -> str:
    """The name of the class that a person set; '' while nobody has."""
    return mechanism.class_of(case.legal_class).name if case and case.legal_class else ""


def opinion_kind(case: CaseState | None, judged: Iterable[Judged]) -> str:
    """As a person judged it in the assessment, else what most of these documents voice; '' when they voice none."""
    if case and case.assessment:
        return case.assessment.opinion_kind
    said = Counter(one.analysis.opinion_kind.label for one in judged if one.analysis.opinion_kind)
    return said.most_common(1)[0][0] if said else ""
