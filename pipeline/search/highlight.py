"""Marking what was found (高亮) in the stored text, the same for every index."""

from __future__ import annotations

import re
from itertools import pairwise

from pipeline.search.port import All, Node, Segment, Some, Words
from pipeline.search.tokens import BETWEEN, LONGEST, normal

SNIPPET = 120  # characters


def phrases(node: Node) -> list[tuple[str, ...]]:
    """The words and phrases that a document may have been found by; those under NOT are not among them."""
    match node:
        case Words(tokens):
            return [tokens]
        case All(parts) | Some(parts):
            return list(dict.fromkeys(phrase for part in parts for phrase in phrases(part)))
        case _:
            return []


def found(text: str, wanted: list[tuple[str, ...]]) -> list[tuple[int, int, int]]:
    """Every place of every phrase: (start, end, number of the phrase), in order of start."""
    folded = normal(text)
    places: list[tuple[int, int, int]] = []
    for number, phrase in enumerate(wanted):
        for match in _pattern(phrase).finditer(folded.text):
            start, end = folded.original(*match.span(1))
            places.append((start, end, number))
    return sorted(places)


def mark(text: str, wanted: list[tuple[str, ...]]) -> tuple[Segment, ...]:
    """The whole text, cut into marked and plain segments; their texts joined are the text."""
    return _segments(text, _merged(found(text, wanted)))


def snippet(text: str, wanted: list[tuple[str, ...]], width: int = SNIPPET) -> tuple[Segment, ...]:
    """The stretch of about `width` characters that shows most of the phrases, earliest first; … where it is cut."""
    places = found(text, wanted)
    start = _best_start(places, width, len(text))
    end = min(len(text), start + width)
    inside = [(max(s, start), min(e, end), n) for s, e, n in places if s < end and e > start]
    cut = text[start:end]
    segments = _segments(cut, [(s - start, e - start) for s, e in _merged(inside)])
    before = (Segment("…"),) if start > 0 else ()
    after = (Segment("…"),) if end < len(text) else ()
    return before + segments + after


def plain(segments: tuple[Segment, ...]) -> str:
    """The segments as plain text, for terminals and exports."""
    return "".join(segment.text for segment in segments)


def _pattern(phrase: tuple[str, ...]) -> re.Pattern[str]:
    """The phrase's tokens with only non-tokens between; looks ahead, so that overlapping places are all found."""
    made = re.escape(phrase[0])
    for before, after in pairwise(phrase):
        apart = before.isascii() and after.isascii() and len(before) < LONGEST  # else they would be one token
        made += (f"{BETWEEN}+" if apart else f"{BETWEEN}*") + re.escape(after)
    first = "(?<![a-z0-9])" if phrase[0].isascii() else ""
    last = "(?![a-z0-9])" if phrase[-1].isascii() else ""
    return re.compile(f"(?=({first}{made}{last}))")


def _best_start(places: list[tuple[int, int, int]], width: int, length: int) -> int:
    if not places or length <= width:
        return 0
    best, best_seen = places[0][0], 0
    for index, (start, _end, _number) in enumerate(places):
        seen = len({n for s, e, n in places[index : index + 50] if e <= start + width * 3 // 4})
        if seen > best_seen:
            best, best_seen = start, seen
    return max(0, min(best - width // 4, length - width))


def _merged(places: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end, _number in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _segments(text: str, marks: list[tuple[int, int]]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    done = 0
    for start, end in marks:
        if start > done:
            segments.append(Segment(text[done:start]))
        segments.append(Segment(text[start:end], marked=True))
        done = end
    if done < len(text):
        segments.append(Segment(text[done:]))
    return tuple(segments)
