"""日报: about 500 characters and one chart; cut-off 07:00, out before 08:00, a draft until it is signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import fitting, parts, wording
from dashboards.briefings.advising import advice
from dashboards.briefings.content import Block, Briefing, BriefingKind, Heading, Paragraph, Sentence
from dashboards.briefings.frame import framed
from dashboards.briefings.material import Material, Period, Told, at_clock
from dashboards.briefings.proofs import LONG_AGO
from dashboards.words import SCOPES
from pipeline.document import Scope

CUT_OFF = 7
WORTH = 3  # 黄色 and above
LETTERS = 550  # of headings and paragraphs
NEAR = (Scope.LOCAL,)
FAR = (Scope.NEIGHBOURING, Scope.NATIONAL, Scope.INTERNATIONAL)


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is said: events in five points, events in one line, letters of a quotation, quotations an event."""

    full: int
    brief: int
    quoted: int
    voices: int


DEPTHS = (Depth(2, 2, 44, 2), Depth(1, 3, 44, 2), Depth(1, 2, 36, 2), Depth(1, 2, 30, 1), Depth(1, 1, 24, 1))
MOST = max(depth.full + depth.brief for depth in DEPTHS)


def write(connection: Connection, settings: Settings, day: date) -> Briefing:
    """The briefing of a day: what became known in the 24 hours before its 07:00."""
    end = at_clock(day.isoformat(), CUT_OFF)
    material = Material(connection, settings, Period(end - timedelta(hours=24), end))
    chosen = worth_telling(material, NEAR, MOST)
    around: list[Block] = [Heading(1, "苗头"), *parts.signs(material)]
    around += [Heading(1, "留言与12345"), parts.letters(material, 2)]
    around += [Heading(1, "批示交办进展"), *parts.instructions(material)]
    around += [Heading(1, "周边与全国"), *elsewhere(material)]
    around += [Heading(1, "监测覆盖"), parts.coverage(material)]
    first: list[Block] = [Heading(1, "概况"), overview(material, chosen[:1])]

    def body(step: int) -> list[Block]:
        return [*first, Heading(1, "重点舆情"), *important(material, chosen, DEPTHS[step]), *around]

    blocks = fitting.shortest_fitting(body, len(DEPTHS), lambda said: fitting.letters(said) <= LETTERS)
    blocks.insert(len(first), material.picture(caption="监测时段信息量（深色为负面）"))
    return framed(material, BriefingKind.DAILY, blocks)


def worth_telling(material: Material, scopes: tuple[Scope, ...], most: int) -> list[Told]:
    """Events that an alert or their stage singles out; a day of small talk has none."""
    found = []
    loudest = material.loudest(scopes, most * 4)
    levels = material.levels(loudest)
    for event_id in loudest:
        stage = material.figure("stage", event_id, material.period.end).value
        if (levels.get(event_id, 9) <= WORTH or stage in ("集聚", "热议")) and (told := material.told(event_id)):
            found.append(told)
        if len(found) == most:
            break
    return found


def overview(material: Material, chosen: list[Told]) -> Paragraph:
    """How much, of what mood, against the period before, which alerts, what stands out."""
    all_, negative, alerts = material.counted("documents"), material.counted("negative"), material.counted("alerts")
    before = material.figure("documents", material.period.before().start, material.period.before().end)
    if all_.value == "0":
        return Paragraph((Sentence("监测时段内没有收到信息，没有发出预警。", (), (all_, alerts)),))
    first = Sentence(
        f"共监测到信息{all_.value}条，{wording.against(all_, before, '条')}；"
        f"负面{negative.value}条，占{wording.percent(negative, all_)}。",
        (),
        (all_, before, negative),
    )
    warned = wording.say("发出预警{}条。" if alerts.value != "0" else "没有发出预警。", alerts)
    if chosen:
        names = "、".join(f"{wording.titled(told.title)}" for told in chosen)
        figures = tuple(material.figure("event", told.id, LONG_AGO, material.period.end) for told in chosen)
        last = Sentence(f"需要关注的是{names}。", (), figures)
    else:
        last = Sentence("没有事件进入集聚、热议阶段，也没有黄色以上提示。", (), (alerts,))
    return Paragraph((first, warned, last))


def important(material: Material, chosen: list[Told], depth: Depth) -> list[Block]:
    """The first in five points, the others in a line; on a quiet day, what was watched."""
    if not chosen:
        return [quiet(material)]
    blocks: list[Block] = []
    for told in chosen[: depth.full]:
        blocks.append(Heading(2, f"{told.title}（{parts.level_name(told.level)}）"))
        blocks += five_points(material, told, depth)
    others = chosen[depth.full : depth.full + depth.brief]
    if others:
        blocks += [Heading(2, "其他"), Paragraph(tuple(in_a_line(material, told) for told in others))]
    return blocks


def five_points(material: Material, told: Told, depth: Depth) -> Iterator[Paragraph]:
    """概要、传播、观点、处置、建议."""
    shown = parts.summary(material, told, letters=depth.quoted)
    yield Paragraph(tuple(shown), "概要：")
    yield Paragraph((parts.spread(material, told, kinds_told=2),), "传播：")
    used = [key for one in shown for key in one.documents]
    if voices := parts.quotes(material, told, depth.voices, used, depth.quoted):
        yield Paragraph(tuple(voices), "观点：")
    if told.case:
        yield Paragraph((parts.handling_brief(material, told.case),), "处置：")
    if advised := advice(material, told, 1):
        yield Paragraph((advised[0].short(),), "建议：")


def in_a_line(material: Material, told: Told) -> Sentence:
    """An event that is not told in five points."""
    stage = material.figure("stage", told.id, material.period.end)
    figure = material.counted("event", told.id)
    text = f"{wording.titled(told.title)}（{parts.level_name(told.level)}），监测时段内{figure.value}条，处于{stage.value}阶段。"
    return Sentence(text, (told.first.document.id,), (figure, stage))


def quiet(material: Material) -> Paragraph:
    """Nothing stood out: what was listened to, and what was said most."""
    loudest = [told for event_id in material.loudest(NEAR, 2) if (told := material.told(event_id))]
    watched = wording.say(
        "没有需要单独报告的事件；已查看监测时段内全部{}条信息，其中留言、热线和依申请公开{}件。",
        material.counted("documents"),
        material.counted("letters"),
    )
    sentences = [watched]
    for told in loudest:
        figure = material.counted("event", told.id)
        sentences.append(
            Sentence(
                f"{'其中有' if figure.value == '1' else '相对较多的是'}{wording.titled(told.title)}，{figure.value}条。",
                (told.first.document.id,),
                (figure,),
            )
        )
    return Paragraph(tuple(sentences))


def elsewhere(material: Material) -> list[Block]:
    """Neighbours and the nation: one line each."""
    blocks: list[Block] = []
    for scope in FAR[:2]:
        for event_id in material.loudest((scope,), 1):
            told = material.told(event_id)
            if told is None:
                continue
            figure = material.counted("event", told.id)
            stage = material.figure("stage", told.id, material.period.end)
            moved = "" if stage.value == "散播" else f"，处于{stage.value}阶段"
            local = (
                "未见本地关联"
                if told.case is None and told.level is None
                else f"已按{parts.level_name(told.level)}提示"
            )
            text = f"{SCOPES[scope]}：{wording.titled(told.title)}，监测时段内{figure.value}条{moved}，{local}。"
            blocks.append(Paragraph((Sentence(text, (told.first.document.id,), (figure, stage)),)))
    return blocks or [
        Paragraph((Sentence("监测时段内未收到周边和全国的相关信息。", (), (material.counted("documents"),)),))
    ]
