"""快报: one page, 首报 → 续报 → 终报. Each says what changed since the one before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import parts, wording
from dashboards.briefings.content import Block, Briefing, BriefingKind, Figure, Heading, Paragraph, Sentence, from_json
from dashboards.briefings.frame import framed
from dashboards.briefings.material import Material, Period, Told
from dashboards.briefings.proofs import LONG_AGO
from pipeline.cases.state import PHASE_NAMES
from pipeline.errors import HuiyingError
from pipeline.store import briefings as store

NEXT = (timedelta(hours=2), timedelta(hours=6))  # after the first, after a later one
POINTS = 3


def write(connection: Connection, settings: Settings, event_id: str, at: datetime, final: bool = False) -> Briefing:
    """The flash of an event at a moment; its place in the chain follows from the papers kept before it."""
    material = Material(connection, settings, Period(at - timedelta(days=1), at))
    told = material.told(event_id)
    if told is None:
        raise HuiyingError(f"没有事件 {event_id}，或到那时还没有它的信息；事件编号在看板网址 /events/ 之后。")
    earlier = [from_json(row.content) for row in store.earlier(connection, BriefingKind.FLASH, told.id, at)]
    name = "终报" if final or (told.case is not None and told.case.finished) else "续报" if earlier else "首报"
    marks = standing(material, told)
    blocks: list[Block] = [Heading(1, "发现与首发"), discovery(material, told)]
    if earlier:
        blocks += [Heading(1, "与上一报相比"), difference(earlier[-1], marks, material, told)]
    blocks += [Heading(1, "要点"), *points(material, told)]
    blocks += [Heading(1, "截至时刻数据"), Paragraph((parts.spread(material, told, whole=True),))]
    blocks += [Heading(1, "建议等级"), grade(material, told)]
    blocks += [Heading(1, "下一报时间与带班领导"), next_and_leader(material, name, len(earlier))]
    blocks += [Heading(1, "监测覆盖"), parts.coverage(material)]
    return framed(
        material, BriefingKind.FLASH, blocks, title=told.title, period=f"数据截至{wording.clock(at)}",
        event_id=told.id, series=f"{name}（第{len(earlier) + 1}报）", marks=marks,
    )  # fmt: skip


def standing(material: Material, told: Told) -> dict[str, str]:
    """What the next flash compares itself with."""
    end = material.period.end
    case = told.case
    return {
        "信息": material.figure("event", told.id, LONG_AGO, end).value,
        "负面": material.figure("event_negative", told.id, LONG_AGO, end).value,
        "阶段": material.figure("stage", told.id, end).value,
        "提示等级": parts.level_name(told.level),
        "处置单状态": PHASE_NAMES[case.phase] if case else "未建单",
        "回应": str(len(case.responses)) if case else "0",
        "反馈": str(sum(1 for task in case.assignments if task.feedback_at)) if case else "0",
    }


def difference(last: Briefing, now: dict[str, str], material: Material, told: Told) -> Paragraph:
    """Sentence by sentence, what is not as it was."""
    end = material.period.end
    proof: dict[str, Figure] = {
        "信息": material.figure("event", told.id, LONG_AGO, end),
        "负面": material.figure("event_negative", told.id, LONG_AGO, end),
        "阶段": material.figure("stage", told.id, end),
    }
    other = material.case_figure(told.case) if told.case else proof["阶段"]
    found = []
    for key, value in now.items():
        before = last.marks.get(key, "")
        if before == value:
            continue
        if value.isdigit() and before.isdigit():
            unit = "次" if key == "回应" else "件" if key == "反馈" else "条"
            grown = int(value) - int(before)
            text = f"{key}由{before}{unit}{'增' if grown > 0 else '减'}至{value}{unit}"
        else:
            text = f"{key}由{before or '无'}变为{value}"
        found.append(Sentence(f"{text}。", (), (proof.get(key, other),)))
    since = wording.clock(last.cut_off)
    if not found:
        return Paragraph((Sentence(f"自上一报（{since}）以来，数据、阶段和处置均无变化。", (), tuple(proof.values())),))
    first = found[0]
    return Paragraph((Sentence(f"自上一报（{since}）以来，{first.text}", first.documents, first.figures), *found[1:]))


def discovery(material: Material, told: Told) -> Paragraph:
    """发现时间 and 首发: three times where they are known."""
    first = told.first
    said = first.document.published_at or first.document.known_at
    sentences = []
    if told.case and told.case.happened:
        sentences.append(
            Sentence(f"事发时间为{wording.clock(told.case.happened)}。", (), (material.case_figure(told.case),))
        )
    known = min(one.document.known_at for one in told.judged)
    words = wording.quote(first.analysis.masked_text, 50)
    text = f"首发为{wording.clock(said)}{material.source_name(first)}：“{words}”，本系统于{wording.clock(known)}发现。"
    sentences.append(Sentence(text, (first.document.id,), quoted=True))
    return Paragraph(tuple(sentences))


def points(material: Material, told: Told) -> list[Block]:
    """What is verified (by the assessment or an institution's word) and what is not yet."""
    case = told.case
    verified: list[Sentence] = []
    open_: list[Sentence] = []
    if case and case.assessment and case.assessed_at:
        figure = material.case_figure(case)
        form = f"（据{wording.clock(case.assessed_at)}研判表）"
        verified += _listed(case.assessment.verified, form, figure)
        open_ += _listed(case.assessment.unverified, form, figure)
    spoken = [one for one in told.judged if material.party(one) == "官方"]
    spoken = [one for one in spoken if any(char.isdigit() for char in one.analysis.masked_text)] or spoken
    for one in spoken[-1:]:
        at, words = one.document.published_at or one.document.known_at, wording.quote(one.analysis.masked_text, 110)
        text = f"{wording.clock(at)}，{one.document.source}消息：“{words}”。"
        verified.append(Sentence(text, (one.document.id,), quoted=True))
    if not open_:
        rumours = [one for one in told.judged if one.analysis.rumour]
        if rumours:
            said = wording.quote(rumours[-1].analysis.masked_text, 40)
            open_.append(
                Sentence(
                    f"有{len(rumours)}条信息带有传言迹象，如“{said}”，未经证实。",
                    tuple(one.document.id for one in rumours[-6:]),
                )
            )
    ids = tuple(one.document.id for one in told.judged[:3])
    return [
        Paragraph(tuple(verified) or (Sentence("尚无单位发布或核实的情况。", ids),), "已核实："),
        Paragraph(tuple(open_) or (Sentence("暂无列入待核实的情况。", ids),), "待核实："),
    ]


def _listed(said: tuple[str, ...], form: str, figure: Figure) -> list[Sentence]:
    """Points of the assessment as one sentence with its time."""
    if not said:
        return []
    return [Sentence("；".join(one.rstrip("。；") for one in said[:POINTS]) + f"{form}。", (), (figure,))]


def grade(material: Material, told: Told) -> Paragraph:
    """The office's own level; the legal class only as a person set it."""
    case = told.case
    stage = material.figure("stage", told.id, material.period.end)
    proof = (material.case_figure(case), stage) if case else (stage,)
    text = f"舆情提示等级（本单位）：{parts.level_name(told.level)}"
    if case and case.legal_class:
        text += f"；法定类别：{material.office.mechanism.class_of(case.legal_class).name}" + (
            "，参照重大执行" if case.as_major else ""
        )
    else:
        text += "；法定类别由有权机关认定，尚未填写"
    return Paragraph((Sentence(text + "。", (), proof),))


def next_and_leader(material: Material, name: str, earlier: int) -> Paragraph:
    end = material.period.end
    leader = material.figure("on_duty", end, "leader")
    who = material.names([one for one in leader.value.split("、") if one])
    duty = f"带班领导{who}。" if who else "值班表上没有带班领导。"
    if name == "终报":
        return Paragraph((Sentence(f"本报为终报，不再续报，如有新情况另行报告；{duty}", (), (leader,)),))
    then = end + NEXT[min(earlier, 1)]
    return Paragraph((Sentence(f"下一报时间为{wording.clock(then)}，有重要变化随时报告；{duty}", (), (leader,)),))
