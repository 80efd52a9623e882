"""周报 and 月报: the numbers by day or week, the events that mattered, signs, letters, the work, what was not heard."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import parts, wording
from dashboards.briefings.advising import measures, risk
from dashboards.briefings.content import Block, Briefing, BriefingKind, Heading, Paragraph, Sentence
from dashboards.briefings.daily import NEAR, elsewhere, overview, quiet, worth_telling
from dashboards.briefings.frame import framed
from dashboards.briefings.material import Material, Period, Told, at_clock
from dashboards.briefings.special import CORE, no_measure
from dashboards.words import KINDS
from pipeline.cases.responses import FORM_NAMES
from pipeline.clock import shanghai

MOST, ADVISED = 5, 2  # events told, and those with measures


def write(connection: Connection, settings: Settings, day: date) -> Briefing:
    """The week that `day` ends: seven days up to its midnight (the end of that day)."""
    end = at_clock((day + timedelta(days=1)).isoformat(), 0)
    return write_period(connection, settings, BriefingKind.WEEKLY, Period(end - timedelta(days=7), end))


def write_period(connection: Connection, settings: Settings, kind: BriefingKind, period: Period) -> Briefing:
    """The same body for a week or a month."""
    material = Material(connection, settings, period)
    chosen = worth_telling(material, NEAR, MOST)
    blocks: list[Block] = [
        core(material, chosen),
        Heading(1, "总体情况"),
        overview(material, chosen),
        by_kind(material),
    ]
    blocks.append(material.picture(caption="信息量走势（深色为负面）", hours=6 if kind is BriefingKind.WEEKLY else 24))
    blocks.append(Heading(1, "重点舆情"))
    if not chosen:
        blocks.append(quiet(material))
    for told in chosen:
        blocks.append(Heading(2, f"{told.title}（{parts.level_name(told.level)}）"))
        shown = parts.summary(material, told)
        sentences = [*shown, parts.spread(material, told)]
        sentences += parts.quotes(material, told, 2, [key for one in shown for key in one.documents], 40)
        sentences += parts.handling(material, told.case)
        blocks.append(Paragraph(tuple(sentences)))
    blocks += [Heading(1, "苗头"), *parts.signs(material)]
    blocks += [Heading(1, "留言与12345"), parts.letters(material)]
    blocks += [Heading(1, "批示交办与回应"), *work(material), *parts.instructions(material)]
    blocks += [Heading(1, "周边与全国"), *elsewhere(material)]
    blocks += [Heading(1, "研判与对策建议"), *outlook(material, chosen)]
    blocks += [Heading(1, "监测覆盖"), parts.coverage(material)]
    last = shanghai(period.end - timedelta(minutes=1))
    named = f"{wording.day(period.start)}至{last.month}月{last.day}日"
    title = f"政务舆情{'周报' if kind is BriefingKind.WEEKLY else '月报'}（{named}）"
    return framed(material, kind, blocks, title=title, period=f"监测时段：{named}")


def core(material: Material, chosen: list[Told]) -> Paragraph:
    """At most 200 letters: how much, what stood out, and one sentence of core risk."""
    all_, negative = material.counted("documents"), material.counted("negative")
    first = wording.say("共监测到信息{}条，负面{}条。", all_, negative)
    if not chosen:
        alerts = material.counted("alerts")
        return Paragraph((first, wording.say("没有需要单独报告的事件。", alerts)), "核心提示：")
    told = risk(material, chosen[0])
    names = [f"{wording.titled(one.title)}" for one in chosen]
    while len(names) > 1 and len(first.text) + len("".join(names)) + len(told.text) + 12 > CORE:
        names.pop()
    figures = tuple(material.counted("event", one.id) for one in chosen[: len(names)])
    named = Sentence(f"突出的是{'、'.join(names)}。", (), figures)
    return Paragraph((first, named, told), "核心提示：")


def outlook(material: Material, chosen: list[Told]) -> list[Block]:
    """What to do next about what is still moving: measures with owner and day; each event's name before its own."""
    blocks: list[Block] = []
    for told in chosen[:ADVISED]:
        blocks.append(Heading(2, told.title))
        blocks += measures(material, told, 2) or [no_measure(material, told)]
    return blocks or [Paragraph((wording.say("没有需要提出对策的事件。", material.counted("alerts")),))]


def by_kind(material: Material) -> Paragraph:
    """Where it was said."""
    counted = [(name, material.counted("documents_of", kind)) for kind, name in KINDS.items()]
    told = sorted((one for one in counted if one[1].value != "0"), key=lambda one: -int(one[1].value))
    if not told:
        return Paragraph((Sentence("没有分来源的信息。", (), (material.counted("documents"),)),))
    text = "按来源，" + "、".join(f"{name}{figure.value}条" for name, figure in told) + "。"
    return Paragraph((Sentence(text, (), tuple(figure for _, figure in told)),))


def work(material: Material) -> list[Block]:
    """What was answered in the period."""
    start, end = material.period.start, material.period.end
    answered = [(case, one) for case in material.cases for one in case.responses if start <= one.moment < end]
    opened = [case for case in material.cases if case.opened_at and case.opened_at >= start]
    closed = [case for case in material.cases if case.closed_at and case.closed_at >= start]
    proof = tuple(material.case_figure(case) for case in material.cases) or (material.figure("open_cases", end),)
    text = f"新建处置单{len(opened)}件，办结{len(closed)}件，作出回应{len(answered)}次"
    counts: dict[str, int] = {}
    for _, one in answered:
        counts[FORM_NAMES[one.form]] = counts.get(FORM_NAMES[one.form], 0) + 1
    detail = "、".join(
        f"{name}{number}次" for name, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return [Paragraph((Sentence(text + (f"（{detail}）。" if detail else "。"), (), proof),))]
