"""Rules in force: a good change takes effect, a bad one is said once and changes nothing, also after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.alerts.live_rules import LiveRules
from pipeline.alerts.rule_file import RulesError
from tests.alerts.test_rules import HEAD

GOOD = HEAD + "[rule.when]\nmin_documents = 1\n"
OTHER = GOOD.replace('key = "test"', 'key = "other"')
BAD = HEAD + "[rule.when]\nmin_document = 1\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text(GOOD, "utf-8")
    return file


def keys(live: LiveRules) -> list[str]:
    return [rule.key for rule in live.book.rules]


def test_a_good_change_takes_effect(path: Path, tmp_path: Path) -> None:
    live = LiveRules(lambda: path, tmp_path / "kept.toml")
    assert not live.refresh()
    path.write_text(OTHER, "utf-8")
    assert live.refresh()
    assert keys(live) == ["other"]


def test_a_bad_change_leaves_the_old_rules_in_force_and_says_why(path: Path, tmp_path: Path) -> None:
    live = LiveRules(lambda: path, tmp_path / "kept.toml")
    path.write_text(BAD, "utf-8")
    assert not live.refresh()
    assert keys(live) == ["test"]
    assert "第 7 行" in live.refused
    path.write_text(OTHER, "utf-8")
    assert live.refresh()
    assert live.refused == ""


def test_a_restart_on_a_bad_file_goes_on_with_the_last_good_rules(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.toml"
    LiveRules(lambda: path, kept)
    path.write_text(BAD, "utf-8")
    restarted = LiveRules(lambda: path, kept)
    assert keys(restarted) == ["test"]
    assert restarted.refused


def test_without_any_good_rules_the_error_is_not_hidden(path: Path, tmp_path: Path) -> None:
    path.write_text(BAD, "utf-8")
    with pytest.raises(RulesError):
        LiveRules(lambda: path, tmp_path / "kept.toml")


def test_a_file_that_vanishes_changes_nothing(path: Path, tmp_path: Path) -> None:
    live = LiveRules(lambda: path, tmp_path / "kept.toml")
    path.unlink()
    assert not live.refresh()
    assert keys(live) == ["test"]
