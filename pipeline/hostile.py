"""Hostile text made harmless (来文里的有害字符): what people wrote is shown as text and never runs, on a page or in a spreadsheet."""

from __future__ import annotations

import unicodedata

_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_KEPT = {"\n", "\t", "\u200d"}  # the joiner inside emoji
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(text: object) -> str:
    """Collected text made visible: a control or direction mark is shown by its number and does nothing."""
    said = str(text)
    if said.isprintable():
        return said
    return "".join(
        char if char in _KEPT or unicodedata.category(char) not in _FORBIDDEN else f"[U+{ord(char):04X}]"
        for char in said
    )


def harmless(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet runs: an apostrophe stands before what might be a formula (OWASP)."""
    shown = plain(cell)
    return "'" + shown if shown.lstrip(" ").startswith(_RUNS) or cell.startswith(_RUNS) else shown
