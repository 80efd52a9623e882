"""How good an answer is (答复质量): relevant, complete, explained, in time, each 0..1 with its reason.

It looks at the answer, to help the office answer better; it says nothing about the person who asked. Compared are the
words that both use, everyday office words apart; a title that the answer merely quotes does not count as relevance.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from pipeline.analysis.clean import clean, folded
from pipeline.analysis.words import han_words
from pipeline.document import Document

PROMPT_DAYS, LATE_DAYS = 7.0, 15.0  # full marks up to the first, half at the second, none from four times the second
READ_AT_MOST = 4_000

_SENTENCE = re.compile(r"[^。！？!?；;\n]{2,300}")
_COURTESY = re.compile(r"尊敬的|您好|你好|谢谢|感谢|敬礼|此致|百忙之中|盼复|望回复")
_QUOTE = re.compile(r"[“\"‘《【（(][^”\"’》】）)]{4,80}[”\"’》】）)]")
_OPENING = re.compile(
    r"(?:网友|同志|市民|您|你)[^。]{0,30}(?:你好|您好)|来信收悉|留言已收悉|已收悉|感谢您|感谢你|现(?:将|就)[^。]{0,60}(?:回复|答复)如下"
)
_BASIS = re.compile(
    r"《[^》]{3,60}》|第[一二三四五六七八九十百\d]{1,5}条|〔\d{4}〕\d{1,4}号|\[\d{4}\]\d{1,4}号|文件(?:精神|规定|要求)|根据|依据|按照|依照"
)
_FINDING = re.compile(
    r"经(?:核实|核查|调查|查|了解|现场|实地|查询|核对|走访)|现场(?:查看|核实|检查|勘查)|调查(?:情况|核实|结果)|工作人员到"
)
_CAUSE = re.compile(r"因为|由于|原因|所以|因此|故|鉴于|致使|导致")
_ACTION = re.compile(
    r"已(?:经)?(?:完成|整改|修复|处理|安排|责令|督促|发放|要求|下达|立案|协调|解决|纳入|拆除|清理|恢复|联系|告知)|将(?:于|在|会|继续|进一步|尽快|加强)|责令|督促|整改|预计|计划(?:于|在)|下一步|目前"
)
_FIGURE = re.compile(
    r"\d{4}年|\d{1,2}月\d{1,2}日|\d+(?:\.\d+)?(?:元|万|亩|平方米|米|公里|%|户|人|个|套|栋|天|小时)|电话|0\d{2,3}-?\d{7,8}"
)
_PUT_OFF = re.compile(
    r"正在(?:研究|调查|核实)(?:中|之中)?|请(?:您)?(?:耐心等待|向|咨询|与|到|拨打)|不属于(?:我|本)|无法(?:答复|回复)|将转|转交|已转|敬请期待"
)
_ANSWER = re.compile(
    r"不(?:能|予|符合|可以|属于|存在|会)|可以|能够|属于|符合|应当|需要|无需|没有|暂无|同意|予以|办理|已"
)
_STOCK = re.compile(
    r"感谢(?:您|你)?(?:对[^。，]{0,30})?(?:的)?(?:关心|支持|理解|监督|关注|信任)|欢迎(?:您|你)?(?:继续)?[^。]{0,12}(?:监督|批评)|祝(?:您|你)|高度重视|特此回复|此复"
)


@dataclass(frozen=True, slots=True)
class Score:
    """One of the four: 0 worst, 1 best, with why in words."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class ReplyQuality:
    """The four scores of one answer."""

    relevant: Score
    complete: Score
    explained: Score
    in_time: Score


def judge(message: Document) -> ReplyQuality | None:
    """Scores of the answer that a message got; None when it has none."""
    if message.reply is None or not message.reply.text.strip():
        return None
    title = _read(message.title)
    body, reply = _read(message.text), _read(message.reply.text)
    answer = _without_quote(reply, title)
    return ReplyQuality(
        _relevant(f"{title}。{body}", answer),
        _complete(f"{title}。{body}", answer),
        _explained(answer),
        _in_time(message.published_at, message.reply.at),
    )


def _read(text: str) -> str:
    return folded(clean(text))[:READ_AT_MOST]


def _without_quote(reply: str, title: str) -> str:
    """The answer without salutation, stock phrases and the question repeated in quotes."""
    for quoted in _QUOTE.findall(reply):
        if "《" not in quoted and len(_words(quoted) & _words(title)) * 2 > len(_words(quoted)):
            reply = reply.replace(quoted, "")
    if len(title) > 5:
        reply = reply.replace(title, "")
    return _STOCK.sub("", _OPENING.sub("", reply))


def _words(text: str) -> set[str]:
    """Words of two characters or more that are not everyday office words."""
    return {word for word in han_words(text) if len(word) > 1} - _EVERYDAY


_EVERYDAY = frozenset(
    re.findall(
        "[\u4e00-\u9fff]+",
        (
            "您好 你好 网友 留言 反映 问题 情况 回复 答复 如下 感谢 支持 理解 工作 我们 我市 我区 我县 领导 政府 部门 有关 "
            "相关 关于 进行 已经 现在 目前 根据 规定 要求 请您 希望 尊敬 书记 市长 区长 谢谢 没有 可以 一个 这个 什么 是否 "
            "如果 因为 所以 但是 以及 通过 按照 或者 同时 对于 一是 二是 三是 人民 群众 老百 百姓 本人 处理 解决 办理 单位 "
            "的问 的情 问的 们的 我的 您的 了的 是的 不是 就是 还是 也是 都是 为什 怎么 么时 时候 候能 请问 咨询 "
        ),
    )
)


def _relevant(question: str, answer: str) -> Score:
    """How much of what was asked the answer speaks of."""
    asked, said = _words(question), _words(answer)
    shared = asked & said
    if not asked or not said:
        return Score(0.0, "答复除客套外没有内容" if asked else "留言没有可比对的内容")
    share = len(shared) / math.sqrt(len(asked) * min(len(said), 3 * len(asked)))
    value = round(min(1.0, share / 0.35), 2)
    named = "、".join(sorted(shared, key=question.find)[:5])
    return Score(value, f"答复谈到留言中的{named}等{len(shared)}处" if shared else "答复没有谈到留言所说的事")


def _complete(question: str, answer: str) -> Score:
    """Share of the sentences that ask or complain which the answer takes up, and whether it ends in a result."""
    sentences = [sentence for sentence in _SENTENCE.findall(question) if len(_words(sentence)) >= 2]
    sentences = [sentence for sentence in sentences if not _COURTESY.search(sentence)][:12]
    said = _words(answer)
    taken = [
        sentence for sentence in sentences if len(_words(sentence) & said) >= (1 if len(_words(sentence)) < 5 else 2)
    ]
    share = len(taken) / len(sentences) if sentences else 0.0
    result = bool(_ACTION.search(answer) or _ANSWER.search(answer))
    put_off = bool(_PUT_OFF.search(answer)) and not _ACTION.search(answer)
    value = round(max(0.0, min(1.0, 0.7 * share / 0.7 + 0.3 * result - 0.3 * put_off)), 2)
    left = next((sentence for sentence in sentences if sentence not in taken), "")
    return Score(
        value,
        f"留言{len(sentences)}句中有{len(taken)}句得到回应"
        + ("" if result else "，没有说明结果或下一步")
        + ("，只是转交或请等待" if put_off else "")
        + (f"，未见回应的如“{left[:20]}”" if left else ""),
    )


def _explained(answer: str) -> Score:
    """Whether the answer says on what ground, after what check, why, and what will be done, with figures."""
    parts = (
        ("依据", _BASIS, 0.3),
        ("核实经过", _FINDING, 0.25),
        ("原因", _CAUSE, 0.15),
        ("措施或进展", _ACTION, 0.15),
        ("时间、数字或联系方式", _FIGURE, 0.15),
    )
    there = [name for name, pattern, _ in parts if pattern.search(answer)]
    value = sum(weight for name, _, weight in parts if name in there)
    if len(answer) < 30:
        value *= 0.5
    missing = [name for name, _, _ in parts if name not in there]
    return Score(
        round(value, 2), f"有{'、'.join(there) or '（无）'}" + (f"；缺{'、'.join(missing)}" if missing else "")
    )


def _in_time(asked: datetime | None, answered: datetime | None) -> Score:
    """Days from question to answer against PROMPT_DAYS and LATE_DAYS."""
    if asked is None or answered is None:
        return Score(0.0, "缺留言或答复时间，无法判断")
    days = (answered - asked).total_seconds() / 86400
    if days < 0:
        return Score(0.0, "答复时间早于留言时间，请核对")
    if days <= PROMPT_DAYS:
        value = 1.0
    elif days <= LATE_DAYS:
        value = 1.0 - 0.5 * (days - PROMPT_DAYS) / (LATE_DAYS - PROMPT_DAYS)
    else:
        value = max(0.0, 0.5 * (1 - (days - LATE_DAYS) / (3 * LATE_DAYS)))
    return Score(round(value, 2), f"留言后{days:.1f}天答复（{PROMPT_DAYS:.0f}天内为及时，超过{LATE_DAYS:.0f}天为迟）")
