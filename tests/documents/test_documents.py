"""Documents that name files, tests, settings or commands stay true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

import huiying
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "EVALUATION.md",
    "SCALE.md",
    "benchmarks/README.md",
)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)\)", text)
    missing = [link for link in links if "://" not in link and not ((ROOT / page).parent / link).exists()]
    assert not missing


def test_every_test_that_security_names_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for name in re.findall(r"tests/[\w/.]+(?:::\w+)?", text):
        path, _, test = name.rstrip(".").partition("::")
        assert (ROOT / path).exists(), name
        assert not test or f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), name


def test_every_command_that_the_documents_name_exists() -> None:
    huiying.mount()
    commands = set(get_command(huiying.app).commands)  # type: ignore[attr-defined]
    for page in ("README.md", "SECURITY.md", "EVALUATION.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for name in re.findall(r"`huiying ([a-z][a-z-]+)", text):
            assert name in commands, f"{page}: huiying {name}"


def test_every_command_has_an_example_in_its_help() -> None:
    huiying.mount()
    for name, command in get_command(huiying.app).commands.items():  # type: ignore[attr-defined]
        for one in getattr(command, "commands", {name: command}).values():
            assert "例：" in (one.help or command.help or ""), f"{name} {one.name}"


def test_every_setting_is_described_in_settings_md() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        for key in [f"{name}.{part}" for part in inner] if inner else [name]:
            assert f"`{key}`" in text, key
