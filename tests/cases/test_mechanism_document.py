"""docs/mechanism.md names only pages, rules and tests that exist, and leaves out no sentence of the mechanism (机制对照)."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
import typer

import huiying
from dashboards import views
from pipeline.cases.actions import Action
from pipeline.cases.steps import DECIDERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mechanism.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "原话"]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Top-level names of a module, or all keys of a TOML file."""
    if path.suffix == ".toml":
        return frozenset(tomllib.loads(path.read_text(encoding="utf-8")))
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return frozenset(found)


@cache
def commands() -> frozenset[str]:
    if not any(group.name == "case" for group in huiying.app.registered_groups):
        huiying.mount()
    found: set[str] = set()

    def walk(command: Any, words: str) -> None:
        found.add(words)
        for name, below in getattr(command, "commands", {}).items():
            walk(below, f"{words} {name}")

    walk(typer.main.get_command(huiying.app), "huiying")
    return frozenset(found)


@cache
def pages() -> frozenset[str]:
    """The addresses of the web pages."""
    modules = [import_module(f"dashboards.views.{found.name}") for found in iter_modules(views.__path__)]
    return frozenset(route.path for module in modules if hasattr(module, "router") for route in module.router.routes)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:30])
def test_page_rule_and_test_of_each_sentence_exist(row: list[str]) -> None:
    assert len(row) == 4
    _, places, rules, tests = (quoted(cell) for cell in row)
    assert places
    assert rules
    assert tests
    for place in places:
        assert place in (pages() if place.startswith("/") else commands()), f"no such page or command: {place}"
    for rule in rules:
        path, _, name = rule.partition(":")
        assert (ROOT / path).is_file(), f"no such file: {path}"
        assert not name or name in names_in(ROOT / path), f"{path} has no {name}"
    for test in tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file(), f"no such test file: {path}"
        assert name in names_in(ROOT / path), f"{path} has no test {name}"


@pytest.mark.parametrize(
    "words",
    [
        "散播、集聚、热议", "国际、国内、周边、本地", "对策建议", "情况动态、意见建议", "新闻发言人队伍", "微博微信", "24小时值班",
        "5小时", "24小时内举行新闻发布会", "48小时", "三联动", "同步组织", "苗头性", "工作建议", "会商机制", "法律服务机构",
        "属地管理、分级负责、谁主管谁负责", "建设性意见", "收集→会商→研判→回应→评估", "考核", "主要负责同志", "区直部门、镇街",
        "参照重大执行", "上级提级", "举报", "四眼", "批示", "首报、续报、终报",
    ],
)  # fmt: skip
def test_no_sentence_of_the_mechanism_is_left_out(words: str) -> None:
    assert words in "\n".join(row[0] for row in rows())


def test_the_list_of_actions_is_the_code_itself() -> None:
    assert set(DECIDERS) == set(Action.__args__)  # type: ignore[attr-defined]
