"""The content of a briefing (简报内容): blocks of sentences, each with its proof. Writers draw it; nothing here draws.

A sentence stands on documents, on named queries whose answers are its figures, or on a named person's judgement.
A sentence without any of the three cannot be exported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import TypeAdapter

from pipeline.document import Secrecy
from pipeline.errors import HuiyingError


class BriefingKind(StrEnum):
    """Which paper it is."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SPECIAL = "special"
    FLASH = "flash"
    LETTER = "letter"
    RUMOUR = "rumour"


KIND_NAMES = {
    BriefingKind.DAILY: "日报",
    BriefingKind.WEEKLY: "周报",
    BriefingKind.MONTHLY: "月报",
    BriefingKind.SPECIAL: "专报",
    BriefingKind.FLASH: "快报",
    BriefingKind.LETTER: "工作建议",
    BriefingKind.RUMOUR: "谣言线索函",
}


class UnprovenError(HuiyingError):
    """A sentence that nothing proves and nobody signs."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the store that anybody can ask again: name of `proofs.QUERIES` and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """An answer as it was written down."""

    query: Query
    value: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what it stands on. `by` = name of the person whose judgement it is; `quoted` = collected words."""

    text: str
    documents: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    by: str = ""
    quoted: bool = False
    critical: bool = False

    @property
    def proven(self) -> bool:
        return bool(self.documents or self.figures or self.by)


@dataclass(frozen=True, slots=True)
class Heading:
    """一、 is level 1, （一） 2, 1. 3, （1） 4."""

    level: Literal[1, 2, 3, 4]
    text: str
    block: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that run on; `lead` is a short label before them."""

    sentences: tuple[Sentence, ...]
    lead: str = ""
    block: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as PNG (base64) with the same content as words."""

    png: str
    caption: str
    alternative: str
    figures: tuple[Figure, ...]
    block: Literal["picture"] = "picture"


@dataclass(frozen=True, slots=True)
class Space:
    """Room for a leader's hand (批示)."""

    label: str
    lines: int
    block: Literal["space"] = "space"


Block = Heading | Paragraph | Picture | Space


@dataclass(frozen=True, slots=True)
class Hands:
    """报/送/发 and 编辑/审核/签发; '' = not yet signed."""

    report_to: str = ""
    send_to: str = ""
    distribute: str = ""
    editor: str = ""
    reviewer: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One line of the annex: a document that sentences stand on, with its text's hash."""

    document_id: str
    title: str
    source: str
    at: str
    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """One paper. `marks` = what the next one of its chain compares itself with."""

    id: str
    kind: BriefingKind
    masthead: str
    issue: str
    office: str
    date: str
    title: str
    period: str
    cut_off: datetime
    blocks: tuple[Block, ...]
    hands: Hands
    sources: tuple[Source, ...] = ()
    secrecy: Secrecy = Secrecy.INTERNAL
    draft: bool = True
    notes: tuple[str, ...] = ()  # said on the paper: changed numbers, a language model's help, what it corrects
    event_id: str = ""
    series: str = ""
    corrects: str = ""  # the sent paper that this one corrects (更正)
    marks: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # what the annex calls events, cases, alerts and people by id

    def sentences(self) -> Iterator[Sentence]:
        for block in self.blocks:
            if isinstance(block, Paragraph):
                yield from block.sentences

    def figures(self) -> Iterator[Figure]:
        for sentence in self.sentences():
            yield from sentence.figures
        for block in self.blocks:
            if isinstance(block, Picture):
                yield from block.figures

    def document_ids(self) -> tuple[str, ...]:
        """Documents that sentences stand on, in the order in which they are first used."""
        return tuple(dict.fromkeys(key for sentence in self.sentences() for key in sentence.documents))


_ADAPTER = TypeAdapter(Briefing)


def to_json(briefing: Briefing) -> str:
    return _ADAPTER.dump_json(briefing).decode()


def from_json(text: str) -> Briefing:
    return _ADAPTER.validate_json(text)


def require_proof(briefing: Briefing) -> None:
    """UnprovenError names the first sentence that stands on nothing."""
    for sentence in briefing.sentences():
        if not sentence.proven:
            raise UnprovenError(
                f"“{sentence.text[:40]}”没有依据，不能作为事实写入简报；请附上文档、数据，或署名为某人的研判。"
            )


def marks_of(briefing: Briefing) -> dict[Sentence, tuple[int, ...]]:
    """Annex numbers of each sentence: documents are 1, 2, 3 … in order of use; queries go on after them."""
    numbers: dict[str | Query, int] = {key: number for number, key in enumerate(briefing.document_ids(), 1)}
    for figure in briefing.figures():
        numbers.setdefault(figure.query, len(numbers) + 1)
    return {
        sentence: tuple(
            dict.fromkeys(
                [numbers[key] for key in sentence.documents] + [numbers[figure.query] for figure in sentence.figures]
            )
        )
        for sentence in briefing.sentences()
    }


def queries_of(briefing: Briefing) -> tuple[Figure, ...]:
    """The figures of the annex, each query once, in the order of their numbers."""
    found: dict[Query, Figure] = {}
    for figure in briefing.figures():
        found.setdefault(figure.query, figure)
    return tuple(found.values())


def number_marks(numbers: tuple[int, ...]) -> str:
    """3,7-9: short runs joined."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def replace_blocks(briefing: Briefing, blocks: tuple[Block, ...]) -> Briefing:
    """The same paper with another body."""
    return replace(briefing, blocks=blocks)
