"""An indexed document as JSON and back: what both indexes keep to show a hit."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from pipeline.document import Kind, Polarity, Scope, Secrecy
from pipeline.search.port import IndexedDocument

_NAMES = tuple(field.name for field in fields(IndexedDocument))


def to_record(document: IndexedDocument) -> dict[str, Any]:
    """Plain JSON values. (Not `asdict`: it copies deeply, which took a third of a re-index.)"""
    made: dict[str, Any] = {name: getattr(document, name) for name in _NAMES}
    made["at"] = document.at.isoformat()
    return made


def from_record(record: dict[str, Any]) -> IndexedDocument:
    return IndexedDocument(
        **record
        | {
            "kind": Kind(record["kind"]),
            "at": datetime.fromisoformat(record["at"]),
            "sentiment": Polarity(record["sentiment"]),
            "scope": Scope(record["scope"]),
            "places": tuple(record["places"]),
            "departments": tuple(record["departments"]),
            "secrecy": Secrecy(record["secrecy"]),
        }
    )
