"""Writes the city's documents and their truth as JSONL, in the public format: `python -m demo.export DOCS.jsonl TRUTH.jsonl`.

With a third file also its documents with their storyline, as `huiying train grouping --stories` reads them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from demo.documents import document_id, documents, observations
from demo.stories import load_pieces
from pipeline.clock import iso
from pipeline.document import Counts, Document, Observation


def rows() -> Iterator[dict[str, Any]]:
    """Documents and later looks at their counters, one row each, in order of collection."""
    firsts = list(documents())
    by_id = {document.id: document for document in firsts}
    dated = [(document.known_at, document.id, _row(document)) for document in firsts]
    dated += [(look.at, look.document_id, _look(by_id[look.document_id], look)) for look in observations()]
    for _, _, row in sorted(dated, key=lambda item: (item[0], item[1])):
        yield row


def truths() -> Iterator[dict[str, Any]]:
    """One row of truth per document, with the id that `rows` uses."""
    by_native = {piece.native_id: document_id(piece) for piece in load_pieces()}
    for piece in load_pieces():
        row: dict[str, Any] = {"id": document_id(piece), **asdict(piece.truth)}
        for link in ("copy_of", "repost_of"):
            row[link] = by_native.get(row[link], "")
        yield row


def write(documents_file: Path, truth_file: Path) -> tuple[int, int]:
    """Write both files (UTF-8, one object a line); how many rows each got."""
    return _write(documents_file, rows()), _write(truth_file, truths())


def write_stories(file: Path) -> int:
    """The documents, each with its storyline ('' = a matter of its own); how many."""
    storylines = {row["id"]: row["storyline"] for row in truths()}
    return _write(file, (_row(one) | {"storyline": storylines[one.id]} for one in documents() if one.id in storylines))


def _row(document: Document) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": document.id,
        "kind": document.kind,
        "source": document.source,
        "url": document.url,
        "title": document.title,
        "text": document.text,
        "author": document.author,
        "published_at": iso(document.published_at) if document.published_at else "",
        "collected_at": iso(document.known_at),
        **_counters(document.counts),
        "repost_of": document.repost_of,
        "place": document.place,
    }
    if document.reply:
        at = iso(document.reply.at) if document.reply.at else ""
        row["reply"] = {"text": document.reply.text, "department": document.reply.department, "at": at}
    return {key: value for key, value in row.items() if value != ""}


def _look(document: Document, look: Observation) -> dict[str, Any]:
    row = {
        "id": document.id,
        "kind": document.kind,
        "text": document.text,
        "collected_at": iso(look.at),
        **_counters(look.counts),
    }
    return {**row, "deleted": True} if look.deleted else row


def _counters(counts: Counts) -> dict[str, int]:
    return {key: value for key, value in asdict(counts).items() if value is not None}


def _write(path: Path, lines: Iterator[dict[str, Any]]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            written += 1
    return written


def main() -> int:
    """The command line; 2 when the two file names are missing."""
    names = [Path(name) for name in sys.argv[1:]]
    if len(names) not in (2, 3):
        sys.stderr.write("用法：python -m demo.export 文档.jsonl 基准.jsonl [故事.jsonl]\n")
        return 2
    docs, truth = write(*names[:2])
    sys.stdout.write(f"已写出 {docs} 行文档与观察、{truth} 行基准\n")
    for stories in names[2:]:
        sys.stdout.write(f"已写出 {write_stories(stories)} 行带故事线的文档\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
