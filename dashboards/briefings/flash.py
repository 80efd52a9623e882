"""快报: one page, 首报 → 续报 → 终报. Each says what changed since the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from config.settings import Settings
from dashboards.briefings import fitting, parts, wording
from dashboards.briefings.content import Block, Briefing, BriefingKind, Figure, Paragraph, Sentence, from_json
from dashboards.briefings.differing import said_otherwise
from dashboards.briefings.frame import framed, signing
from dashboards.briefings.material import Material, Period, Told
from dashboards.briefings.proofs import LONG_AGO
from pipeline.cases.state import PHASE_NAMES
from pipeline.errors import HuiyingError
from pipeline.store import briefings as store

NEXT = (timedelta(hours=2), timedelta(hours=6))  # after the first, after a later one
TITLE = 20  # characters: one line of the title


@dataclass(frozen=True, slots=True)
class Room:
    """How much the points may take: points of each list, letters of the quotation from an institution (0 = none),
    sentences on what is said otherwise than we published."""

    points: int
    letters: int
    quoted: int
    otherwise: int


SHORTER = (
    Room(3, 60, 52, 2), Room(3, 45, 36, 2), Room(2, 40, 28, 1), Room(2, 32, 0, 1), Room(1, 24, 0, 1),
)  # fullest to shortest  # fmt: skip


def write(connection: Connection, settings: Settings, event_id: str, at: datetime, final: bool = False) -> Briefing:
    """The flash of an event at a moment; its place in the chain follows from the papers kept before it."""
    material = Material(connection, settings, Period(at - timedelta(days=1), at))
    told = material.told(event_id)
    if told is None:
        raise HuiyingError(f"没有事件 {event_id}，或到那时还没有它的信息；事件编号在看板网址 /events/ 之后。")
    earlier = [from_json(row.content) for row in store.earlier(connection, BriefingKind.FLASH, told.id, at)]
    name = "终报" if final or (told.case is not None and told.case.finished) else "续报" if earlier else "首报"
    marks = standing(material, told)
    title = told.title if fitting.width(told.title) <= TITLE else wording.quote(told.title, TITLE).rstrip("…")

    otherwise = tuple(said_otherwise(material, told))

    def body(step: int) -> list[Block]:
        blocks: list[Block] = [discovery(material, told)]
        if earlier:
            blocks.append(difference(earlier[-1], marks, material, told))
        blocks += points(material, told, SHORTER[step])
        if otherwise:
            blocks.append(Paragraph(otherwise[: SHORTER[step].otherwise], "与已发布不一致："))
        covered = parts.coverage(material).sentences
        blocks.append(Paragraph((numbers(material, told), *covered), "截至时刻数据："))
        blocks.append(replace(grade(material, told), lead="建议等级："))
        blocks.append(replace(next_and_leader(material, name, len(earlier)), lead="下一报："))
        return blocks

    room = fitting.flash_lines(title)
    blocks = fitting.shortest_fitting(body, len(SHORTER), lambda said: fitting.lines(said) <= room)
    hands = replace(signing(material), report_to="", send_to="", distribute="")
    return framed(
        material, BriefingKind.FLASH, blocks, title=title, period=f"数据截至{wording.clock(at)}",
        event_id=told.id, series=f"{name}（第{len(earlier) + 1}报）", marks=marks, hands=hands,
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
        "处置": PHASE_NAMES[case.phase] if case else "未建单",
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
    lead = f"与上一报（{wording.later(last.cut_off, end)}）相比："
    found = []
    for key, value in now.items():
        before = last.marks.get(key, "")
        if before == value:
            continue
        if value.isdigit() and before.isdigit():
            unit = "次" if key == "回应" else "件" if key == "反馈" else "条"
            grown = int(value) - int(before)
            text = f"{key}{before}{unit}{'增' if grown > 0 else '减'}至{value}{unit}"
        else:
            text = f"{key}由{before or '无'}变为{value}"
        found.append(Sentence(f"{text}。", (), (proof.get(key, other),)))
    if not found:
        return Paragraph((Sentence("数据、阶段和处置均无变化。", (), tuple(proof.values())),), lead)
    figures = tuple(dict.fromkeys(figure for one in found for figure in one.figures))
    return Paragraph((Sentence("，".join(one.text.rstrip("。") for one in found) + "。", (), figures),), lead)


def discovery(material: Material, told: Told) -> Paragraph:
    """发现时间 and 首发: three times where they are known."""
    first = told.first
    said = first.document.published_at or first.document.known_at
    known = min(one.document.known_at for one in told.judged)
    text = f"{wording.clock(said)}{material.source_name(first)}首发，{wording.later(known, said)}发现"
    figures: tuple[Figure, ...] = ()
    if told.case and told.case.happened:
        text += f"；事发时间为{wording.later(told.case.happened, said)}"
        figures = (material.case_figure(told.case),)
    return Paragraph((Sentence(text + "。", (first.document.id,), figures),), "发现与首发：")


def points(material: Material, told: Told, room: Room) -> list[Block]:
    """What is verified (by the assessment or an institution's word) and what is not yet."""
    case = told.case
    verified: list[Sentence] = []
    open_: list[Sentence] = []
    if case and case.assessment and case.assessed_at:
        figure = material.case_figure(case)
        form = f"（{wording.clock(case.assessed_at)}研判）"
        verified += _listed(case.assessment.verified, form, figure, room)
        open_ += _listed(case.assessment.unverified, form, figure, room)
    spoken = [one for one in told.judged if material.party(one) == "官方"]
    spoken = [one for one in spoken if any(char.isdigit() for char in one.analysis.masked_text)] or spoken
    letters = room.quoted or (0 if verified else SHORTER[0].quoted // 2)
    for one in spoken[-1:] if letters else ():
        at, words = one.document.published_at or one.document.known_at, wording.quote(one.analysis.masked_text, letters)
        text = f"{wording.clock(at)}，{one.document.source}消息：“{words}”。"
        verified.append(Sentence(text, (one.document.id,), quoted=True))
    if not open_:
        open_ += unverified(material, told, room, answered=bool(spoken))
    ids = tuple(one.document.id for one in told.judged[:3])
    return [
        Paragraph(tuple(verified) or (Sentence("尚无单位发布或核实的情况。", ids),), "已核实："),
        Paragraph(tuple(open_) or (Sentence("暂无列入待核实的情况。", ids),), "待核实："),
    ]


def unverified(material: Material, told: Told, room: Room, answered: bool) -> list[Sentence]:
    """Nobody has assessed it yet: what bears the marks of a rumour, else what people say while no institution has spoken."""
    rumours = [one for one in told.judged if one.analysis.rumour]
    if rumours:
        said = wording.quote(rumours[-1].analysis.masked_text, min(40, room.letters))
        text = f"有{len(rumours)}条信息带有传言迹象，如“{said}”，未经证实。"
        return [Sentence(text, tuple(one.document.id for one in rumours[-6:]), quoted=True)]
    if answered:
        return []
    shown = parts.summary(material, told, 1, room.letters)
    return [replace(one, text=f"{one.text.rstrip('。')}，尚待核实。") for one in shown]


def _listed(said: tuple[str, ...], form: str, figure: Figure, room: Room) -> list[Sentence]:
    """Points of the assessment as one sentence with its time; how many more there are is said."""
    if not said:
        return []
    told = "；".join(wording.quote(one, room.letters) for one in said[: room.points])
    more = f"；另有{len(said) - room.points}项" if len(said) > room.points else ""
    return [Sentence(f"{told}{more}{form}。", (), (figure,))]


def numbers(material: Material, told: Told) -> Sentence:
    """One line of numbers and the stage."""
    end = material.period.end
    all_ = material.figure("event", told.id, LONG_AGO, end)
    negative = material.figure("event_negative", told.id, LONG_AGO, end)
    stage = material.figure("stage", told.id, end)
    text = f"累计{all_.value}条，负面{negative.value}条（{wording.percent(negative, all_)}），处于{stage.value}阶段。"
    return Sentence(text, (), (all_, negative, stage))


def grade(material: Material, told: Told) -> Paragraph:
    """The office's own level; the legal class only as a person set it."""
    case = told.case
    stage = material.figure("stage", told.id, material.period.end)
    proof = (material.case_figure(case), stage) if case else (stage,)
    text = f"本单位提示{parts.level_name(told.level)}"
    if case and case.legal_class:
        text += f"；法定类别为{material.office.mechanism.class_of(case.legal_class).name}" + (
            "，参照重大执行" if case.as_major else ""
        )
    else:
        text += "；法定类别尚未由有权机关认定"
    return Paragraph((Sentence(text + "。", (), proof),))


def next_and_leader(material: Material, name: str, earlier: int) -> Paragraph:
    end = material.period.end
    leader = material.figure("on_duty", end, "leader")
    who = material.names([one for one in leader.value.split("、") if one])
    duty = f"带班领导{who}。" if who else "值班表上没有带班领导。"
    if name == "终报":
        return Paragraph((Sentence(f"本报为终报；{duty}", (), (leader,)),))
    then = end + NEXT[min(earlier, 1)]
    return Paragraph((Sentence(f"{wording.clock(then)}；{duty}", (), (leader,)),))
