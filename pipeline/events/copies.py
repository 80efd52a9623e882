"""Copies and rewrites (转载、改写、引用): fold the wire story on five sites, the forwarded post and the quote into one.

How: each text keeps its sorted 4-gram hashes; the smallest few (a bottom-k sketch) go into an inverted index. Texts
that share sketch hashes with a new one are candidates, the best of them are verified on the full hashes by Jaccard
(near) or by how much of the earlier text stands in the new one (quoted) or of the new one in the earlier (shortened).
The memory is a pure function of the texts in the window, so `restore` gives exactly the state that living through gave.
Settings read by the caller: events.copies_window_days, events.copies_limit.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pipeline.document import Copy
from pipeline.events.shingles import Hashes, normalise, shared, shingles

SHORTEST = 10  # letters and digits; below this two texts are alike by chance (转发微博, 太好了), so none is a copy
SKETCH = 24  # smallest hashes indexed per text
KEPT = 640  # hashes kept per text for verification: the smallest ones, an even sample of a longer text
SCANNED = 48  # earliest texts looked at per shared hash
VERIFIED = 10  # candidates compared in full
NEAR = 0.3  # Jaccard from which two texts are one
NEAR_SHORT = 0.35  # the same for a text of fewer than SHORT grams, where chance weighs more
SHORT = 20
SHORTENED = 0.75  # share of the new text that stands in the earlier one
QUOTED = 0.8  # share of the earlier text that stands in the new one
SMALLEST_PART = 12  # grams that the contained text must have: a stock phrase is no quotation
SMALLEST_SHARE = 0.1  # how large the contained text must be beside the one that contains it
LARGE_SHARE = 0.5  # from this share on it need not have SMALLEST_PART grams
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_FORWARDER = re.compile(r"^[^:：\s]{1,40}[:：]")


@dataclass(frozen=True, slots=True)
class _Remembered:
    """One text in the window."""

    document_id: str
    at: datetime
    text_hash: int
    grams: Hashes  # smallest KEPT hashes
    size: int  # distinct grams of the whole text


class Copies:
    """Remembers the texts of a window and says whether a new one copies an earlier one."""

    def __init__(self, window: timedelta, limit: int) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self._window = window
        self._limit = limit
        self._texts: deque[_Remembered] = deque()
        self._first = 0  # sequence number of self._texts[0]
        self._postings: dict[int, int | list[int]] = {}  # sketch hash → sequence number(s), ascending
        self._exact: dict[int, int | list[int]] = {}  # hash of the whole text → sequence number(s)

    def __len__(self) -> int:
        return len(self._texts)

    def find(self, document_id: str, text: str, at: datetime) -> Copy | None:
        """The earliest text in the window that this one copies, or None; the text is remembered either way."""
        self._forget(at)
        new = _remembered(document_id, text, at)
        if new is None:
            return None
        copy = self._compare(new, text)
        self._remember(new)
        return copy

    def look(self, text: str) -> Copy | None:
        """What `find` would answer now, without remembering the text."""
        new = _remembered("", text, _NO_TIME)
        return None if new is None else self._compare(new, text)

    def restore(self, rows: Iterable[tuple[str, str, datetime]]) -> None:
        """Rebuild the memory from stored (document id, text, at), in the order in which they were first seen."""
        for document_id, text, at in rows:
            self._forget(at)
            new = _remembered(document_id, text, at)
            if new is not None:
                self._remember(new)

    def _compare(self, new: _Remembered, text: str) -> Copy | None:
        return self._same(new) or self._alike(new) or self._forwarded(new, text)

    def _same(self, new: _Remembered) -> Copy | None:
        for sequence in _numbers(self._exact.get(new.text_hash)):
            old = self._texts[sequence - self._first]
            if (
                old.document_id != new.document_id
                and old.size == new.size
                and shared(old.grams, new.grams) == len(new.grams)
            ):
                return Copy(new.document_id, old.document_id, 1.0, "exact")
        return None

    def _alike(self, new: _Remembered) -> Copy | None:
        hits: dict[int, int] = {}
        for gram in new.grams[:SKETCH].tolist():
            found = self._postings.get(gram)
            if found is None:
                continue
            if isinstance(found, int):
                hits[found] = hits.get(found, 0) + 1
            else:
                for sequence in found[:SCANNED]:
                    hits[sequence] = hits.get(sequence, 0) + 1
        best = sorted(hits, key=lambda sequence: (-hits[sequence], sequence))[:VERIFIED]
        for sequence in sorted(best):
            old = self._texts[sequence - self._first]
            if old.document_id == new.document_id:
                continue
            verdict = _verify(old, new)
            if verdict is not None:
                return Copy(new.document_id, old.document_id, *verdict)
        return None

    def _forwarded(self, new: _Remembered, text: str) -> Copy | None:
        """A forwarded chain (//@someone: …) quotes its root, however long the comments before it are."""
        before, mark, root = text.rpartition("//@")
        quoted = _remembered(new.document_id, _FORWARDER.sub("", root, count=1), new.at) if mark and before else None
        if quoted is None:
            return None
        copy = self._same(quoted) or self._alike(quoted)
        return copy and replace(copy, how="quoted")

    def _remember(self, new: _Remembered) -> None:
        sequence = self._first + len(self._texts)
        self._texts.append(new)
        for gram in new.grams[:SKETCH].tolist():
            _add(self._postings, gram, sequence)
        _add(self._exact, new.text_hash, sequence)
        if len(self._texts) > self._limit:
            self._drop_oldest()

    def _forget(self, at: datetime) -> None:
        oldest = at - self._window
        while self._texts and self._texts[0].at < oldest:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        old = self._texts.popleft()
        for gram in old.grams[:SKETCH].tolist():
            _remove_first(self._postings, gram)
        _remove_first(self._exact, old.text_hash)
        self._first += 1


def _remembered(document_id: str, text: str, at: datetime) -> _Remembered | None:
    """The memory of one text; None when it is too short to be told from another by its words."""
    plain = normalise(text)
    if len(plain) < SHORTEST:
        return None
    grams = shingles(plain)
    return _Remembered(document_id, at, _hash_of(grams), grams[:KEPT].copy(), len(grams))


def _hash_of(grams: Hashes) -> int:
    """A 32-bit hash of a set of grams."""
    return int(grams.sum(dtype="uint64")) & 0xFFFFFFFF


def _verify(old: _Remembered, new: _Remembered) -> tuple[float, str] | None:
    """(similarity, how) when the two are one text; estimated on the smallest hashes when a text is longer than KEPT."""
    left, right = old.grams, new.grams
    if old.size > len(left) or new.size > len(right):  # compare only below the bound up to which both are complete
        bound = min(left[-1] if old.size > len(left) else right[-1], right[-1] if new.size > len(right) else left[-1])
        left, right = left[: left.searchsorted(bound, "right")], right[: right.searchsorted(bound, "right")]
    if not len(left) or not len(right):
        return None
    both = shared(left, right)
    jaccard = both / (len(left) + len(right) - both)
    smaller = min(old.size, new.size)
    if jaccard >= (NEAR if smaller >= SHORT else NEAR_SHORT):
        return round(jaccard, 4), "near"
    share = smaller / max(old.size, new.size)
    if share < SMALLEST_SHARE or (smaller < SMALLEST_PART and share < LARGE_SHARE):
        return None
    if old.size <= new.size:
        return (round(both / len(left), 4), "quoted") if both >= QUOTED * len(left) else None
    return (round(both / len(right), 4), "near") if both >= SHORTENED * len(right) else None


def _numbers(found: int | list[int] | None) -> Iterable[int]:
    if found is None:
        return ()
    return (found,) if isinstance(found, int) else found


def _add(index: dict[int, int | list[int]], key: int, sequence: int) -> None:
    """A key held by one text stays a bare number: most are, and a list each would double the memory."""
    found = index.get(key)
    if found is None:
        index[key] = sequence
    elif isinstance(found, int):
        index[key] = [found, sequence]
    else:
        found.append(sequence)


def _remove_first(index: dict[int, int | list[int]], key: int) -> None:
    """Texts leave in the order in which they came, so the one that leaves is always the first."""
    found = index.get(key)
    if isinstance(found, list) and len(found) > 1:
        del found[0]
    elif found is not None:
        del index[key]
