"""The tree of errors is drawn whole."""

from __future__ import annotations

import re
from pathlib import Path

import pipeline.errors

ROOT = Path(__file__).resolve().parents[2]


def test_every_error_of_the_office_stands_in_the_tree() -> None:
    drawn = set(re.findall(r"[├└]── (\S+)", pipeline.errors.__doc__ or ""))
    found = set()
    for room in ("crawlers", "pipeline", "dashboards", "demo"):
        for path in (ROOT / room).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            names = re.findall(
                r"^class (\w+)\((?:HuiyingError|StoreError)\)", path.read_text(encoding="utf-8"), re.MULTILINE
            )
            found |= {f"{module}.{name}" for name in names}
    assert drawn == found
