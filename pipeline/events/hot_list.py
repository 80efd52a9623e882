"""A hot-search list over time (热搜榜): who stood where, how hot, every ten minutes."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.errors import HuiyingError

Floats = npt.NDArray[np.float64]
RANKS = 50


def log_heat(heat: float) -> float:
    """Natural logarithm, 0 for nothing."""
    return math.log(max(1.0, heat))


class CurveError(HuiyingError):
    """The file is no hot-search list: the message says what was expected."""


class Point(NamedTuple):
    """A word at one snapshot."""

    at: int
    rank: int
    heat: int
    snapshot: int


@dataclass(slots=True)
class HotList:
    """A hot-search list over time."""

    times: list[int] = field(default_factory=list)
    ranks: list[dict[str, int]] = field(default_factory=list)  # word → rank, per snapshot, in order of rank
    heats: list[dict[str, int]] = field(default_factory=list)
    curves: dict[str, list[Point]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    levels: Floats = field(default_factory=lambda: np.zeros((0, RANKS + 1)))  # log heat by snapshot and rank

    def add(self, at: int, rank: int, heat: int, word: str, tag: str) -> None:
        """One line of the list; lines come in order of time."""
        if not self.times or self.times[-1] != at:
            self.times.append(at)
            self.ranks.append({})
            self.heats.append({})
        if word in self.ranks[-1] or not 1 <= rank <= RANKS:
            return
        self.ranks[-1][word] = rank
        self.heats[-1][word] = heat
        self.curves.setdefault(word, []).append(Point(at, rank, heat, len(self.times) - 1))
        self.tags.setdefault(word, tag)

    def close(self) -> HotList:
        """Fill the table of levels; ranks that a snapshot lacks are interpolated."""
        self.levels = np.full((len(self.times), RANKS + 1), np.nan)
        for row, ranks, heats in zip(self.levels, self.ranks, self.heats, strict=True):
            for word, rank in ranks.items():
                row[rank] = log_heat(heats[word])
            given = np.flatnonzero(~np.isnan(row))
            row[:] = np.interp(np.arange(RANKS + 1), given, row[given])
        return self


def read_hot_list(path: Path) -> HotList:
    """A TSV (also .gz) of ts, rank, hot_value, word, tags, in order of time. CurveError when it is none."""
    found = HotList()
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            names = next(file, "").rstrip("\n").split("\t")
            columns = [names.index(name) for name in ("ts", "rank", "hot_value", "word")]
            tags = names.index("tags") if "tags" in names else None
            for line in file:
                cells = line.rstrip("\n").split("\t")
                at, rank, heat, word = (cells[column] for column in columns)
                tag = cells[tags] if tags is not None and tags < len(cells) else ""
                found.add(int(at), int(rank), int(heat or 0), word, tag)
    except (OSError, ValueError, IndexError) as error:
        raise CurveError(
            f"{path} 读不懂：需要以制表符分隔的 ts、rank、hot_value、word、tags 五列（{error}）"
        ) from error
    if len(found.times) < 2:
        raise CurveError(f"{path} 只有 {len(found.times)} 个时刻，不足以评测")
    return found.close()
