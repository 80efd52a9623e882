"""The district's towns as a drawing (镇街图): outlines of config/places.toml → shapes of an SVG; no tile server, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, radians

from pipeline.analysis.district import Town

Outline = tuple[tuple[float, float], ...]
WIDTH = 520.0
TALLEST = 620.0
_MARGIN = 6.0
_LOOKS = 24  # places tried in each direction for a label


@dataclass(frozen=True, slots=True)
class Shape:
    """One town: the corners as SVG wants them, and the place inside that is farthest from every border."""

    points: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class TownMap:
    """The drawing's size, and the shape of each town by its name."""

    width: float
    height: float
    shapes: Mapping[str, Shape]


def drawn(towns: Sequence[Town]) -> TownMap | None:
    """The map; None when a town has no outline, for then somebody would be missing on it."""
    if not towns or not all(town.outline for town in towns):
        return None
    return _drawn(tuple((town.name, town.outline) for town in towns))


@lru_cache(maxsize=4)
def _drawn(towns: tuple[tuple[str, Outline], ...]) -> TownMap:
    """Degrees become pixels by the plane of the district's middle (equirectangular), north at the top."""
    east = [x for _, outline in towns for x, _ in outline]
    north = [y for _, outline in towns for _, y in outline]
    narrowing = cos(radians((min(north) + max(north)) / 2)) if max(map(abs, north)) <= 90 else 1.0
    wide, tall = (max(east) - min(east)) * narrowing, max(north) - min(north)
    scale = min((WIDTH - 2 * _MARGIN) / wide, (TALLEST - 2 * _MARGIN) / tall)
    shapes = {}
    for name, outline in towns:
        corners = [
            (_MARGIN + (x - min(east)) * narrowing * scale, _MARGIN + (max(north) - y) * scale) for x, y in outline
        ]
        x, y = _middle(corners)
        shapes[name] = Shape(" ".join(f"{px:.1f},{py:.1f}" for px, py in corners), round(x, 1), round(y, 1))
    return TownMap(round(wide * scale + 2 * _MARGIN, 1), round(tall * scale + 2 * _MARGIN, 1), shapes)


def _middle(corners: list[tuple[float, float]]) -> tuple[float, float]:
    """The point inside that is farthest from the border, of a grid: a label there stays inside, however bent the town."""
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    tried = (
        (left + (right - left) * i / _LOOKS, top + (bottom - top) * j / _LOOKS)
        for i in range(1, _LOOKS)
        for j in range(1, _LOOKS)
    )
    return max((point for point in tried if _inside(point, corners)), key=lambda point: _room(point, corners))


def _sides(corners: list[tuple[float, float]]) -> zip[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(corners, [*corners[1:], corners[0]], strict=True)


def _inside(point: tuple[float, float], corners: list[tuple[float, float]]) -> bool:
    """A ray to the east crosses the border an odd number of times."""
    x, y = point
    crossed = 0
    for (x1, y1), (x2, y2) in _sides(corners):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossed += 1
    return crossed % 2 == 1


def _room(point: tuple[float, float], corners: list[tuple[float, float]]) -> float:
    """How far the nearest border is."""
    x, y = point
    nearest = float("inf")
    for (x1, y1), (x2, y2) in _sides(corners):
        dx, dy = x2 - x1, y2 - y1
        along = max(0.0, min(1.0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy or 1.0)))
        nearest = min(nearest, hypot(x - x1 - along * dx, y - y1 - along * dy))
    return nearest
