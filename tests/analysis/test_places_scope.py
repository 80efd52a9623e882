"""Places of the district, and whose place it is when many cities have one of that name."""

from __future__ import annotations

import pytest

from pipeline.analysis.analyse import Analyser
from pipeline.document import Analysis, Document, Kind, Scope


def read(analyser: Analyser, text: str, **fields: str) -> Analysis:
    kind = Kind(fields.pop("kind", "news"))
    return analyser.analyse(Document(id="d", text=text, kind=kind, **fields))


def names(analysis: Analysis) -> list[str]:
    return [place.name for place in analysis.places]


def test_a_village_brings_its_town(analyser: Analyser) -> None:
    found = read(analyser, "柳东村的路什么时候修")
    assert [(p.name, p.town, p.district) for p in found.places] == [("柳东村", "柳渡镇", "云港区")]
    assert found.scope is Scope.LOCAL
    assert "柳东村" in found.scope_reason


def test_an_alias_is_called_by_its_name(analyser: Analyser) -> None:
    assert names(read(analyser, "云港恒泰新材料有限公司起火")) == ["恒泰新材料"]


def test_the_district_itself_is_a_place_only_when_nothing_finer_is_named(analyser: Analyser) -> None:
    assert names(read(analyser, "云港区今天停水")) == ["云港区"]
    assert names(read(analyser, "云港区石桥街道今天停水")) == ["石桥街道"]


@pytest.mark.parametrize("text", ["人民路堵车了", "全国各地都有人民路"])
def test_a_name_that_exists_everywhere_needs_context(analyser: Analyser, text: str) -> None:
    assert names(read(analyser, text)) == []


def test_another_place_of_ours_is_context_and_is_given_as_the_reason(analyser: Analyser) -> None:
    found = read(analyser, "人民路堵车了，一直堵到云港站")
    assert names(found) == ["人民路", "云港站"]
    assert "云港站" in found.places[0].reason


@pytest.mark.parametrize(
    "fields",
    [{"kind": "message"}, {"source": "云港发布"}, {"place": "云港区"}, {"source": "澜州新闻网"}, {"kind": "weibo"}],
)
def test_who_speaks_or_to_whom_is_context(analyser: Analyser, fields: dict[str, str]) -> None:
    assert names(read(analyser, "人民路堵车了", **fields)) == ["人民路"]


@pytest.mark.parametrize("text", ["北京市人民路堵车", "苏州沙洲镇起火", "在三亚市海棠区度假"])
def test_a_name_behind_another_city_is_that_citys(analyser: Analyser, text: str) -> None:
    found = read(analyser, text, kind="weibo")
    assert names(found) == []
    assert found.scope is Scope.NATIONAL


def test_a_longer_name_hides_ours(analyser: Analyser) -> None:
    found = read(analyser, "连云港市发布大风预警")
    assert found.scope is Scope.NATIONAL
    assert names(found) == []


def test_a_short_name_inside_a_word_is_no_place(analyser: Analyser) -> None:
    assert read(analyser, "朝南阳台，四个泡沫箱", kind="forum").scope is Scope.LOCAL


@pytest.mark.parametrize(
    ("text", "fields", "scope"),
    [
        ("宁溪市望湖县一化工厂发生爆炸", {}, Scope.NEIGHBOURING),
        ("澜州市海棠区开出首个家庭病床", {}, Scope.NEIGHBOURING),
        ("教育部宣布全国中考改革方案", {}, Scope.NATIONAL),
        ("日本近海发生6.3级地震", {}, Scope.INTERNATIONAL),
        ("宁溪市望湖县爆炸后，云港区开展安全检查", {"title": "云港区部署安全检查"}, Scope.LOCAL),
        ("江东省春耕备耕全面展开，全省小麦进入拔节期", {"source": "云港区政府网"}, Scope.NATIONAL),
        ("停水三天了没人管", {"kind": "message"}, Scope.LOCAL),
        ("停水三天了没人管", {"kind": "hotline"}, Scope.LOCAL),
        ("停水三天了没人管", {"kind": "weibo"}, Scope.LOCAL),
        ("停水三天了没人管", {"kind": "news"}, Scope.NATIONAL),
        ("雲港區柳渡鎮發生火災", {}, Scope.LOCAL),
    ],
)
def test_scope(analyser: Analyser, text: str, fields: dict[str, str], scope: Scope) -> None:
    found = read(analyser, text, **fields)
    assert found.scope is scope
    assert found.scope_reason


def test_people_from_here_may_be_anywhere(analyser: Analyser) -> None:
    assert read(analyser, "望湖县客车侧翻，车上有云港人吗").scope is Scope.NEIGHBOURING


def test_a_neighbours_matter_troubles_no_department_of_ours(analyser: Analyser) -> None:
    assert read(analyser, "宁溪市望湖县一化工厂发生爆炸").departments == ()
