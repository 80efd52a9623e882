"""Letters that no font has (缺字形): those that are not on the printed page, or stand there as an empty box."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCALE = 3.0  # pixels a point
BOXES = frozenset("口囗□■○〇")  # letters that are boxes
DARK = 128


def missing(pages: Sequence[Any], written: Iterable[str]) -> list[str]:
    """Which letters of `written` the pages (of pypdfium2) lack or show as a box, in the order of their code."""
    wanted = {mark for text in written for mark in _letters(text)}
    printed = {mark for page in pages for mark in _letters(page.get_textpage().get_text_range())}
    boxed = {mark for page in pages for mark in _boxed(page)}
    return sorted((wanted - printed) | (wanted & boxed))


def _letters(text: str) -> set[str]:
    """Chinese and other letters without case; compatible forms are one."""
    return {mark for mark in unicodedata.normalize("NFKC", text) if unicodedata.category(mark) in ("Lo", "Co")}


def _boxed(page: Any) -> set[str]:
    text = page.get_textpage()
    high = page.get_height()
    picture: NDArray[np.uint8] = page.render(scale=SCALE, grayscale=True).to_numpy()
    ink = picture.reshape(picture.shape[0], picture.shape[1], -1)[:, :, 0] < DARK
    found = set()
    for number in range(text.count_chars()):
        letter = text.get_text_range(number, 1)
        if letter in found or letter in BOXES or not _letters(letter):
            continue
        left, bottom, right, top = text.get_charbox(number)
        rows = slice(max(0, int((high - top) * SCALE) - 1), int((high - bottom) * SCALE) + 2)
        columns = slice(max(0, int(left * SCALE) - 1), int(right * SCALE) + 2)
        if is_box(ink[rows, columns]):
            found |= _letters(letter)
    return found


def is_box(ink: NDArray[np.bool_]) -> bool:
    """Four full edges and nothing but perhaps a cross within: how fonts draw a letter that they do not have."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if len(rows) < 8 or len(columns) < 8:
        return False
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    edges = (box[:2].any(axis=0), box[-2:].any(axis=0), box[:, :2].any(axis=1), box[:, -2:].any(axis=1))
    if min(edge.mean() for edge in edges) < 0.9:
        return False
    high, wide = box.shape
    middle = box[high // 4 : -(high // 4), wide // 4 : -(wide // 4)]
    return bool(middle.mean() < 0.25)
