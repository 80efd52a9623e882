"""The one way in (入库): crawlers, imports and pushes hand documents here, and here personal names stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from pipeline.clock import Clock
from pipeline.document import Document, Kind
from pipeline.store import documents, tickets
from pipeline.store.documents import Saved
from pipeline.store.engine import Store
from pipeline.store.pseudonyms import Pseudonyms


def derived_id(kind: Kind | str, source: str, native: str) -> str:
    """The id of a document that brings none: kind + source + its native id or address."""
    return sha256(f"{kind}\x1f{source}\x1f{native}".encode()).hexdigest()[:24]


class Intake:
    """Takes documents into the store, authors made pseudonyms."""

    def __init__(self, store: Store, clock: Clock, pseudonyms: Pseudonyms) -> None:
        self.store = store
        self.clock = clock
        self.pseudonyms = pseudonyms

    def take(self, batch: Sequence[Document]) -> Saved:
        """Keep a batch in one transaction. Repeating it adds nothing."""
        now = self.clock.now()
        kept = [
            replace(document, author=self.pseudonyms.of(document.author, documents.known_moment(document, now)))
            for document in batch
        ]
        with self.store.write() as connection:
            saved = documents.save(connection, kept, now)
            tickets.save(connection, kept)
            return saved
