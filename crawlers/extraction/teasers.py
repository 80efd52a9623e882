"""Lists with teasers (带导语的列表): headline, some words, headline, some words … is a list, however long the words are.

Class names and tags say nothing here: what counts is that headlines that are links and prose take turns. A digest, or an
article with advertisements between its paragraphs, looks the same; it is told by a headline and a time of its own.
"""

from __future__ import annotations

from typing import Any

from crawlers.extraction.body import lines_of
from crawlers.extraction.chinese_time import read_time
from crawlers.extraction.page import Link
from crawlers.extraction.words import flat, text_of

_TURNS = 4
_HEADLINE = 8  # characters
_LONGEST = 80
_PROSE = 20
_PARAGRAPHS = 3  # of one teaser
_A_DATE = 40  # characters of a line that is the time of a row
_HEADINGS = ("h1", "h2", "h3", "div", "span", "p", "td", "strong", "b", "font", "center")


def is_teaser_list(tree: Any, body: Any, links: tuple[Link, ...], title: str, dated: bool) -> bool:
    """Whether the prose of the page is that of many articles, each behind its headline."""
    cards = [len(link.text) for link in links if len(link.text) >= 2 * _PROSE]
    if len(cards) >= _TURNS and sum(cards) > 2 * sum(len(words) - linked for words, linked in lines_of(body)):
        return True  # each card is one link
    turns, paragraphs, dates = _turns(body)
    if turns + _begun_by_a_link(body) < _TURNS or paragraphs > _PARAGRAPHS * max(turns, _begun_by_a_link(body)):
        return False
    return dates >= _TURNS or not (dated and has_own_headline(tree, title))


def _turns(body: Any) -> tuple[int, int, int]:
    """How many headline links are followed by prose, how many lines of prose there are, and how many lines that are dates."""
    headlines: set[str] = set()
    paragraphs = dates = 0
    headline = ""
    for words, linked in lines_of(body):
        if not words:
            continue
        dated = linked < len(words) < linked + _A_DATE and read_time(words) is not None
        if linked > 0.6 * len(words) or (dated and linked >= _HEADLINE):
            headline = words if _HEADLINE <= len(words) <= _LONGEST else headline
            dates += dated
        elif dated:
            dates += 1
        elif len(words) >= _PROSE:
            headlines |= {headline} - {""}  # an advertisement comes again and again
            paragraphs += 1
            headline = ""
    return len(headlines), paragraphs, dates


def _begun_by_a_link(body: Any) -> int:
    """How many blocks begin with a headline link and go on with prose."""
    count = 0
    for element in body.iter("li", "p", "div", "dd", "td"):
        first = element[0] if len(element) else None
        if first is not None and first.tag == "a" and not (element.text or "").strip():
            said, whole = flat(text_of(first)), flat(text_of(element))
            count += (
                _HEADLINE <= len(said) <= _LONGEST and len(whole) - len(said) >= _PROSE and not _only_date(whole, said)
            )
    return count


def _only_date(whole: str, said: str) -> bool:
    rest = whole[len(said) :]
    return len(rest) < _A_DATE and read_time(rest) is not None


def has_own_headline(tree: Any, title: str) -> bool:
    """The title stands on the page outside links."""
    return len(title) >= _HEADLINE and any(
        len(element) <= 3 and flat(text_of(element)) == title and not element.xpath("ancestor::a|.//a")
        for element in tree.iter(*_HEADINGS)
    )
