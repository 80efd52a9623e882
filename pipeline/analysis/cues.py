"""Phrase lists and the one automaton that finds them (词表): every rule of this room is data in config/, found in one pass.

A phrase belongs to a *kind* (建设性意见, rumour, …); a `PhraseBook` finds all phrases of all kinds in one pass over the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import ahocorasick

T = TypeVar("T")


class Found(NamedTuple):
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
                self._automaton.add_word(phrase, (phrase, len(phrase) - 1, tuple(what)))
        self._automaton.make_automaton()
        self._empty = self._automaton.kind != ahocorasick.AHOCORASICK

    def find(self, text: str) -> list[tuple[Found, tuple[T, ...]]]:
        """Every occurrence of every phrase (overlaps too), in order of its end."""
        if self._empty:
            return []
        return [
            (Found(last - length, last + 1, phrase), meanings)
            for last, (phrase, length, meanings) in self._automaton.iter(text)
        ]

    def longest(self, text: str) -> list[tuple[Found, tuple[T, ...]]]:
        """Occurrences that do not overlap: the longest wins, then the first."""
        chosen: list[tuple[Found, tuple[T, ...]]] = []
        reached = -1
        found_all = self.find(text)
        if len(found_all) > 1:
            found_all.sort(key=lambda hit: (hit[0].start, -hit[0].end))
        for found, meanings in found_all:
            if found.start >= reached:
                chosen.append((found, meanings))
                reached = found.end
        return chosen
