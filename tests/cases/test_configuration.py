"""The mechanism is configuration: every number with its source; a wrong key is an error that names file and key (机制设置)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pipeline.cases.assessment import STAGES
from pipeline.cases.facts import AnyFact, read_action
from pipeline.cases.mechanism import load_mechanism
from pipeline.cases.office import Office
from pipeline.cases.people import Role, load_people
from pipeline.cases.permissions import ACTION_NAMES
from pipeline.cases.refusal import Refused
from pipeline.cases.roster import load_pattern
from pipeline.cases.steps import ALLOWED, APPLIERS, DECIDERS
from pipeline.cases.wording import TELLERS

from .conftest import CONFIG


def changed(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (CONFIG / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hours = 5\n", "hour = 5\n", "hours.*没有填写"),
        ("hours = 48\n", "hours = -1\n", "hours.*不在允许的范围"),
        ('step]]\nkey = "legal"', 'step]]\nkey = "law"', "未定义的环节“legal”"),
        ("levels = [4]\n", "levels = [3]\n", "各有且只有一条审签链"),
        ('closed = ["spokesperson"]', 'closed = ["leader"]', "领导只读"),
        ("rest = true", "rest = false", "有且只有一栏 rest"),
        ("share = 0.5", "share = 0.5\nminutes_before = 5", "只填一个"),
        ("[retention]", "[retention]\nmonths = 3", "months.*没有这一项"),
        ('source = "国办发〔2016〕61号"\n', 'source = ""\n', "source.*不能为空"),
        ("[office]", "[office", "TOML"),
    ],
)
def test_a_wrong_mechanism_is_refused_with_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        load_mechanism(changed(tmp_path, "mechanism.toml", old, new))
    assert "mechanism.toml" in str(refused.value)


def test_wrong_people_and_rosters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"people.toml.*重复"):
        load_people(changed(tmp_path, "people.toml", 'id = "qin_wan"', 'id = "fang_yi"'))
    with pytest.raises(Refused, match=r"people.toml.*spokesman"):
        load_people(changed(tmp_path, "people.toml", '"spokesperson"', '"spokesman"'))
    with pytest.raises(Refused, match=r"roster.toml.*24小时"):
        load_pattern(changed(tmp_path, "roster.toml", "hours = 9", "hours = 8"))
    with pytest.raises(Refused, match="读不出来"):
        load_pattern(tmp_path / "missing.toml")


def test_every_table_with_a_number_of_hours_names_its_source() -> None:
    raw = tomllib.loads((CONFIG / "mechanism.toml").read_text(encoding="utf-8"))

    def walk(part: Any, path: str, sourced: bool) -> None:
        if isinstance(part, dict):
            sourced = sourced or any("source" in key for key in part)
            for key, value in part.items():
                walk(value, f"{path}.{key}", sourced)
        elif isinstance(part, list):
            for value in part:
                walk(value, path, sourced)
        elif isinstance(part, int | float) and not isinstance(part, bool):
            assert sourced, f"{path} has no source beside it"

    walk(raw, "", False)


def test_the_hours_are_those_of_the_rules(office: Office) -> None:
    hours = {duty.key: duty.hours for one in office.mechanism.legal_class for duty in one.duty}
    assert hours == {"authoritative_information": 5, "press_conference": 24, "response": 48}


def test_our_colours_are_never_called_an_emergency_warning_level() -> None:
    own = [CONFIG / name for name in ("mechanism.toml", "people.toml", "roster.toml")]
    for path in [*own, *(CONFIG.parent / "pipeline" / "cases").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert "预警级别" not in text, path
        assert "工单" not in text.replace("施工单位", ""), path  # that word means a hotline ticket


def test_every_action_has_rule_name_permission_and_a_phase(office: Office) -> None:
    for kind, decider in DECIDERS.items():
        name = kind.model_fields["kind"].default  # type: ignore[attr-defined]
        assert decider is not None
        assert kind in APPLIERS
        assert name in ACTION_NAMES
        assert office.mechanism.permissions.get(name), f"nobody may {name}"
        assert any(kind in allowed for allowed in ALLOWED.values()), name


def test_every_fact_can_be_folded_told_and_named() -> None:
    for kind in AnyFact.__args__:  # type: ignore[attr-defined]
        assert kind in APPLIERS, kind
        assert kind in TELLERS, kind
        assert kind.model_fields["kind"].default in ACTION_NAMES


def test_permissions_name_only_actions_that_exist(office: Office) -> None:
    kinds = {kind.model_fields["kind"].default for kind in DECIDERS}  # type: ignore[attr-defined]
    beside = {"open", "open_report", "export", "unmask", "purge"}
    assert set(office.mechanism.permissions) == kinds | beside


def test_somebody_can_pass_every_step_of_every_chain_with_four_eyes(office: Office) -> None:
    for level in (1, 2, 3, 4):
        steps = [step for stage in office.mechanism.approval.stages(level) for step in stage]
        able = [{p.id for p in office.directory.all() if step in p.approves} for step in steps]
        assert all(able)
        assert len(set.union(*able)) >= len(steps)


def test_every_unit_has_a_leader_in_charge(office: Office) -> None:
    for unit in office.directory.units():
        if unit != office.directory.press_office:
            assert office.directory.leaders_of([unit]), unit
    assert office.directory.with_role(Role.SECRETARY)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"kind": "closed"}, "note.*没有填写"),
        ({"kind": "closed", "note": "  "}, "note.*不能为空"),
        ({"kind": "opened", "note": "x"}, "没有这种动作"),
        ({"kind": "closed", "note": "x", "by": "y"}, "by.*没有这一项"),
        ({"kind": "noted", "text": "x" * 20_001}, "太长"),
        ({"kind": "start_set", "which": "happened", "moment": "2026-03-15T02:40:00", "reason": "x"}, "须带时区"),
        ({"kind": "grade_set", "level": 9, "reason": "x"}, "level.*不在允许的范围"),
    ],
)
def test_a_wrong_form_is_refused_in_chinese(raw: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        read_action(raw)


def test_the_assessment_asks_for_every_stage() -> None:
    assert list(STAGES.values()) == ["散播", "集聚", "热议"]
