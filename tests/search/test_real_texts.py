"""1,000 real texts on both indexes: same hits, same counts, same marks, same order by time."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.document import Kind, Polarity, Scope
from pipeline.search.port import FACETS, IndexedDocument, Interval, Query, SearchIndex
from pipeline.search.query import parse

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = 1_000
QUERIES = (
    "拆迁", "补偿款", "噪音 扰民", "噪音 OR 油烟", "小区 -物业", "NOT 的", "3.14", "10,000", "A7县", "2019年",
    "kind:message,forum 学校", "情感:负面 place:柳渡镇", "time:2026-01-02", "http", "的", "12345", "😀", "",
)  # fmt: skip


def real_documents(folder: Path) -> list[IndexedDocument]:
    """Portal messages and posts with odd times and judgements, so that every filter has something to do."""
    chance = random.Random(10)
    texts: list[tuple[str, str]] = []
    with (folder / "messages" / "hot_issue_messages.tsv").open(encoding="utf-8", newline="") as lines:
        texts += [(row["留言主题"], row["留言详情"]) for row in csv.DictReader(lines, delimiter="\t")]
    chance.shuffle(texts)
    return [
        IndexedDocument(
            id=f"r{number}",
            kind=chance.choice(list(Kind)),
            text=text,
            title=title,
            at=START + timedelta(minutes=chance.randrange(3 * 1440)),  # so dense that times repeat
            source=chance.choice(["区政府网", "澜州日报", ""]),
            sentiment=chance.choice(list(Polarity)),
            topic=chance.choice(["住房", "教育", "环境"]),
            scope=chance.choice(list(Scope)),
            places=tuple(chance.sample(["柳渡镇", "青塘镇", "白鹭镇"], chance.randrange(3))),
        )
        for number, (title, text) in enumerate(texts[:TEXTS])
    ]


@pytest.mark.services
def test_both_indexes_answer_alike(both: tuple[SearchIndex, SearchIndex], shared_data: Path) -> None:
    documents = real_documents(shared_data)
    chance = random.Random(11)
    pieces = [text[at : at + size] for text, at, size in _pieces(documents, chance)]
    for index in both:
        index.add(documents)
    embedded, elastic = both
    found = 0
    for typed in (*QUERIES, *(f'"{piece}"' for piece in pieces)):
        where = parse(typed.replace("\n", " "), START).where
        query = Query(where, limit=50, facets=FACETS, histogram=Interval.HOUR)
        mine = embedded.search(query)
        assert mine == elastic.search(query), typed
        found += mine.total
        assert [d.id for d in embedded.scan(Query(where))] == [d.id for d in elastic.scan(Query(where))], typed
    assert found > len(pieces)


def test_a_piece_of_any_real_text_finds_that_text(lasting_index: SearchIndex, shared_data: Path) -> None:
    documents = real_documents(shared_data)
    lasting_index.add(documents)
    chance = random.Random(12)
    for number, (text, at, size) in enumerate(_pieces(documents, chance)):
        where = parse('"' + text[at : at + size].replace('"', " ") + '"', START).where
        ids = {document.id for document in lasting_index.scan(Query(where))}
        assert any(documents[n].text == text and documents[n].id in ids for n in range(TEXTS)), number


def _pieces(documents: list[IndexedDocument], chance: random.Random) -> list[tuple[str, int, int]]:
    """A stretch of 2-8 characters that begins and ends at a Han character, out of each of 100 texts."""
    made = []
    for document in chance.sample(documents, 100):
        han = [at for at, char in enumerate(document.text) if "\u4e00" <= char <= "\u9fff"]
        if len(han) > 10:
            first = chance.randrange(len(han) - 8)
            last = first + chance.randrange(1, 8)
            made.append((document.text, han[first], han[last] - han[first] + 1))
    return made
