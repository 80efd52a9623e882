"""Phrase lists and the one automaton that finds them (词表): every rule of this room is data in config/, found in one pass.

A phrase belongs to a *kind* (建设性意见, rumour, …); a `PhraseBook` finds all phrases of all kinds in one pass over the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import ahocorasick

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase as found: where it starts and ends in the folded text, and what it stands for."""

    start: int
    end: int
    phrase: str


class PhraseBook(Generic[T]):
    """All phrases of a list with what each stands for; `find` gives every occurrence, longest first at each place."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        meanings: dict[str, list[T]] = {}
        for phrase, meaning in entries:
            meanings.setdefault(phrase, []).append(meaning)
        self._automaton = ahocorasick.Automaton()
        for phrase, what in meanings.items():
            if phrase:
                self._automaton.add_word(phrase, (phrase, tuple(what)))
        self._automaton.make_automaton()

    def find(self, text: str) -> Iterator[tuple[Found, tuple[T, ...]]]:
        """Every occurrence of every phrase (overlaps too), in order of its end."""
        if self._automaton.kind != ahocorasick.AHOCORASICK:
            return
        for last, (phrase, meanings) in self._automaton.iter(text):
            yield Found(last - len(phrase) + 1, last + 1, phrase), meanings

    def longest(self, text: str) -> list[tuple[Found, tuple[T, ...]]]:
        """Occurrences that do not overlap: the longest wins, then the first."""
        chosen: list[tuple[Found, tuple[T, ...]]] = []
        reached = -1
        for found, meanings in sorted(self.find(text), key=lambda hit: (hit[0].start, -hit[0].end)):
            if found.start >= reached:
                chosen.append((found, meanings))
                reached = found.end
        return chosen
