"""Reposts of one post (转发级联): from its first hour, what a forecast of its size may look at.

Times are epoch seconds of each repost or comment; the post's own facts (followers, verified, pictures…) are optional. The
final counters in a posts file are never read: they are the future.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import HuiyingError
from pipeline.events.baseline import day_and_hour

Floats = npt.NDArray[np.float64]
HOUR = 3600
LARGE = 500
_MARKS = (60, 120, 300, 600, 900, 1200, 1800, 2400, 3000, 3600)
_YOUNG, _YEAR = 1_250_000_000, 31_557_600  # August 2009, when Weibo was new: how grown the network was
_CALLS = ("扩散", "帮忙", "求助", "寻人", "紧急")
_PRIZES = ("抽奖", "送出", "奖品")


class CascadeError(HuiyingError):
    """The files are no cascades: the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """One post's reposts and comments, sorted; `with_text` says which of them said something."""

    id: str
    times: tuple[int, ...]
    with_text: tuple[bool, ...]
    untimed: int = 0
    post: Mapping[str, Any] | None = None

    @property
    def start(self) -> int:
        """The first repost: the moment from which the hour counts."""
        return self.times[0]

    @property
    def is_large(self) -> bool:
        """Did it pass 500 reposts and comments?"""
        return len(self.times) + self.untimed > LARGE


def read_cascades(times: Path, posts: Path | None = None) -> list[Cascade]:
    """A TSV (also .gz) of eid, t_unix_cst, has_text, and a JSONL of the posts. CascadeError when they are none."""
    facts = _read_posts(posts) if posts else {}
    rows: dict[str, list[tuple[int, bool]]] = {}
    untimed: dict[str, int] = {}
    try:
        with (
            gzip.open(times, "rt", encoding="utf-8") if times.suffix == ".gz" else times.open(encoding="utf-8") as file
        ):
            names = next(file, "").rstrip("\n").split("\t")
            post, moment = names.index("eid"), names.index("t_unix_cst")
            text = names.index("has_text") if "has_text" in names else None
            for line in file:
                cells = line.rstrip("\n").split("\t")
                found = rows.setdefault(cells[post], [])
                if cells[moment]:
                    found.append((int(float(cells[moment])), text is not None and cells[text] == "1"))
                else:
                    untimed[cells[post]] = untimed.get(cells[post], 0) + 1
    except (OSError, ValueError, IndexError) as error:
        raise CascadeError(f"{times} 读不懂：需要以制表符分隔的 eid、t_unix_cst、has_text 三列（{error}）") from error
    cascades = []
    for name in sorted(rows):
        if ordered := sorted(rows[name]):
            at, said = zip(*ordered, strict=True)
            cascades.append(Cascade(name, at, said, untimed.get(name, 0), facts.get(name)))
    if not cascades:
        raise CascadeError(f"{times} 里没有带时间的转发")
    return cascades


def _read_posts(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        return {str(row["eid"]): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CascadeError(f"{path} 读不懂：每行应是一个带 eid 的 JSON（{error}）") from error


def time_features(cascade: Cascade, profile: Sequence[float]) -> Floats:
    """The first hour's curve. `profile`: how loud each hour of the day is (config/stages.toml)."""
    since = np.array([t - cascade.start for t in cascade.times if t <= cascade.start + HOUR], dtype=np.float64)
    number = len(since)
    marks = [int(np.searchsorted(since, mark, side="right")) for mark in _MARKS]
    logs = [math.log1p(count) for count in marks]
    first, middle, last = marks[5], marks[7] - marks[5], marks[9] - marks[7]
    gaps = np.diff(since) if number > 1 else np.array([float(HOUR)])
    fives = np.histogram(since, bins=12, range=(0, HOUR))[0]
    hour = day_and_hour(cascade.start)[1]
    ahead = [profile[(hour + 1 + step) % 24] for step in range(12)]
    said = sum(cascade.with_text[:number])
    return np.array(
        [
            *logs,
            math.log1p(marks[9] - marks[6]),
            math.log1p(marks[9] - marks[4]),
            logs[9] - logs[6],
            logs[6] - logs[3],
            math.log1p(last) - math.log1p(middle),
            math.log1p(last),
            math.log1p(middle),
            (last + 1) / (middle + 1),
            (middle + 1) / (first + 1),
            (last + 1) / (number + 1),
            math.log1p(float(np.median(gaps))),
            math.log1p(float(gaps[-10:].mean())),
            math.log1p(float(gaps.std())),
            math.log1p(HOUR - since[-1]),
            math.log1p(float(fives.max())),
            float(fives.argmax()),
            *(math.log1p(float(fives[-back])) for back in (1, 2, 3)),
            math.log1p(max(0.0, float(np.diff(fives).max()))),
            float(fives[6:].std() / (fives[6:].mean() + 1)),
            float((fives > 0).sum()),
            math.sin(hour / 24 * 2 * math.pi),
            math.cos(hour / 24 * 2 * math.pi),
            sum(ahead[:6]),
            sum(ahead),
            math.log1p(number / profile[hour]),
            min(8.0, max(0.0, (cascade.start - _YOUNG) / _YEAR)),
            said / (number + 1),
            math.log1p(said),
        ],
        dtype=np.float64,
    )


def seen_after(cascade: Cascade, seconds: int) -> Cascade:
    """The cascade as if its first `seconds` were its first hour: for rows that only train."""
    times = tuple(
        cascade.start + (t - cascade.start) * HOUR // seconds for t in cascade.times if t <= cascade.start + seconds
    )
    return replace(cascade, times=times, with_text=cascade.with_text[: len(times)])


def post_features(cascade: Cascade) -> Floats:
    """What the post itself shows at once; zeros without it. Its later counters are not looked at."""
    post = cascade.post or {}
    text = str(post.get("text") or "")
    followers = math.log1p(_number(post.get("user_followers")))
    number = sum(t <= cascade.start + HOUR for t in cascade.times)
    lag = cascade.start - (_moment(post.get("time")) or cascade.start)
    return np.array(
        [
            followers,
            float(bool(post.get("user_verified"))),
            _number(post.get("user_verified_type")),
            _number(post.get("pics")),
            float(bool(post.get("has_url"))),
            len(text),
            text.count("！") + text.count("!"),
            text.count("？"),
            float("转" in text),
            float(any(word in text for word in _CALLS)),
            float(any(word in text for word in _PRIZES)),
            float("【" in text),
            float("#" in text),
            float("@" in text),
            text.count("["),
            math.log1p(number) - 0.5 * followers,
            math.log1p(max(0, min(86_400, lag))),
        ],
        dtype=np.float64,
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _moment(value: object) -> int | None:
    if isinstance(value, int | float):
        return int(value)
    try:
        return int(datetime.strptime(str(value), "%a %b %d %H:%M:%S %z %Y").timestamp())
    except ValueError:
        return None
