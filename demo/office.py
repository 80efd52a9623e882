"""The demo's press office (演示值班): its people do at their time what demo/office.toml says, through the real desk."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from demo.stories import load_pieces, moment_of
from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.facts import read_action
from pipeline.cases.people import Person
from pipeline.notices.telling import Telling
from pipeline.services import Services
from pipeline.store import cases, events
from pipeline.store.schema.documents import documents
from pipeline.store.schema.events import event_documents

SCRIPT = Path(__file__).with_name("office.toml")
_APPROVERS = {"legal": "lv_heng", "secrecy": "bao_mi", "publicity": "jian_shen", "cyber": "wang_qing"}
_LEADERS = {"deputy": "ding_haiyang", "principal": "lu_zhiming"}


@dataclass(slots=True)
class Story:
    """What the office does about one storyline. `case_id` is known once there is a case."""

    storyline: str
    title: str
    reason: str
    level: int
    steps: list[dict[str, Any]]
    case_id: str = ""
    done: int = field(default=0)


class Office:
    """Does what is due by the clock; every action is the same that a button of the dashboard asks for."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.desk = Desk.of(services.settings)
        self.telling = Telling(services.settings, self.desk, services.clock.now)
        script = tomllib.loads(SCRIPT.read_text(encoding="utf-8"))
        self.stories = [
            Story(entry["storyline"], entry["title"], entry["reason"], entry["level"], entry["step"])
            for entry in script["case"]
        ]

    def act(self, now: datetime) -> int:
        """Do every step that is due; how many. Refused when the rules forbid one: then the script is wrong."""
        done = 0
        for story in self.stories:
            while story.done < len(story.steps):
                step = dict(story.steps[story.done])
                at = moment_of(step.pop("at"))
                if at > now:
                    break
                with self.services.store.write() as connection:
                    if not self._find_case(connection, story, now):
                        break
                    for change in self._do(connection, story, step, now):
                        self.telling.on_case(connection, change)
                        events.record(connection, [change.line()])
                story.done += 1
                done += 1
        return done

    def _find_case(self, connection: Connection, story: Story, now: datetime) -> bool:
        """The storyline's case: the one that an alert opened, else one opened by hand; False while nothing is known of it."""
        if story.case_id:
            return True
        event_id = event_of_storyline(connection, story.storyline)
        if not event_id:
            return False
        story.case_id = cases.open_of_event(connection, event_id) or ""
        if not story.case_id:
            officer = self._person(connection, "@duty", now)
            opened = self.desk.open_by_hand(
                connection, officer, now, title=story.title, reason=story.reason, level=story.level, event_id=event_id
            )
            for change in opened:
                events.record(connection, [change.line()])
            story.case_id = opened[0].case_id
        return True

    def _do(self, connection: Connection, story: Story, step: dict[str, Any], now: datetime) -> list[CaseChange]:
        person = self._person(connection, step.pop("who"), now)
        if step["kind"] == "line":
            return self._pass_line(connection, story.case_id, person, step, now)
        if step["kind"] == "responded":
            step |= {"moment": now.isoformat(), "url": f"https://www.yungang.example/{story.storyline}/{story.done}"}
        return self.desk.act(connection, story.case_id, read_action(step), person, now)

    def _pass_line(
        self, connection: Connection, case_id: str, drafter: Person, step: dict[str, Any], now: datetime
    ) -> list[CaseChange]:
        """Draft a text and bring it through the whole chain of the case's grade."""
        paper = step["paper"]
        draft = {"kind": "drafted", "paper": paper, "text": step["text"], "secrecy": "public"}
        changes = self.desk.act(connection, case_id, read_action(draft), drafter, now)
        case = cases.load(connection, case_id)
        assert case is not None
        version = max(d.version for d in case.drafts if d.paper == paper)
        for stage in self.desk.mechanism.approval.stages(case.level):
            for key in stage:
                passed: dict[str, Any] = {"kind": "step_approved", "paper": paper, "version": version, "step": key}
                if key in _LEADERS:  # a leader never signs in: the secretary records the signed sheet
                    passed |= {"leader": _LEADERS[key], "scan": "签批件"}
                who = self._person(connection, "ming_ce" if key in _LEADERS else _APPROVERS[key], now)
                changes += self.desk.act(connection, case_id, read_action(passed), who, now)
        return changes

    def _person(self, connection: Connection, name: str, now: datetime) -> Person:
        if name == "@duty":
            name = now_on_duty(connection, now).officers[0]
        return self.desk.office(connection).directory.get(name)


def event_of_storyline(connection: Connection, storyline: str) -> str:
    """The event in which most of the storyline's collected documents are; '' while there is none."""
    paths = [piece.path for piece in load_pieces() if piece.truth.storyline == storyline and piece.path]
    rows = connection.execute(
        select(documents.c.url, event_documents.c.event_id).join(
            event_documents, event_documents.c.document_id == documents.c.id
        )
    )
    votes = Counter(row.event_id for row in rows if row.url.endswith(tuple(paths)))
    return min(votes, key=lambda event_id: (-votes[event_id], event_id)) if votes else ""
