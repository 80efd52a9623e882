"""The daily mail (每日邮件): what the office must know at its hour, in a fixed order, readable on a phone.

到期与逾期 → 重点事件（至多三件） → 苗头 → 热线与留言 → 昨日回应与效果 → 周边可借鉴 → 信源覆盖 → 今日值班. As known at the cut-off, so that
it can be written again; collected text is masked already. Whoever belongs to a unit that people complain of does not read of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import css_inline
from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import parts, tickets, wording
from dashboards.briefings.advising import advice
from dashboards.briefings.content import Block, Paragraph, Sentence
from dashboards.briefings.daily import NEAR, worth_telling
from dashboards.briefings.material import Material, Period, Told
from dashboards.pages import Pages
from dashboards.words import moment, short, span
from pipeline.cases.clocks import Standing, clocks, has_clock
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.people import Person
from pipeline.cases.responses import FORM_NAMES
from pipeline.cases.roster import POST_NAMES
from pipeline.cases.state import AssignmentStatus, CaseState, Phase
from pipeline.clock import SHANGHAI, shanghai
from pipeline.document import Notice, Scope
from pipeline.notices.outbox import notice_key
from pipeline.store import events

DAY = timedelta(hours=24)
KEY_EVENTS, NEIGHBOURS, AT_MOST = 3, 2, 8
CHART = "volume"
PHONE = 320  # points: as wide as a phone shows it, so that its letters stay legible


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said. `urgent` stands out; `path` opens what is behind it; nobody of `accused` reads it."""

    text: str
    head: str = ""
    path: str = ""
    urgent: bool = False
    accused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines; `nothing` is said when there are none."""

    title: str
    lines: tuple[Line, ...]
    nothing: str


@dataclass(frozen=True, slots=True)
class DailyMail:
    """The mail of a day, before it is addressed. `chart` is a PNG, `alternative` says the same in words."""

    day: date
    cut_off: datetime
    sections: tuple[Section, ...]
    chart: bytes
    alternative: str


def cut_off(settings: Settings, day: date) -> datetime:
    """The hour of that day at which the mail is ready."""
    return datetime.combine(day, time.fromisoformat(settings.mail.daily_at), SHANGHAI)


def write(connection: Connection, settings: Settings, day: date) -> DailyMail:
    """The mail of `day`: the 24 hours before its cut-off."""
    end = cut_off(settings, day)
    material = Material(connection, settings, Period(end - DAY, end))
    picture = material.picture(caption="昨日信息量（深色为负面）", width=PHONE)
    sections = (
        Section("到期与逾期", tuple(_due(material)), "没有逾期和24小时内到期的事项。"),
        Section("重点事件", tuple(_key_events(material)), "没有需要单独报告的事件。"),
        Section("苗头", tuple(_signs(material)), "没有触发苗头规则。"),
        Section(
            "热线与留言", tuple(_of([parts.letters(material), *tickets.handling(material)])), "没有收到留言和热线。"
        ),
        Section("昨日回应与效果", tuple(_responses(material)), "昨日没有登记回应，也没有到期的效果评估。"),
        Section("周边可借鉴", tuple(_neighbours(material)), "周边没有可借鉴的事件。"),
        Section("信源覆盖", tuple(_of([parts.coverage(material)], "/sources")), ""),
        Section("今日值班", tuple(_duty(material)), "值班表空缺，请马上排班。"),
    )
    return DailyMail(day, end, sections, base64.b64decode(picture.png), picture.alternative)


def addressed(mail: DailyMail, person: Person, settings: Settings, pages: Pages) -> Notice:
    """The mail as this person may read it. Its key is the day's and the person's: one a day, whatever happens."""
    sections = [_for(section, person) for section in mail.sections]
    urgent = sum(line.urgent for line in sections[0].lines)
    subject = f"【每日】{mail.day.month}月{mail.day.day}日舆情" + (f"：{urgent}项逾期" if urgent else "")
    base = settings.office.base_url.rstrip("/")
    page = pages.bare(
        "daily_mail.html", mail=mail, sections=sections, subject=subject, office=settings.office, base=base, chart=CHART
    )
    return Notice(
        key=key_of(mail.day, person.id),
        at=mail.cut_off,
        channel="mail",
        recipient=f"{person.name} <{person.mail}>",
        subject=subject,
        text=_plain(mail, sections, base),
        html=str(css_inline.inline(page)),
        thread=f"daily-{mail.day:%Y-%m}",
        images=((CHART, mail.chart),),
    )


def key_of(day: date, person_id: str) -> str:
    return notice_key("daily", day.isoformat(), person_id)


def _for(section: Section, person: Person) -> Section:
    kept = tuple(line for line in section.lines if not person.unit or person.unit not in line.accused)
    return Section(section.title, kept, section.nothing)


def _plain(mail: DailyMail, sections: Sequence[Section], base: str) -> str:
    said = []
    for section in sections:
        lines = [f"· {line.head}{'　' if line.head else ''}{line.text}" for line in section.lines] or [section.nothing]
        said.append("\n".join([f"【{section.title}】", *lines]))
    return "\n\n".join([*said, mail.alternative, f"截至{moment(mail.cut_off)}。查看：{base}/"])


# ---------------------------------------------------------------- sections
def _due(material: Material) -> Iterator[Line]:
    """Signatures, clocks and assignments that are overdue or fall due within a day, the longest overdue first."""
    end, mechanism = material.period.end, material.office.mechanism
    found: list[tuple[datetime, Line]] = []
    for case in material.cases:
        if case.finished:
            continue
        owed = [(f"{task.unit}反馈", task.due) for task in case.assignments if task.status is AssignmentStatus.OPEN]
        running = (Standing.OVERDUE, Standing.RUNNING)
        views = clocks(case, mechanism, end)
        owed += [(view.name, view.due) for view in views if view.standing in running]
        if case.phase is Phase.OPENED and case.opened_at and has_clock(case):
            minutes = mechanism.grade_of(case.level).acknowledge_minutes
            owed.append(("签收", case.opened_at + timedelta(minutes=minutes)))
        found += [(due, _owed(case, what, due, end)) for what, due in owed if due - end <= DAY]
    ordered = sorted(found, key=lambda one: (one[0], one[1].path, one[1].text))
    yield from (line for _, line in ordered[:AT_MOST])
    if len(ordered) > AT_MOST:
        yield Line(f"另有{len(ordered) - AT_MOST}项，请登录查看。", path="/cases")


def _owed(case: CaseState, what: str, due: datetime, at: datetime) -> Line:
    late = due <= at
    text = f"{what}，应于{moment(due)}，" + (f"已逾期{span(at - due)}" if late else f"还有{span(due - at)}")
    return Line(f"{short(case.title, 40)}：{text}。", case.number, f"/cases/{case.id}", late, case.accused)


def _key_events(material: Material) -> Iterator[Line]:
    for told in worth_telling(material, NEAR, KEY_EVENTS):
        sentences = [*parts.summary(material, told), parts.spread(material, told), *parts.handling(material, told.case)]
        yield _event(material, told, sentences)


def _event(material: Material, told: Told, sentences: Iterable[Sentence]) -> Line:
    accused = events.accused(material.connection, told.id)
    accused += told.case.accused if told.case else ()
    head = f"{told.title}（{parts.level_name(told.level)}）"
    return Line("".join(one.text for one in sentences), head, f"/events/{told.id}", accused=accused)


def _signs(material: Material) -> Iterator[Line]:
    """Each early sign with its reason; a sign of an event that complains of a unit is kept from that unit."""
    for row in material.early_signs():
        accused = events.accused(material.connection, row.event_id) if row.event_id else ()
        reason = short(row.reason.split("。")[0], 90)
        yield Line(f"{reason}。", row.title.removeprefix("苗头："), f"/alerts/{row.id}", accused=accused)


def _responses(material: Material) -> Iterator[Line]:
    """What went out in the period, and what earlier answers are now known to have done."""
    period = material.period
    for case in material.cases:
        by_id = {response.id: response for response in case.responses}
        measured = {effect.response: effect for effect in case.effects}
        for response in case.responses:
            if period.start <= response.moment < period.end:
                text = f"{wording.clock(response.moment)}，{response.unit}以{FORM_NAMES[response.form]}发布《{response.title}》。"
                effect = measured.get(response.id)
                text += f"效果：{wording.stop(effect.verdict)}" if effect else "效果待满一个观察时段后评估。"
                yield Line(text, case.number, f"/cases/{case.id}", accused=case.accused)
        for key, effect in measured.items():
            earlier = by_id.get(key)
            full = earlier.moment + timedelta(hours=effect.hours) if earlier else None
            if earlier and full and earlier.moment < period.start <= full < period.end:
                text = f"《{earlier.title}》发布{effect.hours}小时后：{wording.stop(effect.verdict)}"
                yield Line(text, case.number, f"/cases/{case.id}", accused=case.accused)


def _neighbours(material: Material) -> Iterator[Line]:
    """What happened next door, how far it went, and one measure that would fit if it came here."""
    for event_id in material.loudest((Scope.NEIGHBOURING,), NEIGHBOURS):
        told = material.told(event_id)
        if told is not None:
            advised = [one.sentence() for one in advice(material, told, 1)]
            hint = [Sentence(f"可借鉴：{one.text}", one.documents, one.figures, one.by) for one in advised]
            yield _event(material, told, [*parts.summary(material, told), parts.spread(material, told), *hint])


def _duty(material: Material) -> Iterator[Line]:
    on_duty = now_on_duty(material.connection, material.period.end)
    for post, people in (("duty", on_duty.officers), ("leader", on_duty.leaders)):
        for key in people:
            person = material.office.directory.find(key)
            if person is not None:
                said = "　".join(part for part in (person.name, person.title, person.telephone) if part)
                yield Line(said, POST_NAMES["duty" if post == "duty" else "leader"], "/duty")


def _of(blocks: Iterable[Block], path: str = "") -> Iterator[Line]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield Line("".join(sentence.text for sentence in block.sentences), path=path)


def day_of(at: datetime) -> date:
    """The office's calendar day."""
    return shanghai(at).date()
