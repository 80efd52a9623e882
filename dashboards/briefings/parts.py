"""Parts that several briefings share (共用段落): an event in five points, viewpoints, coverage, signs, letters, instructions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboards.briefings import wording
from dashboards.briefings.content import Block, Paragraph, Sentence
from dashboards.briefings.material import Material, Told
from dashboards.briefings.proofs import LONG_AGO
from dashboards.words import KINDS, LEVELS, STAGES, short
from pipeline.cases.clocks import Standing, clocks
from pipeline.cases.responses import FORM_NAMES
from pipeline.cases.state import PHASE_NAMES, AssignmentStatus, CaseState, Response
from pipeline.cases.vocabulary import Form
from pipeline.document import EventState, Judged, Polarity
from pipeline.events.summary import summarise
from pipeline.store.events import state_of

RUMOURED = "（带传言迹象，未经证实）"


def summary(material: Material, told: Told, count: int = 1, letters: int = 70) -> list[Sentence]:
    """What happened, in sentences as they were written."""
    official = frozenset(one.document.source for one in told.judged if material.party(one) == "官方")
    by_id = {one.document.id: one for one in told.judged}
    found = list(summarise(told.judged, official, max(2, count)))
    found.sort(key=lambda one: (by_id[one.document_id].document.source not in official, -one.at.timestamp()))
    chosen = sorted(found[:count], key=lambda one: one.at)
    return [
        Sentence(
            f"{wording.clock(one.at)}，{material.source_name(by_id[one.document_id])}称："
            f"“{wording.quote(one.text, letters)}”{rumoured(by_id[one.document_id])}。",
            (one.document_id,),
            quoted=True,
            critical=by_id[one.document_id].analysis.sentiment.label is Polarity.NEGATIVE,
        )
        for one in chosen
    ]


def rumoured(judged: Judged) -> str:
    """What is said beside words that bear the marks of a rumour."""
    return RUMOURED if judged.analysis.rumour else ""


def spread(material: Material, told: Told, whole: bool = False, kinds_told: int = 3) -> Sentence:
    """How far it went: in the period (not when `whole`), altogether, by kind, stage."""
    end = material.period.end
    figures = [material.figure("event_kind", told.id, kind, LONG_AGO, end) for kind in KINDS]
    kinds = sorted(
        (
            (int(figure.value), KINDS[kind], figure)
            for kind, figure in zip(KINDS, figures, strict=True)
            if figure.value != "0"
        ),
        key=lambda one: -one[0],
    )[:kinds_told]
    told_kinds = "、".join(f"{name}{number}条" for number, name, _ in kinds)
    sentence = wording.growth(
        None if whole else material.figure("event", told.id, material.period.start, end),
        material.figure("event", told.id, LONG_AGO, end),
        material.figure("event_negative", told.id, LONG_AGO, end),
        material.figure("stage", told.id, end),
        told_kinds,
    )
    return Sentence(sentence.text, (), (*sentence.figures, *(figure for _, _, figure in kinds)))


def quotes(material: Material, told: Told, most: int, skip: Sequence[str] = (), letters: int = 60) -> list[Sentence]:
    """Voices, at most so many, the critics' share as in the event: within ten points where enough was said."""
    spoken = [one for one in told.judged if usable(one) and one.document.id not in skip]
    critics = [one for one in spoken if one.analysis.sentiment.label is Polarity.NEGATIVE]
    others = [one for one in spoken if one.analysis.sentiment.label is not Polarity.NEGATIVE]
    share = event_share(material, told)
    best: tuple[float, int, int] = (9.0, 0, 0)
    for number in range(min(most, len(spoken)), 0, -1):
        critical = min(len(critics), max(round(share * number), 1 if share > 0 else 0))
        kept = min(len(others), number - critical)
        if critical + kept == 0:
            continue
        off = abs(critical / (critical + kept) - share)
        if off < best[0] - 0.02:
            best = (off, critical, kept)
    chosen = [*_telling(critics, best[1]), *_telling(others, best[2])]
    return [
        _said(material, one, letters)
        for one in sorted(chosen, key=lambda one: (one.document.known_at, one.document.id))
    ]


def event_share(material: Material, told: Told) -> float:
    """The critics' share of the event's documents by the cut-off."""
    all_ = int(material.figure("event", told.id, LONG_AGO, material.period.end).value)
    negative = int(material.figure("event_negative", told.id, LONG_AGO, material.period.end).value)
    return negative / all_ if all_ else 0.0


def usable(judged: Judged) -> bool:
    return len(wording.quote(judged.analysis.masked_text.split("//@")[0])) >= 8


def _telling(judged: Sequence[Judged], count: int) -> list[Judged]:
    """Different sentences, the most widely read first; of the same reach, the later."""
    seen: set[str] = set()
    found = []
    for one in sorted(judged, key=lambda one: (-reach(one), -one.document.known_at.timestamp(), one.document.id)):
        text = wording.quote(one.analysis.masked_text.split("//@")[0])
        if text[:16] not in seen:
            seen.add(text[:16])
            found.append(one)
    return found[:count]


def reach(judged: Judged) -> int:
    counts = judged.document.counts
    return (counts.reposts or 0) + (counts.comments or 0) + (counts.likes or 0) // 10


def _said(material: Material, judged: Judged, letters: int) -> Sentence:
    text = wording.quote(judged.analysis.masked_text.split("//@")[0], letters)
    critical = judged.analysis.sentiment.label is Polarity.NEGATIVE
    return Sentence(
        f"{material.source_name(judged)}：“{text}”{rumoured(judged)}。",
        (judged.document.id,),
        quoted=True,
        critical=critical,
    )


def handling(material: Material, case: CaseState | None) -> list[Sentence]:
    """What the office and the units did by the cut-off, from the case's history."""
    if case is None:
        return []
    figure = material.case_figure(case)
    text = f"已建处置单（{case.number}），{PHASE_NAMES[case.phase]}"
    if case.lead_units:
        text += f"，由{'、'.join(case.lead_units)}牵头"
    waiting = [a.unit for a in case.assignments if a.status is AssignmentStatus.OPEN]
    if case.assignments:
        fed = [a for a in case.assignments if a.feedback_at]
        text += f"；交办{len(case.assignments)}件，已反馈{len(fed)}件"
    if waiting:
        text += f"，{'、'.join(dict.fromkeys(waiting))}待反馈"
    found = [Sentence(text + "。", (), (figure,))]
    if case.responses:
        last = case.responses[-1]
        done = f"已回应{len(case.responses)}次，最近一次是{wording.clock(last.moment)}{answered(last)}。"
        found.append(Sentence(done, (), (figure,)))
    late = [
        view.name
        for view in clocks(case, material.office.mechanism, material.period.end)
        if view.standing is Standing.OVERDUE
    ]
    if late:
        found.append(Sentence("".join(f"“{name}”" for name in late) + "已超过时限。", (), (figure,)))
    return found


def answered(response: Response) -> str:
    """Who answered, and how."""
    if response.form is Form.PRESS_CONFERENCE:
        return f"{response.unit}{'召开' if response.held else '参加'}新闻发布会"
    return f"{response.unit}以{FORM_NAMES[response.form]}发布《{response.title}》"


def handling_brief(material: Material, case: CaseState) -> Sentence:
    """The same in one short sentence: who leads, how it stands, what came back, the last answer."""
    text = (
        f"{'、'.join(case.lead_units)}牵头，{PHASE_NAMES[case.phase]}" if case.lead_units else PHASE_NAMES[case.phase]
    )
    if case.assignments:
        text += f"；交办{len(case.assignments)}件、反馈{sum(1 for task in case.assignments if task.feedback_at)}件"
    if case.responses:
        last = case.responses[-1]
        text += f"；{wording.clock(last.moment)}{answered(last)}"
    return Sentence(text + "。", (), (material.case_figure(case),))


def state_then(material: Material, told: Told) -> EventState:
    """The event's state with stage and numbers as they were at the cut-off."""
    end = material.period.end
    stage = material.figure("stage", told.id, end).value
    return replace(
        state_of(told.row.state),
        stage=next(one for one, name in STAGES.items() if name == stage),
        documents=int(material.figure("event", told.id, LONG_AGO, end).value),
        negative=int(material.figure("event_negative", told.id, LONG_AGO, end).value),
        rumours=sum(one.analysis.rumour is not None for one in told.judged),
        authority=sum(material.party(one) == "官方" for one in told.judged),
    )


def coverage(material: Material) -> Paragraph:
    """Which sources were alive, and what is missing."""
    alive, enabled = material.counted("sources"), material.figure("enabled")
    missing = material.counted("missing")
    if enabled.value == "0":
        spoken = material.counted("spoken")
        return Paragraph(
            (wording.say("本期没有启用采集信源，信息来自导入，涉及{}个来源；导入之外的情况未监测。", spoken, alive),)
        )
    if alive.value == enabled.value and not missing.value:
        text = f"启用的{enabled.value}个信源均采集成功，没有发现缺口。"
    else:
        text = f"启用信源{enabled.value}个，采集成功{alive.value}个"
        text += f"；有缺口的是{missing.value}，缺口时段的信息可能不全。" if missing.value else "，没有发现缺口。"
    return Paragraph((Sentence(text, (), (enabled, alive, missing)),))


def signs(material: Material) -> list[Block]:
    """What is just starting (苗头)."""
    found: list[Block] = []
    for row in material.early_signs():
        reason = row.reason.split("。")[0]
        material.called[row.id] = row.title
        found.append(
            Paragraph(
                (
                    Sentence(
                        f"{row.title.removeprefix('苗头：')}：{short(reason, 90)}。",
                        tuple(row.evidence[:4]),
                        (material.figure("alert", row.id),),
                    ),
                )
            )
        )
    return found or [Paragraph((Sentence("本期没有触发苗头规则。", (), (material.counted("signs"),)),))]


def letters(material: Material, topics_told: int = 3) -> Paragraph:
    """12345 and messages: how many, compared, about what."""
    now = material.counted("letters")
    before = material.figure("letters", material.period.before().start, material.period.before().end)
    if now.value == "0":
        return Paragraph((wording.say("本期没有收到留言、热线和依申请公开件。", now),))
    topics = [(topic, material.counted("topic", topic)) for topic in material.letter_topics(topics_told)]
    about = "、".join(f"{topic}{figure.value}件" for topic, figure in topics)
    compared = wording.against(now, before, "件")
    text = f"收到留言、热线和依申请公开{now.value}件，{compared}，较多的是{about}。"
    return Paragraph((Sentence(text, (), (now, before, *(figure for _, figure in topics))),))


def instructions(material: Material) -> list[Block]:
    """Leaders' instructions and what was assigned: how they stand."""
    found: list[Block] = []
    for case in material.cases:
        figure = material.case_figure(case)
        for one in case.instructions:
            if one.at >= material.period.start:
                by = material.office.directory.name(one.leader)
                text = f"{wording.clock(one.at)}，{by}就{wording.titled(case.title)}批示：“{one.text.rstrip('。')}。”"
                text += f"已转{one.unit}办理。" if one.unit else ""
                found.append(Paragraph((Sentence(text, (), (figure,)),)))
        late = [a for a in case.assignments if a.status is AssignmentStatus.OPEN and a.due < material.period.end]
        for task in late:
            text = f"{wording.titled(case.title)}交办{task.unit}的事项应于{wording.clock(task.due)}反馈，截至本期尚未反馈，已催办{task.reminders}次。"
            found.append(Paragraph((Sentence(text, (), (figure,)),)))
    open_ = [case for case in material.cases if not case.finished]
    if found or not open_:
        return found or [
            Paragraph(
                (
                    Sentence(
                        "没有在办的处置单，没有新的批示和交办。",
                        (),
                        (material.figure("open_cases", material.period.end),),
                    ),
                )
            )
        ]
    total = sum(len(case.assignments) for case in open_)
    back = sum(1 for case in open_ for task in case.assignments if task.feedback_at)
    text = f"本期没有新的批示和逾期交办；在办处置单{len(open_)}件，交办{total}件，已反馈{back}件。"
    return [Paragraph((Sentence(text, (), tuple(material.case_figure(case) for case in open_)),))]


def level_name(level: int | None) -> str:
    return f"{LEVELS[level]}色" if level else "未定级"
