"""What the demo's press office does: every step is one that exists, by people and units that exist, in the order of time."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import config
from demo.office import SCRIPT
from demo.stories import moment_of
from demo.truth import alerting_storylines
from pipeline.cases.facts import read_action

CASES = tomllib.loads(SCRIPT.read_text(encoding="utf-8"))["case"]
PEOPLE = tomllib.loads((Path(config.__file__).parent / "people.toml").read_text(encoding="utf-8"))["person"]
BY_THE_SCRIPT = ("line", "responded")  # these are filled in by demo.office


@pytest.mark.parametrize("case", CASES, ids=[case["storyline"] for case in CASES])
def test_steps_are_actions_by_people_of_the_list_in_order(case: dict[str, object]) -> None:
    assert case["storyline"] in alerting_storylines()
    steps = case["step"]
    assert isinstance(steps, list)
    moments = [moment_of(step["at"]) for step in steps]
    assert moments == sorted(moments)
    people, units = {person["id"] for person in PEOPLE}, {person["unit"] for person in PEOPLE}
    for step in steps:
        assert step["who"] == "@duty" or step["who"] in people
        assert step.get("unit") is None or step["unit"] in units
        if step["kind"] not in BY_THE_SCRIPT:
            read_action({key: value for key, value in step.items() if key not in ("at", "who")})


def test_several_cases_are_worked_on_and_one_lives_to_its_evaluation() -> None:
    kinds = {case["storyline"]: [step["kind"] for step in case["step"]] for case in CASES}
    assert sum("responded" in several for several in kinds.values()) >= 4
    assert any(several[-2:] == ["closed", "evaluated"] for several in kinds.values())
