"""Learn when a document joins an event (归并学习): boosted trees on the decisions of written stories, in the talk of real days.

Twice over each stream of documents: once every document is put where it belongs, and compared with what was near; then, round
by round, the grouping decides by what it has learned so far, so that it learns from events as it makes them, broken and mixed.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.document import Copy, Document, Judged, Kind
from pipeline.events.copies import Copies
from pipeline.events.grouping import Grouping
from pipeline.events.likeness import NAMES, evidences, read
from pipeline.events.live import Event
from pipeline.events.shallow import INNER, LEAVES, Shallow, exported
from pipeline.events.signature import signature
from pipeline.importing import Rejected, read_documents

ROUNDS = 3
TREES, RATE, RIDGE, LEAST_ROWS = 180, 0.1, 5.0, 25
MORE_IS_LIKER = {
    "words", "marks", "same_place", "town_odds", "same_name", "kind_here", "kind", "kind_odds", "same_tag", "numbers", "share", "pace",
    "owned", "own_words", "gist",
}  # fmt: skip
LESS_IS_LIKER = {"other_place", "abroad", "other_name", "silent_days"}
TALK = ((0, 1), (700, 120), (2_500, 12))  # (unrelated texts, hours over which they come) beside each story set
SHORTEST = 4  # characters of an unrelated text
LOCAL = 5  # of so many unrelated texts one is made to name a town
LETTERS = 0.225  # share of letters among the unrelated texts
WINDOW = timedelta(days=7)
LETTERS_WINDOW = timedelta(days=60)  # in which letters by themselves may meet (huiying hot-issues)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
ALONE = 400  # letters by themselves, in a hundred days
UNSURE = 0.25  # share of its rare words from which two unrelated letters may be about one thing
WORDS = NAMES.index("words")
UNTAUGHT = Shallow(np.zeros((INNER, 1), np.int64), np.zeros((INNER, 1)), np.zeros((LEAVES, 1), np.int64), 0.0)
COPY_WINDOW, COPY_LIMIT = timedelta(days=30), 200_000


@dataclass
class Rows:
    """Comparisons of a document with an event: the evidence, and whether they are of one matter."""

    evidence: list[tuple[float, ...]] = field(default_factory=list)
    same: list[bool] = field(default_factory=list)

    def add(self, stream: Stream, judged: Judged, found: Sequence[tuple[float, ...]], matters: Sequence[str]) -> None:
        """The document beside events of those matters; what nobody knows is left out."""
        for row, matter in zip(found, matters, strict=True):
            same = stream.same(judged, matter, row[WORDS])
            if same is not None:
                self.evidence.append(row)
                self.same.append(same)


@dataclass(frozen=True)
class Stream:
    """Documents in order, each with the text that it copies, and the matter of those that have one."""

    documents: Sequence[tuple[Judged, Copy | None]]
    truth: Mapping[str, str]
    window: timedelta = WINDOW

    @classmethod
    def of(cls, documents: Iterable[Judged], truth: Mapping[str, str], window: timedelta = WINDOW) -> Stream:
        ordered = sorted(documents, key=lambda judged: (judged.document.known_at, judged.document.id))
        copies = Copies(COPY_WINDOW, COPY_LIMIT)
        found = [copies.find(one.document.id, one.document.text, one.document.known_at) for one in ordered]
        return cls(list(zip(ordered, found, strict=True)), truth, window)

    def matter(self, document_id: str) -> str:
        return self.truth.get(document_id, document_id)

    def same(self, judged: Judged, matter: str, words: float) -> bool | None:
        """Whether the document is of that matter. Real letters that share so many words may be: nobody knows."""
        mine = self.matter(judged.document.id)
        unsure = words >= UNSURE and judged.document.kind is Kind.MESSAGE and not {mine, matter} & self.matters
        return None if unsure and mine != matter else mine == matter

    @cached_property
    def matters(self) -> frozenset[str]:
        return frozenset(self.truth.values())


def talk_of(files: Mapping[Kind, Iterable[Path]], sets: int, towns: Sequence[str]) -> Iterator[Document]:
    """Unrelated texts, none twice, in an order that a seed shuffles, as many as so many story sets want.

    Every LOCAL-th names a town: to be of the town on a busy day is not yet to be about what it is busy with.
    """
    count = sets * sum(texts for texts, _ in TALK)
    chance, chosen = random.Random(11), list[Document]()  # noqa: S311
    for kind, paths in files.items():
        texts = {
            (row.title, row.text): row
            for path in paths
            for row in read_documents(path, kind)
            if not isinstance(row, Rejected) and len(row.text) >= SHORTEST
        }
        rows = [texts[name] for name in sorted(texts)]
        chance.shuffle(rows)
        chosen += rows[: round(count * (LETTERS if kind is Kind.MESSAGE else 1 - LETTERS))]
    chance.shuffle(chosen)
    for number, row in enumerate(chosen):
        text = row.text if number % LOCAL else chance.choice(towns) + row.text
        yield replace(row, id=f"talk-{number}", text=text, source="talk", reply=None)


def streams(
    sets: Sequence[tuple[Sequence[Judged], Mapping[str, str]]], talk: Sequence[Judged], apart: Sequence[Judged]
) -> list[Stream]:
    """Each story set by itself and in the talk of quiet and of busy days, no text of talk twice; and letters alone, slow and dense.

    `apart`: more letters, of a hundred days: among thousands of one topic, buses or subsidies, hardly two are about one matter.
    """
    made, used = [], 0
    for judged, truth in sets:
        moments = sorted(one.document.known_at for one in judged)
        for count, hours in TALK:
            chance, start = random.Random(used), _busiest(moments, timedelta(hours=hours))  # noqa: S311
            beside = [_at(one, start + timedelta(hours=chance.uniform(0, hours))) for one in talk[used : used + count]]
            made.append(Stream.of([*judged, *beside], truth))
            used += count
    letters, chance = [one for one in talk if one.document.kind is Kind.MESSAGE], random.Random(0)  # noqa: S311
    slow = [_at(one, JANUARY + timedelta(days=chance.uniform(0, 100))) for one in letters[:ALONE]]
    dense = [_at(one, JANUARY + timedelta(hours=chance.uniform(0, 24))) for one in letters[ALONE:]]
    chance = random.Random(7)  # noqa: S311
    many = [_at(one, JANUARY + timedelta(days=chance.uniform(0, 100))) for one in apart]
    return [*made, *(Stream.of(some, {}, LETTERS_WINDOW) for some in (slow, many)), Stream.of(dense, {})]


def _busiest(moments: Sequence[datetime], reach: timedelta) -> datetime:
    """The first of those moments from which most others come within reach."""
    return max(
        moments, key=lambda one: (bisect_right(moments, one + reach) - bisect_left(moments, one), -one.timestamp())
    )


def _at(judged: Judged, moment: datetime) -> Judged:
    return Judged(
        replace(judged.document, published_at=None, collected_at=moment.replace(microsecond=0)), judged.analysis
    )


def taught(stream: Stream) -> Rows:
    """Every document put where it belongs."""
    rows, grouping = Rows(), Grouping(stream.window, trees=UNTAUGHT)
    live = grouping.live
    for judged, _ in stream.documents:
        live.forget(judged.document.known_at - stream.window)
        new, matter = signature(judged, grouping.incidents), stream.matter(judged.document.id)
        if grouping.followed(new, None) is None:
            reading = read(new, live)
            near = grouping.candidates(reading)
            own = live.events.get(matter)
            near += [own] if own is not None and own not in near else []
            rows.add(stream, judged, evidences(reading, near), [one.id for one in near])
        live.add(new, matter)
    return rows


def lived(stream: Stream, trees: Shallow) -> Rows:
    """The grouping decides for itself; an event is of the matter that most of its documents have."""
    rows, grouping = Rows(), Grouping(stream.window, trees=trees)
    live = grouping.live
    for judged, copy in stream.documents:
        live.forget(judged.document.known_at - stream.window)
        new = signature(judged, grouping.incidents)
        if grouping.followed(new, copy) is None:
            reading = read(new, live)
            near = grouping.candidates(reading)
            matters = [_matter(one, stream) for one in near]
            rows.add(stream, judged, evidences(reading, near), matters)
        grouping.place(judged, copy, judged.document.known_at)
    return rows


def _matter(event: Event, stream: Stream) -> str:
    """What more than half of the event is about, '' when nothing is: then it is nobody's, and draws nobody."""
    matters = Counter(stream.matter(one.document_id) for one in event.documents.values())
    (matter, times) = matters.most_common(1)[0]
    return matter if 2 * times > len(event.documents) else ""


def fit(rows: Sequence[Rows]) -> Shallow:
    """The trees, monotone in what must be."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=RATE, max_depth=3, min_samples_leaf=LEAST_ROWS, l2_regularization=RIDGE,
        monotonic_cst=[(name in MORE_IS_LIKER) - (name in LESS_IS_LIKER) for name in NAMES], early_stopping=False,
    )  # fmt: skip
    seen: npt.NDArray[np.float64] = np.array([one for each in rows for one in each.evidence])
    return exported(trees.fit(seen, [one for each in rows for one in each.same]))


def train(streams: Sequence[Stream], out: Path, say: Callable[[str], None]) -> None:
    """Write the trees."""
    rows = [taught(stream) for stream in streams]
    for number in range(ROUNDS):
        trees = fit(rows)
        say(
            f"第 {number + 1} 轮：{sum(len(one.same) for one in rows):,} 次比较，其中同一件事 {sum(sum(one.same) for one in rows):,}"
        )
        if number + 1 < ROUNDS:
            rows += [lived(stream, trees) for stream in streams]
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **trees.arrays())  # type: ignore[arg-type]
