"""Optional help by a language model (语言模型): any OpenAI-compatible endpoint; off while no address is set.

It gets only masked text of 公开 documents and the paper's own sentences, and may only put them in other words. Each sentence
that comes back is checked against the facts it was given: numbers, dates, places and names must occur there, and every
number of the facts must still be said. Anything else (time-out, nonsense, a wrong number) leaves the template's words, and
the paper says so. A person sees it as a draft.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from config.settings import LanguageModelSettings
from dashboards.briefings.content import Block, Briefing, Paragraph, Sentence
from pipeline.document import Secrecy
from pipeline.store.schema.documents import documents

MOST_LETTERS = 4000
_NUMBER = re.compile(r"\d+(?:[.,:：]\d+)*%?")
_CHINESE_NUMBER = re.compile(r"[一二两三四五六七八九十百千万亿]+(?=[个人名条件次天时分年月日家起只元户栋])")
_NAME = re.compile(
    r"[\u4e00-\u9fff]{2,12}?(?:省|市|区|县|镇|乡|村|街道|路|大道|河|局|委|办|部|大队|公司|医院|学校|小学|中学|园|小区)"
)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜谢邹喻苏潘葛范彭郎鲁韦马方任袁柳唐薛雷贺汤罗毕郝安常于傅齐康伍余顾孟黄萧尹姚邵汪祁毛狄贝"
    "明臧成戴宋庞熊纪舒屈项祝董梁杜阮蓝季贾路江童颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯卢莫房缪解应宗丁宣邓单洪包左石崔吉龚程邢裴陆翁甄段焦侯全班秋仲宁仇甘厉"
)
_PERSON = re.compile(rf"(?<![\u4e00-\u9fff])[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=称|说|表示|认为|批示|指出|强调)")
_JUDGING = re.compile(r"严重|恶劣|强烈|极其|非常|十分|迅速|高度|巨大|显著|明显|妥善|积极|有力|及时|全力")
_SYSTEM = (
    "你是政府新闻办的文字校对。只改写给出的句子，使其通顺；不得增加、删除或改变任何数字、时间、地名、单位、人名和事实，"
    '不得加形容词。按原顺序返回 JSON：{"sentences": ["…"]}，句数不变。'
)


def helped(briefing: Briefing, settings: LanguageModelSettings, connection: Connection) -> Briefing:
    """The paper with what the model could put better; unchanged when it is off; a note says what was done or refused."""
    if not settings.base_url:
        return briefing
    public = _public(connection, briefing.document_ids())
    asked = [
        sentence
        for sentence in dict.fromkeys(briefing.sentences())
        if not sentence.quoted and not sentence.by and all(key in public for key in sentence.documents)
    ]
    asked = asked[: _fitting(asked)]
    try:
        answers = ask(settings, [sentence.text for sentence in asked])
    except ModelFailed as error:
        return replace(briefing, notes=(*briefing.notes, f"语言模型未采用（{error}），全文为模板文字。"))
    taken = {
        before: replace(before, text=after)
        for before, after in zip(asked, answers, strict=True)
        if after != before.text and not objections(after, before.text)
    }
    refused = sum(after != before.text and before not in taken for before, after in zip(asked, answers, strict=True))
    note = f"语言模型改写{len(taken)}句，核对不符未采用{refused}句；本稿须经人工审核。"
    return replace(
        briefing,
        blocks=tuple(_rewritten(block, taken) for block in briefing.blocks),
        notes=(*briefing.notes, note),
        draft=True,
    )


class ModelFailed(Exception):
    """Why nothing came of it, in words for the paper."""


def ask(settings: LanguageModelSettings, sentences: Sequence[str]) -> list[str]:
    """The same number of sentences back, or ModelFailed."""
    body = {
        "model": settings.model,
        "temperature": 0,
        "messages": [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": json.dumps({"sentences": list(sentences)}, ensure_ascii=False)},
        ],
    }
    headers = {"content-type": "application/json"}
    if settings.key.get_secret_value():
        headers["authorization"] = f"Bearer {settings.key.get_secret_value()}"
    url = settings.base_url.rstrip("/") + "/chat/completions"
    if not url.startswith(("http://", "https://")):
        raise ModelFailed("地址不是 http(s)")
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 -- checked above
    try:
        with urllib.request.urlopen(request, timeout=settings.timeout_seconds) as response:  # noqa: S310
            answer = json.loads(response.read(2_000_000))
        content = answer["choices"][0]["message"]["content"]
        found = json.loads(content[content.index("{") : content.rindex("}") + 1])["sentences"]
    except TimeoutError as error:
        raise ModelFailed("超时") from error
    except urllib.error.URLError as error:
        raise ModelFailed("超时" if isinstance(error.reason, TimeoutError) else "连不上或出错") from error
    except OSError as error:
        raise ModelFailed("连不上或出错") from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelFailed("返回的内容读不懂") from error
    if not isinstance(found, list) or len(found) != len(sentences) or not all(isinstance(one, str) for one in found):
        raise ModelFailed("返回的句数不对")
    return [one.strip() for one in found]


def objections(after: str, facts: str) -> list[str]:
    """Why a sentence cannot be taken: what it says that the facts do not, and which numbers it no longer says."""
    found = []
    for name, pattern in (
        ("数字", _NUMBER),
        ("数目", _CHINESE_NUMBER),
        ("地名或单位", _NAME),
        ("人名", _PERSON),
        ("形容", _JUDGING),
    ):
        found += [f"{name}“{one}”不在原文" for one in pattern.findall(after) if not _occurs(one, facts, name)]
    found += [f"漏了数字“{one}”" for one in _NUMBER.findall(facts) if one not in _NUMBER.findall(after)]
    if not after or len(after) > 2 * len(facts) + 20:
        found.append("长度不合")
    if any(mark in facts and mark not in after for mark in ("没有", "不", "未", "无")):
        found.append("否定词变了")
    return found


def _occurs(one: str, facts: str, name: str) -> bool:
    if name == "数字":
        return one in _NUMBER.findall(facts)
    if name == "地名或单位":  # the pattern may have caught letters before the name
        return any(one[start:] in facts for start in range(max(1, len(one) - 2))) and one[-3:] in facts
    return one in facts


def _fitting(asked: Sequence[Sentence]) -> int:
    total = 0
    for number, sentence in enumerate(asked):
        total += len(sentence.text)
        if total > MOST_LETTERS:
            return number
    return len(asked)


def _public(connection: Connection, ids: Sequence[str]) -> set[str]:
    rows = connection.execute(
        select(documents.c.id).where(documents.c.id.in_(ids), documents.c.secrecy == Secrecy.PUBLIC.value)
    )
    return set(rows.scalars())


def _rewritten(block: Block, taken: dict[Sentence, Sentence]) -> Block:
    if isinstance(block, Paragraph):
        return replace(block, sentences=tuple(taken.get(one, one) for one in block.sentences))
    return block
