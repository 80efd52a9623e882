"""专报: one event in depth: core, course, what every side says, what the units did, assessment, countermeasures, room for 批示."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import parts, wording
from dashboards.briefings.advising import measures, risk
from dashboards.briefings.content import Block, Briefing, BriefingKind, Heading, Paragraph, Sentence, Space
from dashboards.briefings.differing import unlike_published
from dashboards.briefings.frame import framed
from dashboards.briefings.material import Material, Period, Told
from dashboards.briefings.proofs import LONG_AGO
from dashboards.queries import alike
from dashboards.words import STAGES
from pipeline.cases.state import CaseState
from pipeline.document import Judged, Stage
from pipeline.errors import HuiyingError
from pipeline.events.consequences import consequences
from pipeline.events.countermeasures import AdviceFile

QUOTES = 12
CORE = 200  # letters


def write(connection: Connection, settings: Settings, event_id: str, at: datetime) -> Briefing:
    """The special briefing of an event as known at a moment."""
    material = Material(connection, settings, Period(at - timedelta(days=1), at))
    told = material.told(event_id)
    if told is None:
        raise HuiyingError(f"没有事件 {event_id}，或到那时还没有它的信息；事件编号在看板网址 /events/ 之后。")
    blocks: list[Block] = [core(material, told)]
    blocks += [Heading(1, "事件概述与走势"), *course(material, told)]
    blocks += [Heading(1, "各方观点"), *viewpoints(material, told)]
    blocks += [Heading(1, "涉事单位处置情况"), *units(material, told), *unlike_published(material, told)]
    blocks += [Heading(1, "研判"), *assessment(material, told)]
    blocks += [Heading(1, "对策建议"), *(measures(material, told, 4) or [no_measure(material, told)])]
    blocks += [Heading(1, "监测覆盖"), parts.coverage(material)]
    blocks.append(Space("领导批示：", 5))
    return framed(
        material, BriefingKind.SPECIAL, blocks, title=f"关于{wording.titled(told.title)}的舆情专报",
        period=f"数据截至{wording.clock(at)}", event_id=told.id,
    )  # fmt: skip


def core(material: Material, told: Told) -> Paragraph:
    """At most 200 letters: how much, where it stands, what was done, and one sentence of core risk."""
    spread = parts.spread(material, told, whole=True)
    text = spread.text.split("；")
    first = Sentence(f"{wording.titled(told.title)}{text[0]}，{text[-1]}", (), spread.figures)
    found = [first, *parts.handling(material, told.case)[1:2], risk(material, told)]
    while sum(len(one.text) for one in found) > CORE and len(found) > 2:
        del found[1]
    return Paragraph(tuple(found), "核心提示：")


def course(material: Material, told: Told) -> list[Block]:
    """What happened, the chart, the key moments."""
    blocks: list[Block] = [Paragraph(tuple(parts.summary(material, told, 4)))]
    blocks.append(Paragraph((parts.spread(material, told, whole=True),)))
    blocks.append(material.picture(told.id, "信息量走势（深色为负面，竖线为阶段变化和回应）"))
    blocks.append(Heading(2, "关键节点"))
    first = told.first
    said = first.document.published_at or first.document.known_at
    nodes: list[tuple[datetime, Sentence]] = [
        (said, Sentence(f"{wording.clock(said)}，{material.source_name(first)}首发。", (first.document.id,)))
    ]
    stage = material.figure("stage", told.id, material.period.end)
    nodes += [
        (move.at, Sentence(f"{wording.clock(move.at)}，进入{STAGES[Stage(move.what)]}阶段。", (), (stage,)))
        for move in material.stage_moves(told.id)
        if move.what in set(Stage)
    ]
    if told.case:
        figure = material.case_figure(told.case)
        nodes += [
            (
                one.moment,
                Sentence(
                    f"{wording.clock(one.moment)}，{parts.answered(one)}。",
                    (),
                    (figure,),
                ),
            )
            for one in told.case.responses
        ]
    nodes.sort(key=lambda node: node[0])
    kept = nodes if len(nodes) <= 14 else [*nodes[:8], *nodes[-6:]]
    blocks.append(Paragraph(tuple(sentence for _, sentence in kept)))
    return blocks


SIDES = (("官方", "官方"), ("媒体", "媒体"), ("意见领袖", "传播量较大的帖文"), ("群众", "群众"))


def viewpoints(material: Material, told: Told) -> list[Block]:
    """Official, media, widely spread posts, people; critics in the share that they have in the event."""
    chosen = parts.quotes(material, told, QUOTES)
    by_id = {one.document.id: one for one in told.judged}
    widely = _widely_spread(material, told)
    groups: dict[str, list[Sentence]] = {name: [] for name, _ in SIDES}
    for sentence in chosen:
        judged = by_id[sentence.documents[0]]
        party = material.party(judged)
        groups["意见领袖" if party == "群众" and judged.document.id in widely else party].append(sentence)
    blocks: list[Block] = []
    for key, name in SIDES:
        if groups[key]:
            blocks += [Heading(2, name), Paragraph(tuple(groups[key]))]
    end = material.period.end
    all_, negative = (
        material.figure("event", told.id, LONG_AGO, end),
        material.figure("event_negative", told.id, LONG_AGO, end),
    )
    critical = sum(one.critical for one in chosen)
    text = f"全部{all_.value}条中批评和不满{negative.value}条，占{wording.percent(negative, all_)}；以上摘录{len(chosen)}条，其中批评和不满{critical}条。"
    blocks.append(Paragraph((Sentence(text, (), (all_, negative)),)))
    return blocks


def _widely_spread(material: Material, told: Told) -> set[str]:
    """The tenth of the people's posts that was passed on most: posts, never persons."""
    posts = sorted((one for one in told.judged if material.party(one) == "群众"), key=parts.reach, reverse=True)
    kept: list[Judged] = [one for one in posts[: max(1, len(posts) // 10)] if parts.reach(one) > 0]
    return {one.document.id for one in kept}


def units(material: Material, told: Told) -> list[Block]:
    """What each unit was asked and answered; what was said in public."""
    case = told.case
    if case is None:
        stage = material.figure("stage", told.id, material.period.end)
        return [Paragraph((Sentence("尚未建立处置单，没有交办记录。", (), (stage,)),))]
    figure = material.case_figure(case)
    blocks: list[Block] = [Paragraph(tuple(parts.handling(material, case)))]
    for task in case.assignments:
        late = "（逾期）" if task.feedback_at and task.first_due and task.feedback_at > task.first_due else ""
        back = (
            f"{wording.clock(task.feedback_at)}反馈{late}：{task.feedback.rstrip('。')}"
            if task.feedback_at
            else f"应于{wording.clock(task.due)}反馈，尚未反馈"
        )
        text = f"{task.unit}（{'牵头' if task.lead else '配合'}）：{task.asked.rstrip('。')}；{back}。"
        blocks.append(Paragraph((Sentence(text, (), (figure,)),)))
    effects = [
        Sentence(f"回应后{one.hours}小时：{one.verdict.rstrip('。')}。", (), (figure,)) for one in case.effects[-1:]
    ]
    if effects:
        blocks.append(Paragraph(tuple(effects)))
    return blocks


def assessment(material: Material, told: Told) -> list[Block]:
    """A person's assessment under their name; what earlier cases and the forecast say, each with its source."""
    blocks: list[Block] = []
    case = told.case
    if case and case.assessment:
        blocks.append(Paragraph(tuple(_judged_by(material, case))))
    file = AdviceFile.load(material.settings.file("countermeasures.toml"))
    state = parts.state_then(material, told)
    kind, legal = alike.opinion_kind(case, told.judged), alike.legal_class(case, material.office.mechanism)
    past = alike.read(material.connection, told.row).past
    said = consequences(state, past, file, [1.0] * 24, kind, legal)
    stage = material.figure("stage", told.id, material.period.end)
    before = [Sentence(wording.stop(one), (), (stage,)) for one in said.before[:2] if "已办结 0 件" not in one]
    worse = "；".join(f"{one.text.rstrip('。')}（{one.source.split('：')[0]}）" for one in said.worse[:3])
    if worse:
        before.append(Sentence(f"需防止的是：{worse}。", (), (stage,)))
    if before:
        blocks.append(Paragraph(tuple(before)))
    return blocks or [Paragraph((Sentence("尚未填写研判表。", (), (stage,)),))]


def no_measure(material: Material, told: Told) -> Paragraph:
    return Paragraph((wording.say("没有适用的对策建议。", material.figure("stage", told.id, material.period.end)),))


def _judged_by(material: Material, case: CaseState) -> list[Sentence]:
    form = case.assessment
    assert form is not None
    by, figure = material.office.directory.name(case.assessed_by), material.case_figure(case)
    said = [f"意见类型为{form.opinion_kind}", *([f"群众诉求依次是：{'；'.join(form.demands)}"] if form.demands else [])]
    said += [form.trend] if form.trend else []
    said += [
        f"{ {'spread': '散播', 'gathering': '集聚', 'hot': '热议'}[key] }阶段可能后果：{text}"
        for key, text in form.consequences.items()
    ]
    return [Sentence(wording.stop(one), (), (figure,), by=by) for one in said]
