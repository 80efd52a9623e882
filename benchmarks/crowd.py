"""Documents without end, for the benchmarks: a district's days written by a word chain over the demo city's texts.

Every day has its own stories (a place, a matter, a vocabulary of their own), their copies and reposts, and a majority of
documents that are about nothing else. Seeded: the same number gives the same documents.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import rjieba

from demo.documents import documents as demo_documents
from pipeline.document import Counts, Document, Kind

A_DAY = 5_000  # documents of a district's day
START = datetime(2025, 1, 1, tzinfo=UTC)
_KINDS = (Kind.WEIBO,) * 5 + (Kind.NEWS,) * 2 + (Kind.MESSAGE,) * 2 + (Kind.FORUM,)
_PLACES = ("柳渡镇", "青塘镇", "白鹭镇", "沙洲镇", "石桥街道", "滨江街道", "东陵街道", "河口街道")


class Crowd:
    """Writes documents."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._next: dict[str, list[str]] = defaultdict(list)
        for document in demo_documents():
            for sentence in re.split(r"[。！？\n]", document.text):
                words = ["^", *rjieba.cut(sentence), "$"]
                for before, after in pairwise(words):
                    self._next[before].append(after)
        self._words = sorted(word for word in self._next if len(word) > 1)

    def days(self, total: int) -> Iterator[list[Document]]:
        """Day after day, `total` documents in all, each day in order of time."""
        made = 0
        while made < total:
            day = self._day(made // A_DAY, min(A_DAY, total - made))
            made += len(day)
            yield day

    def _day(self, number: int, size: int) -> list[Document]:
        start = START + timedelta(days=number)
        stories = [[self._sentence() for _ in range(8)] for _ in range(40)]
        texts: list[str] = []
        for _ in range(size):
            luck = self._chance.random()
            if texts and luck < 0.15:
                texts.append("转发：" + self._chance.choice(texts[-300:]))
            elif luck < 0.4:
                story = stories[min(int(self._chance.paretovariate(0.8)) - 1, len(stories) - 1)]
                texts.append("。".join([*self._chance.sample(story, 2), self._sentence()]))
            else:
                texts.append("。".join(self._sentence() for _ in range(self._chance.randint(2, 6))))
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

    def _sentence(self) -> str:
        words: list[str] = []
        word = "^"
        while len(words) < 25:
            word = self._chance.choice(self._next.get(word, ["$"]))
            if word == "$":
                break
            words.append(word)
        if self._chance.random() < 0.3:
            words.append(self._chance.choice(_PLACES))
        if self._chance.random() < 0.5:  # a name, a number or a word that nobody else uses today
            words.append(self._chance.choice(self._words) + str(self._chance.randrange(1000)))
        return "".join(words)
