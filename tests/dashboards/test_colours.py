"""Letters on every ground that the style sheet pairs them with reach AA contrast (WCAG 2.2, 1.4.3: 4.5 : 1)."""

from __future__ import annotations

import re

import pytest

from dashboards.pages import STATIC

TEXT = (STATIC / "huiying.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{3,6})", TEXT))
PAIRS = [
    ("ink", "paper"),
    ("ink", "ground"),
    ("soft", "paper"),
    ("soft", "ground"),
    ("link", "paper"),
    ("link", "ground"),
]
PAIRS += [(name, f"{name}-soft") for name in ("red", "orange", "yellow", "blue", "green")]


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("letters", "ground"), PAIRS)
def test_contrast(letters: str, ground: str) -> None:
    light, dark = sorted((luminance(COLOURS[letters]), luminance(COLOURS[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
