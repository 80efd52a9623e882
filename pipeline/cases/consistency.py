"""Do several units' texts contradict in numbers (多单位口径数字一致性)? Pure.

A statement of number is (what is counted, number, measure): 死亡3人, 转移群众约300名, 过火面积1200平方米, 起火时间2时40分.
Two texts contradict when they count the same thing differently; a round or open number (约、余、近、以上) agrees with
numbers within its tolerance. A text that says 初步 or gives 更正 is still compared: a person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

# what is counted → the words that name it; longer words first, so that 重伤 is not taken for 伤
_SUBJECTS: tuple[tuple[str, str], ...] = (
    ("死亡", r"死亡|遇难|身亡|罹难"),
    ("重伤", r"重伤|伤[情势](?:较|危)重"),
    ("轻伤", r"轻伤|轻微伤"),
    ("受伤", r"受伤|负伤|伤者"),
    ("失联", r"失联|失踪|被困"),
    ("住院", r"住院|送医|就医|就诊"),
    ("转移", r"转移|疏散|撤离|安置"),
    ("过火面积", r"过火面积|燃烧面积|火场面积"),
    ("出动人员", r"(?:出动|投入|调集)(?:消防救援|救援|消防)?(?:人员|力量)?|指战员"),
    ("出动车辆", r"消防车|救援车"),
    ("受影响户数", r"受影响|影响(?:居民|用户)?|涉及"),
    ("欠薪金额", r"欠薪|拖欠工资|拖欠"),
    ("直接损失", r"直接经济损失|经济损失|损失"),
    ("补偿标准", r"补偿标准|补偿"),
    ("检出", r"检出|超标|阳性"),
)
_MEASURES = r"平方米|平方公里|平方|万元|亿元|元|公斤|千克|吨|公里|千米|米|万人|人次|人|名|户|家|辆|台|起|例|小时|分钟|天|倍|%|亩"
_SAME = {"名": "人", "平方": "平方米", "千克": "公斤", "千米": "公里", "台": "辆", "家": "户", "例": "人"}
_SCALE = {
    "万元": (10_000.0, "元"),
    "亿元": (100_000_000.0, "元"),
    "万人": (10_000.0, "人"),
    "平方公里": (1_000_000.0, "平方米"),
}
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"\d+万\d千|\d[\d,]*(?:\.\d+)?万?(?![元人])|\d[\d,]*(?:\.\d+)?|[零〇一二两三四五六七八九十百千万]+"
_BEFORE = r"约|近|大约|超过|逾|至少|不足|无|没有|未造成|未"
_ROUND = frozenset({"约", "近", "大约", "超过", "逾", "至少", "不足"})
_AFTER = r"余|多|左右|以上|许"
_COUNT = re.compile(
    rf"(?P<approx>{_BEFORE})?(?P<number>{_NUMBER})(?P<open>{_AFTER})?(?:名|个|余)?(?P<measure>{_MEASURES})(?P<tail>{_AFTER})?"
)
_NONE = re.compile(
    r"(?:无|(?<!有)没有|未造成|暂无|未发现|未接到)(?:人员|人)?(?P<what>(?:伤亡|死亡|受伤|失联|被困)(?:[、和及或](?:伤亡|死亡|受伤|失联|被困))*)"
)
_NOBODY = {"伤亡": ("死亡", "受伤"), "被困": ("失联",)}
_TIME = re.compile(
    r"(?:(?P<month>\d{1,2})月(?P<day>\d{1,2})日)?(?:凌晨|早上|上午|中午|下午|傍晚|晚上|晚|夜间)?\s*"
    r"(?P<hour>\d{1,2})(?:时|点|:)(?P<minute>\d{1,2})?分?(?:许|左右)?(?:(?!\d{1,2}[时点:]\d)[^。；;]){0,32}?(?P<what>起火|发生火灾|接警|接报|扑灭|明火)"
)
_TIME_AFTER = re.compile(
    r"(?P<what>起火|火灾发生|接警|接报|扑灭)(?:时间)?[于为是在:]*(?:(?:\d{1,2})月(?:\d{1,2})日)?(?:凌晨|早上|上午|中午|下午|傍晚|晚上|晚|夜间)?"
    r"(?P<hour>\d{1,2})(?:时|点|:)(?P<minute>\d{1,2})?分?(?:许|左右)?"
)
_CLAUSE = re.compile(r"[^。；;！!？?\n]+")
_LIST_NUMBER = re.compile("[①-⑳]")  # ①4名伤者 are four, not fourteen


@dataclass(frozen=True, slots=True)
class Statement:
    """One number as said: `low`..`high` is what it allows."""

    subject: str
    measure: str
    low: float
    high: float
    said: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sources count one thing differently."""

    subject: str
    first_source: str
    first: str
    second_source: str
    second: str

    def text(self) -> str:
        return f"“{self.subject}”{self.first_source}写“{self.first}”，{self.second_source}写“{self.second}”"


def statements(text: str) -> tuple[Statement, ...]:
    """The numbers a text states about known subjects."""
    clean = unicodedata.normalize("NFKC", _LIST_NUMBER.sub("；", text)).replace(" ", "")
    found: list[Statement] = []
    for clause in _CLAUSE.findall(clean):
        found += _counts(clause)
        found += _nothing(clause)
        found += _times(clause)
    return tuple(dict.fromkeys(found))


def contradictions(texts: Mapping[str, str]) -> tuple[Contradiction, ...]:
    """Every pair of sources whose numbers for one subject cannot both be true."""
    said = {source: _with_implied(statements(text)) for source, text in texts.items()}
    found: list[Contradiction] = []
    for one, two in combinations(said, 2):
        for a in said[one]:
            rivals = [b for b in said[two] if (b.subject, b.measure) == (a.subject, a.measure)]
            own = [c for c in said[one] if (c.subject, c.measure) == (a.subject, a.measure)]
            # a source that states several numbers of one subject is progressing: its last one counts
            if not rivals or a is not own[-1] or agree(a, rivals[-1]):
                continue
            found.append(Contradiction(a.subject, one, a.said, two, rivals[-1].said))
    return tuple(found)


def _with_implied(said: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Lightly and gravely hurt people are hurt people: a text that counts only them says at least so many were hurt."""
    parts = [s for s in said if s.subject in ("轻伤", "重伤")]
    if not parts or any(s.subject == "受伤" for s in said):
        return said
    implied = Statement("受伤", "人", sum(s.low for s in parts), float("inf"), "，".join(s.said for s in parts))
    return (*said, implied)


def agree(a: Statement, b: Statement) -> bool:
    """Can both be true?"""
    return a.low <= b.high and b.low <= a.high


def _counts(clause: str) -> list[Statement]:
    found: list[Statement] = []
    used = 0  # a subject that followed one number does not also head the next
    for match in _COUNT.finditer(clause):
        value = number(match["number"])
        if value is None:
            continue
        measure = match["measure"]
        subjects, reached = _subjects(
            clause, max(used, _part(clause, match.start())), match.start(), match.end(), measure
        )
        used = max(used, reached)
        scale, unit = _SCALE.get(measure, (1.0, _SAME.get(measure, measure)))
        low, high = _allowed(value * scale, match["approx"] or "", (match["open"] or "") + (match["tail"] or ""))
        said = _quote(clause, match.start(), match.end())
        found += [Statement(subject, unit, low, high, said) for subject in subjects]
    return found


_BOUND = re.compile(r"[,，、:：]")
_THING = re.compile("人员|人|者|员|群众|民众")


def _part(clause: str, start: int) -> int:
    """Where the part of the sentence begins in which a number stands."""
    cuts = [m.end() for m in _BOUND.finditer(clause, 0, start)]
    return cuts[-1] if cuts else 0


def _subjects(clause: str, part: int, start: int, end: int, measure: str) -> tuple[list[str], int]:
    """What the number counts, and up to where that is said.

    The subject right after the number (2人受伤), else the nearest before it in the same part (受伤2人, 送医学生15人). Both
    when the one before acts on the one after (送医3名受伤人员).
    """
    before = _nearest_before(clause, part, start, measure)
    cut = _BOUND.search(clause, end)
    ahead = [
        (m.start() - end, -len(m.group()), name, m.end())
        for name, words in _SUBJECTS
        if _fits(name, measure)
        for m in re.compile(words).finditer(clause, end, min(end + 8, cut.start() if cut else len(clause)))
    ]
    if not ahead:
        return ([before[0]] if before else []), end
    gap, _, after, reached = min(ahead)
    if before is None:
        return [after], reached
    if _THING.match(clause, reached) and gap <= 1 and before[0] != after:
        return [before[0], after], reached
    if gap == 0 and before[1] < start:
        return [after], reached
    return [before[0]], end


def _nearest_before(clause: str, part: int, start: int, measure: str) -> tuple[str, int] | None:
    ends = [
        (m.end(), len(m.group()), name)
        for name, words in _SUBJECTS
        if _fits(name, measure)
        for m in re.compile(words).finditer(clause, part, start)
        if not _COUNT.search(clause[m.end() : start])
    ]
    if not ends:
        return None
    end, _, name = max(ends)
    return name, end


_KINDS = {"过火面积": "平方", "欠薪金额": "元", "直接损失": "元", "受影响户数": "户", "出动车辆": "辆"}


def _fits(subject: str, measure: str) -> bool:
    wanted = _KINDS.get(subject)
    unit = _SCALE.get(measure, (1.0, _SAME.get(measure, measure)))[1]
    if wanted:
        return wanted in unit
    if subject in ("补偿标准", "检出"):
        return True
    return unit in ("人", "人次")


def _allowed(value: float, approx: str, after: str) -> tuple[float, float]:
    if any(sign in after for sign in ("余", "多", "以上")) or approx in ("超过", "逾", "至少"):
        return value, value * 1.2 + (1 if value < 10 else 0)
    if approx in ("约", "大约") or "左右" in after or "许" in after:
        return value * 0.9, value * 1.1
    if approx in ("近", "不足"):
        return value * 0.9, value
    return value, value


def _nothing(clause: str) -> list[Statement]:
    found = []
    for match in _NONE.finditer(clause):
        names = [name for what in re.split("[、和及或]", match["what"]) for name in _NOBODY.get(what, (what,))]
        found += [Statement(name, "人", 0, 0, match.group()) for name in names]
    return found


def _times(clause: str) -> list[Statement]:
    found = []
    for match in (*_TIME.finditer(clause), *_TIME_AFTER.finditer(clause)):
        name = {"发生火灾": "起火", "火灾发生": "起火", "接报": "接警", "明火": "扑灭"}.get(
            match["what"], match["what"]
        )
        hour = int(match["hour"]) + (12 if re.search(r"下午|傍晚|晚", match.group()) and int(match["hour"]) < 12 else 0)
        minute = hour * 60 + int(match["minute"] or 0)
        slack = 15 if match["minute"] is None else 5 if re.search(r"许|左右", match.group()) else 0
        found.append(Statement(f"{name}时间", "时刻", minute - slack, minute + slack, match.group()))
    return found


def _quote(clause: str, start: int, end: int) -> str:
    """The words around a number, within its own part of the sentence."""
    cut = _BOUND.search(clause, end)
    left, right = max(_part(clause, start), start - 24), min(cut.start() if cut else len(clause), end + 16)
    return clause[left:right].strip(',，、“”"')


def number(text: str) -> float | None:
    """Arabic or Chinese numeral → float; None when it is neither."""
    plain = text.replace(",", "")
    if match := re.fullmatch(r"(\d+)万(\d)千", plain):
        return float(match[1]) * 10_000 + float(match[2]) * 1000
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)(万?)", plain):
        return float(match[1]) * (10_000 if match[2] else 1)
    total = section = digit = 0
    for char in plain:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[char]
            digit = 0
        elif char == "万":
            total += (section + digit or 1) * 10_000
            section = digit = 0
        else:
            return None
    return float(total + section + digit)
