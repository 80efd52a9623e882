"""Curves of a hot-search list (热搜榜曲线): from a word's first half hour, what a forecast may look at.

The list holds 50 ranks every ten minutes. For a word that has stayed out of the top ten in its first 30 minutes, the
features read its own curve, the list around it (how far the top ten is, whether words get stuck below it), its text, and what
became of similar words of the last days as far as that is known by then. Nothing later than that moment is read; the label
(does it reach the top ten later?) is.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.events.hot_list import RANKS, CurveError, Floats, HotList, Point, log_heat

TOP = 10
FIRST = 1860  # seconds: the first 30 minutes and the jitter of a ten-minute list
MISSING = -9.0
DAY = 86_400
NEVER = 2**62
SETTLED = 4 * 3600  # after so long a word that had not risen counts as one that did not
KINDS = {"剧集": 1, "综艺": 2, "音乐": 3, "电影": 4, "盛典": 5, "晚会": 6, "公益": 7}


@dataclass(frozen=True, slots=True)
class Samples:
    """One row per word: features, whether it later reached the top ten, and the moment it was judged."""

    words: tuple[str, ...]
    features: Floats
    reached: npt.NDArray[np.bool_]
    judged_at: npt.NDArray[np.int64]
    reached_at: npt.NDArray[np.int64]  # NEVER when it did not

    def column(self, name: str) -> Floats:
        """One feature of all words."""
        return self.features[:, FEATURES.index(name)]


def samples(found: HotList, first: int = FIRST) -> Samples:
    """Every word that entered during the list and stayed out of the top ten for its `first` seconds."""
    around = _Around(found)
    words, rows, reached, moments, reached_at = [], [], [], [], []
    for word, curve in found.curves.items():
        judged = curve[0].at + first
        seen = [point for point in curve if point.at <= judged]
        if curve[0].at == found.times[0] or judged > found.times[-1] or min(p.rank for p in seen) <= TOP:
            continue
        later = next((point.at for point in curve if point.at > judged and point.rank <= TOP), None)
        snapshot = bisect_right(found.times, judged) - 1
        row = _own(seen, snapshot, found) | around.features(word, seen, snapshot) | _text(word, found, snapshot)
        words.append(word)
        rows.append([row[name] for name in FEATURES[:-PAST]])
        reached.append(later is not None)
        reached_at.append(later if later is not None else NEVER)
        moments.append(found.times[snapshot])
    if not rows:
        raise CurveError("榜单里没有前 30 分钟未进前十的新词，无法评测")
    table, at = np.array(rows, dtype=np.float64), np.array(moments, dtype=np.int64)
    came = np.array(reached_at, dtype=np.int64)
    return Samples(tuple(words), np.hstack([table, _past(table, at, came)]), np.array(reached), at, came)


def _own(seen: Sequence[Point], snapshot: int, found: HotList) -> dict[str, float]:
    """The word's own curve, and how far it is from each rank that matters."""
    last, logs = seen[-1], [log_heat(point.heat) for point in seen]
    level, start = found.levels[snapshot], found.levels[seen[0].snapshot]
    before = seen[-2] if len(seen) > 1 else None
    step = last.heat - before.heat if before else 0
    step_before = seen[-2].heat - seen[-3].heat if len(seen) > 2 else 0
    growth, gap = last.heat - seen[0].heat, math.exp(level[TOP]) - last.heat
    row = {
        "present": float(last.snapshot == snapshot),
        "points": len(seen),
        "snapshots": snapshot + 1 - seen[0].snapshot,
        "gone": snapshot - last.snapshot,
        "rank": last.rank,
        "rank_first": seen[0].rank,
        "rank_best": min(point.rank for point in seen),
        "rank_second": seen[1].rank if before else MISSING,
        "rank_before": before.rank if before else MISSING,
        "climb": seen[0].rank - last.rank,
        "climb_last": before.rank - last.rank if before else MISSING,
        "climb_before": seen[-3].rank - seen[-2].rank if len(seen) > 2 else MISSING,
        "log_heat": logs[-1],
        "log_heat_first": logs[0],
        "growth": growth,
        "log_growth": logs[-1] - logs[0],
        "log_step": logs[-1] - logs[-2] if before else MISSING,
        "log_step_before": logs[-2] - logs[-3] if len(seen) > 2 else MISSING,
        "log_step_best": max((b - a for a, b in itertools.pairwise(logs)), default=MISSING),
        "below_own_best": logs[-1] - max(logs),
        "step": step,
        "step_before": step_before,
        "acceleration": step - step_before,
        "growth_share": growth / math.exp(level[TOP]),
        "step_share": step / math.exp(level[TOP]),
        "time_to_top": min(50.0, max(-5.0, gap / growth)) if growth > 0 else 50.0,
        "time_to_top_now": min(50.0, max(-5.0, gap / step)) if step > 0 else 50.0,
        "in_half_an_hour": log_heat(last.heat + 3 * max(0, step)) - level[TOP],
        "gap_up": level[max(1, last.rank - 1)] - logs[-1],
        "gap_up_two": level[max(1, last.rank - 2)] - logs[-1],
        "gap_down": logs[-1] - level[min(RANKS, last.rank + 1)],
        "top_moves": level[TOP] - start[TOP],
        "middle_moves": level[20] - start[20],
        "top_moved_last": level[TOP] - found.levels[snapshot - 1][TOP],
        "faster_than_list": (logs[-1] - logs[-2] if before else 0.0)
        - (level[last.rank] - found.levels[snapshot - 1][last.rank]),
    }
    return row | {f"to_{rank}": logs[-1] - level[rank] for rank in _LEVELS}


_LEVELS = (1, 3, 5, 8, 10, 11, 12, 13, 15, 20, 30, 40)


class _Around:
    """The list around a word: counted once for the whole list, read per word."""

    def __init__(self, found: HotList) -> None:
        self.found = found
        self.entries = sorted(curve[0].at for curve in found.curves.values())
        rises = [0] * (len(found.times) + 1)
        for curve in found.curves.values():
            if (first := next((point.snapshot for point in curve if point.rank <= TOP), None)) is not None:
                rises[first + 1] += 1
        self.rises = np.cumsum(rises)
        self._last: tuple[int, list[_Move]] = (-1, [])

    def features(self, word: str, seen: Sequence[Point], snapshot: int) -> dict[str, float]:
        """How busy the list is, and whether words get past its eleventh rank just now."""
        found, level = self.found, self.found.levels[snapshot]
        now, entered, last = found.times[snapshot], seen[0].at, seen[-1]
        ages = {other: now - found.curves[other][0].at for other in found.ranks[snapshot]}
        top = [ages[other] / 3600 for other, rank in found.ranks[snapshot].items() if rank <= TOP]
        hour = (now + 8 * 3600) % DAY / 3600
        moves = self._moves_at(snapshot)
        step = last.heat - seen[-2].heat if len(seen) > 1 else 0
        near = [move for move in moves if move.word != word and TOP < move.rank <= 15]
        upper = [move for move in moves if 7 <= move.rank <= TOP]
        stuck = self._stuck(word, snapshot)
        tag = KINDS.get(found.tags[word], 0)
        return {
            "hour": hour,
            "weekday": float((now + 8 * 3600) // DAY % 7),
            "new_last_hour": bisect_right(self.entries, now) - bisect_left(self.entries, now - 3600),
            "new_with_it": bisect_right(self.entries, entered) - bisect_left(self.entries, entered),
            "faster": sum(move.gain > step for move in moves),
            "faster_below_top": sum(move.gain > step for move in moves if move.rank > TOP),
            "young_ahead": sum(TOP < r < last.rank and ages[w] <= 3600 for w, r in found.ranks[snapshot].items()),
            "falling_ahead": sum(TOP < move.rank < last.rank and move.gain < 0 for move in moves),
            "top_age": float(np.median(top)) if top else MISSING,
            "top_oldest": max(top, default=MISSING),
            "top_young": sum(age < 3 for age in top),
            "rises_30m": float(self.rises[snapshot + 1] - self.rises[max(0, snapshot - 2)]),
            "rises_1h": float(self.rises[snapshot + 1] - self.rises[max(0, snapshot - 5)]),
            "rises_3h": float(self.rises[snapshot + 1] - self.rises[max(0, snapshot - 17)]),
            "stuck": len(stuck),
            "stuck_longest": max((ages[other] for other in stuck), default=0) / 3600,
            "climbing_near": sum(move.climb > 0 for move in near),
            "top_weakens": sum(move.ratio < math.log(0.97) for move in upper if move.rank >= 6),
            "top_trend": float(np.mean([move.ratio for move in upper])) if upper else 0.0,
            "near_trend": float(np.mean([move.ratio for move in near])) if near else 0.0,
            "kind": float(tag),
            "kind_in_top": sum(r <= TOP and bool(found.tags[w]) for w, r in found.ranks[snapshot].items()),
            "same_kind_in_top": sum(
                r <= TOP and KINDS.get(found.tags[w], 0) == tag for w, r in found.ranks[snapshot].items()
            ),
            "h10": level[10],
            "h10_h11": level[10] - level[11],
            "h11_h12": level[11] - level[12],
            "h12_h13": level[12] - level[13],
            "h13_h14": level[13] - level[14],
            "h9_h10": level[9] - level[10],
            "h1_h10": level[1] - level[10],
            "h10_h20": level[10] - level[20],
            "h20_h40": level[20] - level[40],
        }

    def _moves_at(self, snapshot: int) -> list[_Move]:
        if self._last[0] != snapshot:
            self._last = snapshot, list(self._moves(snapshot))
        return self._last[1]

    def _moves(self, snapshot: int) -> Iterator[_Move]:
        before, ranks_before = self.found.heats[snapshot - 1], self.found.ranks[snapshot - 1]
        for word, rank in self.found.ranks[snapshot].items():
            if word in before:
                heat = self.found.heats[snapshot][word]
                yield _Move(
                    word, rank, heat - before[word], log_heat(heat) - log_heat(before[word]), ranks_before[word] - rank
                )

    def _stuck(self, word: str, snapshot: int) -> list[str]:
        """Words that sit just below the top ten now and did half an hour ago."""
        before = self.found.ranks[max(0, snapshot - 3)]
        return [
            other
            for other, rank in self.found.ranks[snapshot].items()
            if other != word and TOP < rank <= 15 and TOP < before.get(other, RANKS) <= 16
        ]


class _Move(NamedTuple):
    word: str
    rank: int
    gain: int
    ratio: float
    climb: int


def _text(word: str, found: HotList, snapshot: int) -> dict[str, float]:
    """The word's form, and how much of it other words of the list share."""
    pairs = _pairs(word)
    top = whole = 0.0
    for other, rank in found.ranks[snapshot].items():
        if other == word:
            continue
        shared = len(pairs & _pairs(other)) / len(pairs)
        whole = max(whole, shared)
        if rank <= TOP:
            top = max(top, shared)
    return {
        "length": len(word),
        "digits": sum(sign.isdigit() for sign in word),
        "latin": sum(sign.isascii() and sign.isalpha() for sign in word),
        "shared_with_top": top,
        "shared_with_list": whole,
    }


@lru_cache(maxsize=4096)
def _pairs(word: str) -> set[str]:
    return {word[i : i + 2] for i in range(len(word) - 1)} or {word}


def _past(table: Floats, at: npt.NDArray[np.int64], reached_at: npt.NDArray[np.int64]) -> Floats:
    """What became of words like this one, of the last day and the last three, as known at its moment."""
    index = {name: FEATURES.index(name) for name in ("rank", "to_10", "log_step", "kind")}
    rank, distance = np.log(table[:, index["rank"]]), table[:, index["to_10"]]
    step, fun = np.clip(table[:, index["log_step"]], 0, None), table[:, index["kind"]] > 0
    order = np.argsort(at, kind="stable")
    times = at[order]
    out = np.zeros((len(at), PAST))
    for i in range(len(at)):
        column = 0
        for days in (1, 3):
            known = order[
                np.searchsorted(times, at[i] - days * DAY) : np.searchsorted(times, at[i] - SETTLED, side="right")
            ]
            rose = (reached_at[known] <= at[i]).astype(np.float64)
            base = (rose.sum() + 20 * 0.14) / (len(known) + 20)
            by_rank = _near(rank[known] - rank[i], 0.15)
            by_step = _near(step[known] - step[i], 0.2)
            weights = [by_rank, _near(distance[known] - distance[i], 0.25) * by_step]
            if days == 3:
                weights.append(by_rank * by_step * (fun[known] == fun[i]))
            out[i, column] = base
            for weight in weights:
                column += 1
                out[i, column] = ((weight * rose).sum() + 3 * base) / (weight.sum() + 3)
            column += 1
    return out


def _near(difference: Floats, width: float) -> Floats:
    return np.exp(-((difference / width) ** 2) / 2)


PAST = 7
FEATURES: tuple[str, ...] = (
    *(
        [
            "present",
            "points",
            "snapshots",
            "gone",
            "rank",
            "rank_first",
            "rank_best",
            "rank_second",
            "rank_before",
            "climb",
            "climb_last",
        ]
    ),
    *(
        [
            "climb_before",
            "log_heat",
            "log_heat_first",
            "growth",
            "log_growth",
            "log_step",
            "log_step_before",
            "log_step_best",
        ]
    ),
    *(
        [
            "below_own_best",
            "step",
            "step_before",
            "acceleration",
            "growth_share",
            "step_share",
            "time_to_top",
            "time_to_top_now",
        ]
    ),
    *(
        [
            "in_half_an_hour",
            "gap_up",
            "gap_up_two",
            "gap_down",
            "top_moves",
            "middle_moves",
            "top_moved_last",
            "faster_than_list",
        ]
    ),
    *(f"to_{rank}" for rank in _LEVELS),
    *(
        [
            "hour",
            "weekday",
            "new_last_hour",
            "new_with_it",
            "faster",
            "faster_below_top",
            "young_ahead",
            "falling_ahead",
            "top_age",
        ]
    ),
    *(
        [
            "top_oldest",
            "top_young",
            "rises_30m",
            "rises_1h",
            "rises_3h",
            "stuck",
            "stuck_longest",
            "climbing_near",
            "top_weakens",
        ]
    ),
    *(
        [
            "top_trend",
            "near_trend",
            "kind",
            "kind_in_top",
            "same_kind_in_top",
            "h10",
            "h10_h11",
            "h11_h12",
            "h12_h13",
            "h13_h14",
            "h9_h10",
        ]
    ),
    *(["h1_h10", "h10_h20", "h20_h40", "length", "digits", "latin", "shared_with_top", "shared_with_list"]),
    *(["risen_1d", "risen_1d_rank", "risen_1d_gap", "risen_3d", "risen_3d_rank", "risen_3d_gap", "risen_3d_kind"]),
)
