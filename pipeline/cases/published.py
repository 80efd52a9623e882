"""What the office has published of a matter (已发布事实), and what differs from it. Pure.

A fact is a number or a denial in the approved text of a response; a later response that speaks of the same thing replaces
it. A document *differs* when it counts the same thing otherwise, or asserts what was denied. That is all that is said:
never who is right. A person judges; and where a document repeats a number of ours that we have since corrected, the mark
says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.analysis.words import cut
from pipeline.cases.consistency import Statement, agree, number, statements
from pipeline.cases.state import CaseState

READ_AT_MOST = 3_000  # characters of a document
MOMENTS = "时刻"  # the measure of times of day: people round them too freely to be held against them

_SENTENCE = re.compile(r"[^。！？!?\n]+[。！？!?]*")
_CLAUSE = re.compile(r"[^，,。；;！!？?：:\n]+[，,。；;！!？?：:]?")
_REFUTES = re.compile("谣|编造|不实|虚假|捏造|误传|假的|有证据吗|澄清|更正|是旧视频")
_SPOKEN = re.compile(
    r"(?P<what>死伤|死|伤|失联|失踪)(?:亡|了)?(?:至少|超过|大概|差不多|有)?"
    r"(?:(?P<number>[\d零一二两三四五六七八九十百]+)(?P<open>余|多)?(?:个|口|条人命)|(?P<many>无数|好多|很多|几十|十几|上百)[个人]?)"
)
_COUNTED = re.compile(r"死|伤|亡|难|失联|失踪|困|院|医|诊|移|疏散|撤|安置|面积|人员|车|户|薪|工资|损失|补偿|检|超标|阳")
_SUBJECT = {"死伤": "死亡", "死": "死亡", "伤": "受伤", "失联": "失联", "失踪": "失联"}
_MANY = {"十几": (11, 19), "几十": (20, 99), "上百": (100, 999)}
_DENIED = re.compile(r"(?:不属于?|并非|不存在|未发生|没有发生|未发现)(?P<what>[\u4e00-\u9fff]{2,8})")
_QUOTED = re.compile(r"[“\"「](?P<what>[^”\"」]{2,16})[”\"」](?:[^，。]{0,8})(?:不属实|不实|谣言|没有依据)")
_NO_CLAIM = re.compile(r"是不是|是否|有没有|会不会|吗|谣|不实|假|不属|并非|不是|不算|没有|未|无|不会|[？?]$")


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was published: a number (`statement`) or a denial (`denied`), with where and when."""

    said: str
    statement: Statement | None
    denied: str
    case_id: str
    response_id: str
    title: str
    moment: datetime
    url: str
    replaced_at: datetime | None = None  # when a later response spoke of the same thing

    @property
    def about(self) -> str:
        """What it is about, in a word."""
        return self.statement.subject if self.statement else self.denied

    @property
    def key(self) -> tuple[str, str]:
        """Facts of one key replace each other."""
        return _key(self.statement) if self.statement else (self.denied, "")


@dataclass(frozen=True, slots=True)
class Differing:
    """A document says `said` where `fact` stands published. `ours`: the corrected fact of ours that it repeats."""

    fact: Fact
    said: str
    before: bool  # it spoke before the fact was published
    ours: Fact | None = None

    @property
    def text(self) -> str:
        """The mark in words, for pages and papers."""
        published = f"已发布“{self.fact.said}”"
        if self.ours is not None:
            return f"同我方已更正的发布：此文“{self.said}”，现{published}"
        return f"与已发布事实不一致{'（发布前所说）' if self.before else ''}：此文“{self.said}”，{published}"


def published_facts(cases: Iterable[CaseState], until: datetime | None = None) -> tuple[Fact, ...]:
    """All that the responses of these cases (up to `until`) state, oldest first; what was replaced says when."""
    found: list[Fact] = []
    responses = [(one, case) for case in cases for one in case.responses if until is None or one.moment <= until]
    for response, case in sorted(responses, key=lambda pair: (pair[0].moment, pair[0].id)):
        draft = case.draft(response.paper, response.version)
        if draft is None:
            continue
        source = (case.id, response.id, response.title, response.moment, response.url)
        new = [Fact(one.said, one, "", *source) for one in _numbers(statements(draft.text))]
        new += [Fact(said, None, what, *source) for what, said in _denials(draft.text)]
        keys = {fact.key for fact in new}
        found = [
            replace(fact, replaced_at=response.moment) if fact.replaced_at is None and fact.key in keys else fact
            for fact in found
        ] + new
    return tuple(found)


def differing(text: str, said_at: datetime, facts: Iterable[Fact]) -> tuple[Differing, ...]:
    """Where a document (masked text) differs from what stands published of its own matter."""
    facts = tuple(facts)
    if not facts:
        return ()
    sentences = [one for one in _SENTENCE.findall(text[:READ_AT_MOST]) if not _REFUTES.search(one)]
    head, counting = "\n".join(sentences), "\n".join(one for one in sentences if _COUNTED.search(one))
    claims = {_key(one): one for one in _numbers((*_spoken(counting), *statements(counting)))}
    found: list[Differing] = []
    for fact in facts:
        if fact.replaced_at is not None:
            continue
        before = said_at < fact.moment
        if fact.statement is None:
            if claim := _asserted(head, fact.denied):
                found.append(Differing(fact, claim, before))
        elif (number_said := claims.get(fact.key)) and not _may_agree(number_said, fact.statement):
            found.append(Differing(fact, number_said.said, before, _repeated(number_said, fact, facts)))
    return tuple(found)


def _repeated(claim: Statement, fact: Fact, facts: tuple[Fact, ...]) -> Fact | None:
    """The corrected fact of ours that a claim agrees with."""
    earlier = (old for old in facts if old.replaced_at is not None and old.key == fact.key)
    return next((old for old in earlier if old.statement and agree(claim, old.statement)), None)


def _may_agree(claim: Statement, fact: Statement) -> bool:
    """An exact number must be right; a round one (一百多人) may miss by half."""
    if claim.low == claim.high:
        return agree(claim, fact)
    return claim.low * 0.7 <= fact.high and fact.low <= claim.high * 1.5


def _numbers(said: Iterable[Statement]) -> tuple[Statement, ...]:
    """A text that states several numbers of one thing is progressing: the last one counts."""
    return tuple({_key(one): one for one in said if one.measure != MOMENTS}.values())


def _key(statement: Statement) -> tuple[str, str]:
    return statement.subject, statement.measure


def _spoken(text: str) -> list[Statement]:
    """Counts as people say them: 死了三个, 伤了几十个, 死伤无数."""
    found = []
    for match in _SPOKEN.finditer(text):
        value = number(match["number"]) if match["number"] else None
        low, high = _MANY.get(match["many"] or "", (1, float("inf"))) if value is None else (value, value)
        if match["open"]:
            high = low * 2
        found.append(Statement(_SUBJECT[match["what"]], "人", float(low), float(high), match[0]))
    return found


def _denials(text: str) -> list[tuple[str, str]]:
    """(what is denied, the clause that denies it): 不属剧毒物品 → 剧毒."""
    found = []
    for clause in _CLAUSE.findall(text):
        if match := _DENIED.search(clause):
            word = cut(match["what"])[0]
            if len(word) > 1:
                found.append((word, clause.strip("，,。；;：: ")))
    return found + [(match["what"], match[0]) for match in _QUOTED.finditer(text)]


def _asserted(text: str, denied: str) -> str:
    """The clause that plainly says what was denied; '' when none does."""
    clauses = (clause.strip("，,。；;：:！! ") for clause in _CLAUSE.findall(text) if denied in clause)
    return next((clause for clause in clauses if not _NO_CLAIM.search(clause)), "")
