"""What is left of a text without the names of places and the formulas of letters: what two matters of one estate do not share."""

from __future__ import annotations

import pytest

from pipeline.document import PlaceMention
from pipeline.events.bare_text import bare, names_of

ESTATE = PlaceMention("云栖雅苑", "石桥街道", "云港区")


def left(text: str, *places: PlaceMention) -> str:
    return "".join(bare(text, names_of(places)).split())


def test_places_are_called_by_name_and_without_what_they_are() -> None:
    assert names_of([ESTATE]) == ["云栖雅苑", "石桥街道", "云港区", "云港", "石桥"]
    assert names_of([PlaceMention("镇")]) == ["镇"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("来电人反映石桥街道云栖雅苑二期工地拖欠工资", "工地拖欠工资"),
        ("市民来电称云栖雅苑5栋电梯停用，要求尽快修好", "电梯停用，修好"),
        ("尊敬的区领导您好！请问云栖雅苑二期何时交房？盼复，谢谢", "！何时交房？，"),
        ("二期工程款没到，工人在工地上等", "工程款没到，工人在工地上等"),
        ("第二期末考试", "第二期末考试"),
    ],
)
def test_a_text_loses_places_their_parts_and_formulas(text: str, kept: str) -> None:
    assert left(text, ESTATE) == kept


def test_words_on_both_sides_of_a_place_do_not_run_together() -> None:
    assert bare("讨薪云栖雅苑工地", ["云栖雅苑"]) == "讨薪 工地"
