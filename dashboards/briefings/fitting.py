"""Fitting a paper to its room (篇幅): it is said shorter, step by step, until it fits; type is never made smaller. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from unicodedata import east_asian_width

from dashboards.briefings import layout
from dashboards.briefings.content import Block, Heading, Paragraph

SLACK = 0.6  # characters that a line loses on average: marks may not begin one, figures are not broken
APART = 0.25  # LibreOffice sets Chinese and figures apart, whatever the file says
NOTE = 1.4  # a proof number in square brackets


def shortest_fitting(
    write: Callable[[int], list[Block]], steps: int, fits: Callable[[list[Block]], bool]
) -> list[Block]:
    """The first of `write(0)` … `write(steps - 1)` (fullest to shortest) that fits; else the shortest."""
    blocks: list[Block] = []
    for step in range(steps):
        blocks = write(step)
        if fits(blocks):
            break
    return blocks


def letters(blocks: Iterable[Block]) -> int:
    """Letters of headings and paragraphs, as Word counts them without spaces."""
    total = 0
    for block in blocks:
        if isinstance(block, Heading):
            total += len(block.text)
        elif isinstance(block, Paragraph):
            total += len(block.lead) + sum(len(layout.spoken(one)) for one in block.sentences)
    return total


def width(text: str) -> float:
    """Width in characters of the body: Latin letters and figures take half, and a program that sets them apart a quarter more."""
    wide = [east_asian_width(mark) in "WFA" for mark in text]
    apart = sum(
        (one.isalnum() and other.isalnum() and is_wide != is_other)
        for (one, is_wide), (other, is_other) in pairwise(zip(text, wide, strict=True))
    )
    return sum(1.0 if is_wide else 0.5 for is_wide in wide) + APART * apart


def lines(blocks: Sequence[Block]) -> int:
    """Lines of 28 characters that headings and paragraphs take, each beginning two characters in."""
    total = 0
    for block in blocks:
        if isinstance(block, Heading):
            wide = 2 + width(block.text) + 3
        elif isinstance(block, Paragraph):
            said = sum(width(layout.spoken(one)) + NOTE for one in block.sentences)
            wide = 2 + width(block.lead) + said
        else:
            continue
        total += math.ceil(wide / (layout.CHARACTERS - SLACK))
    return total


def flash_lines(title: str) -> int:
    """Lines of the body that the one page of a flash has room for, under its masthead and title and over its foot."""
    page = layout.AREA[1] * layout.POINTS_MM
    titled = math.ceil(width(title) * layout.TITLE_SIZE / (layout.AREA[0] * layout.POINTS_MM))
    taken = 2 * layout.LINE_PITCH + layout.FLASH_NAME  # mark and number, name, office and moment
    taken += titled * layout.FLASH_TITLE + 6
    taken += layout.LINE_PITCH + 4  # who edited, checked and signed
    return int((page - taken) / layout.LINE_PITCH)
