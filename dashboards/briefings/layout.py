"""GB/T 9704-2012 in numbers (版式), and the words of a paper in order: what all writers and the checker share.

A4; margins 37 top, 28 left, so a type area of 156 × 225 mm leaves 35 below and 26 right; 22 lines of 28 characters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from dashboards.briefings.content import Briefing, BriefingKind, Heading, Sentence

PAGE = (210.0, 297.0)  # mm
TOP, BOTTOM, LEFT, RIGHT = 37.0, 35.0, 28.0, 26.0
AREA = (156.0, 225.0)
LINES, CHARACTERS = 22, 28
POINTS_MM = 72 / 25.4
LINE_PITCH = AREA[1] * POINTS_MM / LINES  # 28.99 pt
TITLE_SIZE, BODY_SIZE, FOLIO_SIZE, NOTE_SIZE = 22.0, 16.0, 14.0, 10.5  # 2号, 3号, 4号, 5号
TRACKING = AREA[0] * POINTS_MM / CHARACTERS - BODY_SIZE  # -0.21 pt: 28 characters of 3号 in 156 mm
FLASH_NAME, FLASH_TITLE = 40.0, 28.0  # pt: lines of the masthead and of the title of a flash
SONG, FANG, KAI, HEI, FOLIO = "方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体", "宋体"
HEADING_FONTS = {1: HEI, 2: KAI, 3: FANG, 4: FANG}


class Role(StrEnum):
    """What a paragraph is for; each has a style of its own in the file, so that the checker knows it."""

    BODY = "body"
    MASTHEAD = "masthead"
    TITLE = "title"
    FOOT = "foot"
    NOTE = "note"


STYLES = {
    Role.BODY: "简报正文",
    Role.MASTHEAD: "简报报头",
    Role.TITLE: "简报标题",
    Role.FOOT: "简报版记",
    Role.NOTE: "简报附注",
}
ROLE_STYLES = {name: role for role, name in STYLES.items()}
ANNEX = "附：依据（SHA-256 为原文哈希的前16位）"
_DIGITS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the foot: label and text."""

    label: str
    text: str


def heading_number(level: int, number: int) -> str:
    """一、 （一） 1. （1）"""
    if level == 1:
        return f"{chinese(number)}、"
    if level == 2:
        return f"（{chinese(number)}）"
    return f"{number}." if level == 3 else f"（{number}）"


def numbered(heading: Heading, counts: Counter[int]) -> str:
    """The heading with its number; `counts` goes along from heading to heading."""
    counts[heading.level] += 1
    for lower in range(heading.level + 1, 5):
        counts[lower] = 0
    return heading_number(heading.level, counts[heading.level]) + heading.text


def spoken(sentence: Sentence) -> str:
    """The sentence as it stands on paper: a judgement under its person's name."""
    return f"{sentence.text.rstrip('。')}（{sentence.by}研判）。" if sentence.by else sentence.text


def chinese(number: int) -> str:
    """1..99 in Chinese numerals."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones - 1]
    return ("" if tens == 1 else _DIGITS[tens - 1]) + "十" + (_DIGITS[ones - 1] if ones else "")


def state_line(briefing: Briefing) -> str:
    """What stands in the upper left: the mark, and 草稿 until it is signed."""
    mark = {"public": "公开", "internal": "内部资料", "work_secret": "工作秘密"}[briefing.secrecy.value]
    if not briefing.draft:
        return mark
    return f"{mark}　草稿" if compact(briefing) else f"{mark}　草稿（未经签发）"


def foot(briefing: Briefing) -> tuple[Line, ...]:
    """报/送/发, then 编辑/审核/签发."""
    hands = briefing.hands
    lines = [Line("报：", hands.report_to), Line("送：", hands.send_to), Line("发：", hands.distribute)]
    return tuple(line for line in lines if line.text)


def signatures(briefing: Briefing) -> str:
    hands = briefing.hands
    return f"编辑：{hands.editor or '　　　'}　　审核：{hands.reviewer or '（待审）'}　　签发：{hands.issuer or '（待签）'}"


def has_title(briefing: Briefing) -> bool:
    return bool(briefing.title) and briefing.kind is not BriefingKind.DAILY


def compact(briefing: Briefing) -> bool:
    """A flash must fit one page: its masthead takes fewer lines."""
    return briefing.kind is BriefingKind.FLASH


def name(briefing: Briefing) -> str:
    """The large red line; a flash says which of its chain it is."""
    return f"{briefing.masthead}·{briefing.series.split('（')[0]}" if compact(briefing) else briefing.masthead


def number(briefing: Briefing) -> str:
    """〔2026〕第3期; of a chain with its place in it."""
    if compact(briefing):  # the name says which of the chain it is
        return f"{briefing.issue}　{briefing.series.partition('（')[2].rstrip('）')}".rstrip("　")
    return f"{briefing.issue}　{briefing.series}".rstrip("　")


def when(briefing: Briefing) -> str:
    """The date; of a flash the moment of its data."""
    return briefing.period if compact(briefing) else briefing.date
