"""A wrong key or a name that does not exist is refused in one Chinese line that names file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import config
from pipeline.analysis.district import District, DistrictError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("topics", "places", "departments", "cues"):
        shutil.copy(Path(config.__file__).parent / f"{name}.toml", tmp_path)
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_district_loads_the_same_each_time(folder: Path) -> None:
    assert District.load(folder) == District.load(folder)


def test_any_change_changes_the_digest(folder: Path) -> None:
    before = District.load(folder).digest
    edit(folder, "cues.toml", '"网传"', '"网上传"')
    assert District.load(folder).digest != before


def test_a_wrong_key_names_file_and_key(folder: Path) -> None:
    edit(folder, "places.toml", 'kind = "road"', 'sort = "road"')
    with pytest.raises(DistrictError, match=r"places\.toml 的 place\.0\.sort .*没有这个键"):
        District.load(folder)


def test_a_department_cannot_name_a_topic_that_does_not_exist(folder: Path) -> None:
    edit(folder, "departments.toml", "城乡建设/物业", "城乡建设/物业费")
    with pytest.raises(DistrictError, match="区住建局 写了没有的主题“城乡建设/物业费”"):
        District.load(folder)


def test_a_place_cannot_lie_in_a_town_that_does_not_exist(folder: Path) -> None:
    edit(folder, "places.toml", 'town = "石桥街道"', 'town = "石桥镇"')
    with pytest.raises(DistrictError, match="云栖雅苑 写了没有的镇街“石桥镇”"):
        District.load(folder)


def test_broken_toml_and_a_missing_file_are_refused(folder: Path) -> None:
    (folder / "cues.toml").write_text("[opinion", encoding="utf-8")
    with pytest.raises(DistrictError, match=r"cues\.toml 不是正确的"):
        District.load(folder)
    (folder / "cues.toml").unlink()
    with pytest.raises(DistrictError, match=r"读不到配置文件 .*cues\.toml"):
        District.load(folder)


def test_the_machine_has_no_list_for_wrong_opinions(folder: Path) -> None:
    edit(folder, "cues.toml", "[opinion]", '[opinion]\n"错误看法" = ["造谣"]')
    with pytest.raises(DistrictError, match="机器不判断观点对错"):
        District.load(folder)


def test_a_topic_model_that_is_not_there_is_refused(folder: Path) -> None:
    edit(folder, "topics.toml", 'model_file = ""', 'model_file = "topic.npz"')
    with pytest.raises(DistrictError, match="huiying train topic"):
        District.load(folder)
