"""回应解读情况 and 考核督查 (统计): every number with the list behind it. Pure.

Settings: mechanism.statistics (title, columns 区政府、区直部门、镇街).
(一) counts one hot topic once, however often and by however many units it was answered: it stands in the column of the
unit that answered first, so that the columns add up to the total. 4 and 5 count events, in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pipeline.cases.clocks import Standing, clocks, has_clock, moment_text
from pipeline.cases.mechanism import Mechanism
from pipeline.cases.mechanism import Statistics as Rules
from pipeline.cases.refusal import Refused
from pipeline.cases.responses import FORM_NAMES
from pipeline.cases.state import AssignmentStatus, CaseState, Response
from pipeline.cases.vocabulary import Decision, Form
from pipeline.clock import SHANGHAI

WEIBO_WECHAT = (Form.WEIBO, Form.WECHAT)
LETTER_NAMES = {"letter": "工作建议", "rumour": "谣言线索函"}  # kinds of briefings that are letters
COUNTED_APART = (Form.PRESS_CONFERENCE, Form.ONLINE_INTERVIEW, Form.INTERPRETATION, *WEIBO_WECHAT)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list behind a number."""

    case_id: str
    number: str
    title: str
    unit: str
    moment: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: a label, what is counted, and per column the list that the number is the length of."""

    key: str
    label: str
    measure: Literal["次", "篇", "个"]
    lists: dict[str, tuple[Item, ...]]
    indent: int = 0

    def count(self, column: str) -> int:
        return len(self.lists[column])

    @property
    def total(self) -> int:
        return sum(len(items) for items in self.lists.values())


@dataclass(slots=True)
class UnitRecord:
    """考核督查 of one unit: assignments by how they were answered, submissions by whether they were used."""

    unit: str
    assigned: list[Item] = field(default_factory=list)
    on_time: list[Item] = field(default_factory=list)
    late: list[Item] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    returned: int = 0
    duties_met: list[Item] = field(default_factory=list)
    duties_missed: list[Item] = field(default_factory=list)
    submitted: list[Item] = field(default_factory=list)
    adopted: list[Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole statistics of a period [start, end)."""

    title: str
    period: str
    start: datetime
    end: datetime
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    units: tuple[UnitRecord, ...]
    quiet: tuple[Item, ...]  # 线下解决、持续关注 in the period
    letters: tuple[Item, ...] = ()  # 工作建议、谣言线索函 signed in the period

    def letter_counts(self) -> dict[str, int]:
        """How many of each kind; a kind of which there was none is said too."""
        found = dict.fromkeys(LETTER_NAMES.values(), 0)
        for item in self.letters:
            found[item.detail] += 1
        return found


def period_of(year: int, quarter: int | None = None, month: int | None = None) -> tuple[str, datetime, datetime]:
    """(name, start, end) of a year, one of its quarters or months, on the office's calendar."""
    if quarter is not None and not 1 <= quarter <= 4:
        raise Refused("季度只有1至4：请改正。")
    if month is not None and not 1 <= month <= 12:
        raise Refused("月份只有1至12：请改正。")
    first, months, name = 1, 12, f"{year}年"
    if quarter is not None:
        first, months, name = 3 * quarter - 2, 3, f"{year}年第{quarter}季度"
    elif month is not None:
        first, months, name = month, 1, f"{year}年{month}月"
    start = datetime(year, first, 1, tzinfo=SHANGHAI)
    after = first + months - 1
    return name, start, datetime(year + after // 12, after % 12 + 1, 1, tzinfo=SHANGHAI)


def column_of(unit: str, rules: Rules) -> str:
    """The column that a unit counts in: by name, by ending, else the rest."""
    for column in rules.column:
        if unit in column.units:
            return column.name
    for column in rules.column:
        if column.endings and unit.endswith(column.endings):
            return column.name
    return next(column.name for column in rules.column if column.rest)


def compile_report(
    cases: Iterable[CaseState],
    mechanism: Mechanism,
    name: str,
    start: datetime,
    end: datetime,
    at: datetime,
    letters: Iterable[Item] = (),
) -> Report:
    """Count a period from the cases as they stand at `at`."""
    rules = mechanism.statistics
    ordered = sorted(cases, key=lambda case: (case.number, case.id))
    given = [(c, r) for c in ordered for r in c.responses if start <= r.moment < end]
    return Report(
        title=rules.title,
        period=name,
        start=start,
        end=end,
        columns=tuple(column.name for column in rules.column),
        lines=_lines(given, rules),
        units=_units(ordered, mechanism, start, end, at),
        quiet=_quiet(ordered, start, end),
        letters=tuple(letters),
    )


Given = Sequence[tuple[CaseState, Response]]


def _lines(given: Given, rules: Rules) -> tuple[Line, ...]:
    def each(
        key: str, label: str, measure: Literal["次", "篇"], indent: int, wanted: Callable[[Response], bool]
    ) -> Line:
        return Line(key, label, measure, _by_column(((c, r) for c, r in given if wanted(r)), rules), indent)

    def events(
        key: str, label: str, measure: Literal["次", "个"], indent: int, wanted: Callable[[Response], bool]
    ) -> Line:
        return Line(key, label, measure, _by_column(_first_of_each(given, wanted), rules), indent)

    def conference(r: Response) -> bool:
        return r.form is Form.PRESS_CONFERENCE

    def interview(r: Response) -> bool:
        return r.form is Form.ONLINE_INTERVIEW

    return (
        events(
            "hot_topics",
            "（一）回应公众关注热点或重大舆情数（不同方式回应同一热点或舆情计1次）",
            "次",
            0,
            lambda _r: True,
        ),
        each("press_conferences", "（二）1．参加或举办新闻发布会总次数", "次", 0, conference),
        each(
            "press_conferences_principal",
            "其中：主要负责同志参加新闻发布会次数",
            "次",
            1,
            lambda r: conference(r) and r.principal,
        ),
        each("interviews", "2．政府网站在线访谈次数", "次", 0, interview),
        each(
            "interviews_principal",
            "其中：主要负责同志参加政府网站在线访谈次数",
            "次",
            1,
            lambda r: interview(r) and r.principal,
        ),
        each("interpretations", "3．政策解读稿件发布数", "篇", 0, lambda r: r.form is Form.INTERPRETATION),
        events("weibo_wechat", "4．微博微信回应事件数", "个", 0, lambda r: r.form in WEIBO_WECHAT),
        events("others", "5．其他方式回应事件数", "个", 0, lambda r: r.form not in COUNTED_APART),
    )


def _first_of_each(given: Given, wanted: Callable[[Response], bool]) -> list[tuple[CaseState, Response]]:
    """The first fitting response to each event; planned releases answer no event."""
    first: dict[str, tuple[CaseState, Response]] = {}
    for case, response in sorted(given, key=lambda pair: (pair[1].moment, pair[0].number, pair[1].id)):
        if has_clock(case) and wanted(response):
            first.setdefault(case.event_id or case.id, (case, response))
    return list(first.values())


def _by_column(pairs: Iterable[tuple[CaseState, Response]], rules: Rules) -> dict[str, tuple[Item, ...]]:
    lists: dict[str, list[Item]] = {column.name: [] for column in rules.column}
    for case, response in pairs:
        lists[column_of(response.unit, rules)].append(_item(case, response))
    return {name: tuple(sorted(items, key=lambda i: (i.moment, i.number))) for name, items in lists.items()}


def _item(case: CaseState, response: Response) -> Item:
    principal = "，主要负责同志参加" if response.principal else ""
    held = "" if response.form is not Form.PRESS_CONFERENCE else ("，举办" if response.held else "，参加")
    detail = f"{FORM_NAMES[response.form]}《{response.title}》{held}{principal}"
    return Item(case.id, case.number, case.title, response.unit, response.moment, detail)


def _units(
    cases: Sequence[CaseState], mechanism: Mechanism, start: datetime, end: datetime, at: datetime
) -> tuple[UnitRecord, ...]:
    records: dict[str, UnitRecord] = {}

    def of(unit: str) -> UnitRecord:
        return records.setdefault(unit, UnitRecord(unit))

    for case in cases:
        _count_assignments(case, start, end, at, of)
        _count_duties(case, mechanism, start, end, at, of)
        for submission in case.submissions:
            if start <= submission.at < end and submission.unit:
                item = Item(
                    case.id, case.number, submission.title, submission.unit, submission.at, f"报{submission.to}"
                )
                of(submission.unit).submitted.append(item)
                if submission.adopted_at is not None:
                    of(submission.unit).adopted.append(item)
    return tuple(records[unit] for unit in sorted(records))


def _count_assignments(
    case: CaseState, start: datetime, end: datetime, at: datetime, of: Callable[[str], UnitRecord]
) -> None:
    for a in case.assignments:
        if not start <= a.assigned_at < end:
            continue
        for unit in dict.fromkeys((*a.former_units, a.unit)):
            item = Item(
                case.id, case.number, case.title, unit, a.assigned_at, f"{a.number}，{moment_text(a.due)}前反馈"
            )
            record = of(unit)
            record.assigned.append(item)
            if unit in a.late_units or (unit == a.unit and a.status is AssignmentStatus.OPEN and at >= a.due):
                record.late.append(item)
            elif unit == a.unit and a.feedback_at is not None:
                record.on_time.append(item)
            elif unit == a.unit:
                record.waiting.append(item)
        of(a.unit).returned += a.returned


def _count_duties(
    case: CaseState, mechanism: Mechanism, start: datetime, end: datetime, at: datetime, of: Callable[[str], UnitRecord]
) -> None:
    lead = next(iter(case.lead_units), "")
    if not lead:
        return
    for view in clocks(case, mechanism, at):
        if not start <= view.due < end:
            continue
        item = Item(case.id, case.number, case.title, lead, view.due, f"{view.name}，应于{moment_text(view.due)}前")
        if view.standing is Standing.MET:
            of(lead).duties_met.append(item)
        elif view.standing in (Standing.MET_LATE, Standing.OVERDUE):
            of(lead).duties_missed.append(item)


def _quiet(cases: Sequence[CaseState], start: datetime, end: datetime) -> tuple[Item, ...]:
    """线下解决、持续关注: listed every month, with approver and review time."""
    found = []
    for case in cases:
        decision = case.decision
        if decision is None or decision.decision is Decision.ANSWER or case.decided_at is None:
            continue
        if start <= case.decided_at < end:
            name = "线下解决" if decision.decision is Decision.OFFLINE else "持续关注"
            review = "已解决" if case.resolved else f"{moment_text(case.review_at)}复核"
            detail = f"{name}：{decision.reason}（{review}）"
            found.append(Item(case.id, case.number, case.title, decision.approver, case.decided_at, detail))
    return tuple(found)
