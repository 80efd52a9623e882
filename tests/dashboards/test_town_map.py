"""The towns' map: every town lies where its outline says, its name stands inside, and no outline means tiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings
from dashboards import town_map
from pipeline.analysis.district import District, DistrictError, Town
from tests.dashboards.conftest import Browser

BENT = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (3.0, 4.0), (3.0, 1.0), (0.0, 1.0))  # its centre of mass lies outside
BESIDE = ((0.0, 1.0), (3.0, 1.0), (3.0, 4.0), (0.0, 4.0))


def shapes(*towns: Town) -> dict[str, town_map.Shape]:
    found = town_map.drawn(towns)
    assert found is not None
    return dict(found.shapes)


def test_north_is_up_and_towns_touch_where_their_borders_do() -> None:
    found = shapes(Town(name="弯镇", outline=BENT), Town(name="方镇", outline=BESIDE))
    bent, square = (
        [tuple(map(float, corner.split(","))) for corner in found[name].points.split()] for name in ("弯镇", "方镇")
    )
    assert {bent[3], bent[4], bent[5]} <= set(square) | {bent[3]}
    assert bent[4] == square[1]
    assert bent[0][1] > bent[2][1]
    assert bent[0][0] < bent[1][0]


def test_a_name_stands_inside_even_a_bent_town() -> None:
    found = shapes(Town(name="弯镇", outline=BENT), Town(name="方镇", outline=BESIDE))
    corners = [tuple(map(float, corner.split(","))) for corner in found["弯镇"].points.split()]
    left, low = corners[5][0], corners[5][1]
    assert found["弯镇"].x > corners[4][0] or found["弯镇"].y > low
    assert found["弯镇"].x > left


def test_a_town_without_an_outline_means_no_map() -> None:
    assert town_map.drawn([Town(name="甲镇", outline=BENT), Town(name="乙镇")]) is None
    assert town_map.drawn([]) is None


def test_an_outline_that_encloses_nothing_is_refused_by_name(tmp_path: Path) -> None:
    shipped = Settings().config_dir
    for file in shipped.glob("*.toml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (shipped / "places.toml").read_text(encoding="utf-8")
    start = text.index("outline = [")
    broken = text[:start] + "outline = [[1, 1], [2, 2], [3, 3]]" + text[text.index("\n", start) :]
    (tmp_path / "places.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(DistrictError, match="outline"):
        District.load(tmp_path)


def test_the_shipped_towns_are_all_on_the_map_with_their_figures_in_words(spokesperson: Browser) -> None:
    page = spokesperson.get("/events")
    towns = District.load(Settings().config_dir).places.town
    assert page.count("<polygon") == len(towns)
    assert all(f'aria-label="{town.name}：' in page for town in towns)
    wall = spokesperson.get("/wall")
    assert wall.count("<polygon") == len(towns)
    assert "place%3A" not in wall
