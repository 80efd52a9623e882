"""What the deployment files promise: units that start what exists and hold little, containers that open no door."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

import huiying
from tests.conftest import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
TIMERS = sorted((ROOT / "deploy" / "systemd").glob("*.timer"))
MOST_EXPOSED = {"huiying": 25}  # tenths, as `systemd-analyze security` counts; the short-lived ones: 70


def lines(unit: Path) -> list[tuple[str, str]]:
    """Every setting of a unit, in order; ValueError at a line that is none."""
    found = []
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            key, sign, value = line.partition("=")
            if not sign:
                raise ValueError(f"{unit.name}: {line}")
            found.append((key, value))
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_exists_as_nobody_special_and_may_write_only_its_own(unit: Path) -> None:
    huiying.mount()
    commands = set(get_command(huiying.app).commands)  # type: ignore[attr-defined]
    settings = dict(lines(unit))
    for command in re.findall(r"/bin/huiying (\S+)", settings["ExecStart"]):
        assert command in commands
    assert settings["User"] == "huiying"
    assert (settings["NoNewPrivileges"], settings["ProtectSystem"]) == ("yes", "strict")
    assert settings["CapabilityBoundingSet"] == ""
    assert all(
        path.startswith(("/var/lib/huiying", "/var/backups/huiying")) for path in settings["ReadWritePaths"].split()
    )


@pytest.mark.parametrize("timer", TIMERS, ids=lambda timer: timer.stem)
def test_a_timer_has_its_service_and_an_hour(timer: Path) -> None:
    assert timer.with_suffix(".service") in UNITS
    settings = dict(lines(timer))
    assert {"OnCalendar", "OnUnitActiveSec"} & settings.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_itself_reads_a_unit_and_finds_little_exposed(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze")
    command = [
        program,
        "security",
        "--offline=yes",
        "--no-pager",
        f"--threshold={MOST_EXPOSED.get(unit.stem, 70)}",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized option" in done.stderr:
        pytest.skip("needs systemd-analyze with --offline")
    assert done.returncode == 0, (done.stdout + done.stderr)[-500:]


def test_the_containers_open_one_door_and_have_no_shipped_password() -> None:
    made = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    services = made["services"]
    doors = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert doors == {"huiying": ["127.0.0.1:8600:8600"]}
    assert made["networks"]["inside"]["internal"] is True
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or value.startswith("${")
    kept = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert kept == set(made["volumes"])


def test_the_image_runs_as_nobody_special_and_copies_what_exists() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    copied = [words for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE) for words in line.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert text.index("USER 10001") < text.index("ENTRYPOINT")
