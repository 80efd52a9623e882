"""A desk on the shipped configuration, a store, and short ways to play a case."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from pipeline.cases.desk import CaseChange, Desk
from pipeline.cases.duty_desk import now_on_duty
from pipeline.cases.facts import read_action
from pipeline.cases.mechanism import load_mechanism
from pipeline.cases.office import Office
from pipeline.cases.people import load_people
from pipeline.cases.roster import load_pattern
from pipeline.cases.state import CaseState
from pipeline.clock import SHANGHAI
from pipeline.document import Alert, EventState, Scope, Stage
from pipeline.store import cases
from pipeline.store.engine import Store, open_store, sqlite_url
from pipeline.store.schema.documents import analyses, documents
from pipeline.store.schema.events import event_documents, events

CONFIG = Path(__file__).resolve().parents[2] / "config"
FIRE = datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def office() -> Office:
    return Office(load_mechanism(CONFIG / "mechanism.toml"), load_people(CONFIG / "people.toml"))


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office.mechanism, office.directory, load_pattern(CONFIG / "roster.toml"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, migrated once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "huiying.db"
    open_store(sqlite_url(path)).close()
    return path


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Store]:
    """An empty store: a copy of the migrated file, or PostgreSQL where HUIYING_TEST_POSTGRES names one."""
    if os.environ.get("HUIYING_TEST_POSTGRES"):
        yield request.getfixturevalue("postgres_store")
        return
    shutil.copy(migrated, tmp_path / "huiying.db")
    opened = Store(sqlite_url(tmp_path / "huiying.db"))
    yield opened
    opened.close()


class Play:
    """Plays a case in one open transaction, on a clock given by hand."""

    def __init__(self, desk: Desk, connection: Connection) -> None:
        self.desk = desk
        self.connection = connection
        self.case_id = ""

    def alert(self, at: datetime, level: int = 2, **changes: Any) -> list[CaseChange]:
        given = self.desk.open_for_alert(self.connection, make_alert(at, level, **changes), make_state(at), at)
        if given:
            self.case_id = given[0].case_id
        return given

    def act(self, person: str, kind: str, at: datetime, **fields: Any) -> list[CaseChange]:
        action = read_action({"kind": kind, **fields})
        who = self.desk.office(self.connection).directory.get(person)
        return self.desk.act(self.connection, self.case_id, action, who, at)

    def tick(self, at: datetime) -> list[CaseChange]:
        return self.desk.tick(self.connection, at)

    def live(self, start: datetime, end: datetime) -> list[CaseChange]:
        """Tick on the ten-minute grid from start to end."""
        found, at = [], start
        while at <= end:
            found += self.tick(at)
            at += timedelta(minutes=10)
        return found

    def desk_on_duty(self, at: datetime) -> tuple[str, ...]:
        return now_on_duty(self.connection, at).officers

    @property
    def case(self) -> CaseState:
        found = cases.load(self.connection, self.case_id)
        assert found is not None
        return found

    def answering(self, at: datetime, **class_fields: Any) -> None:
        """Bring an opened case to 回应中."""
        self.act("gu_lan", "acknowledged", at)
        self.act("fang_yi", "class_set", at, **({"legal_class": "other", "reason": "一般"} | class_fields))
        self.assess(at)
        self.act("fang_yi", "decided", at, decision="answer", reason="群众关切")

    def assess(self, at: datetime, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "verified": ["2时40分起火"],
            "unverified": ["网传有人死亡"],
            "demands": ["有没有人员伤亡", "空气还能不能呼吸", "起火原因"],
            "consequences": {"spread": "谣言扩散", "gathering": "居民聚集询问", "hot": "质疑瞒报"},
            "opinion_kind": "重大问题",
        }
        self.act("gu_lan", "assessed", at, **(fields | changes))

    def approved_line(
        self, at: datetime, paper: str = "statement", text: str = "无人员伤亡。", drafter: str = "qin_wan"
    ) -> int:
        """Draft a text and pass it through the whole chain of its grade; answers the version."""
        self.act(drafter, "drafted", at, paper=paper, text=text, secrecy="public")
        version = max(d.version for d in self.case.drafts if d.paper == paper)
        leaders = {"deputy": "song_wenbo", "principal": "lu_zhiming"}
        others = {"legal": "lv_heng", "secrecy": "bao_mi", "publicity": "jian_shen", "cyber": "wang_qing"}
        for stage in self.desk.mechanism.approval.stages(self.case.level):
            for step in stage:
                fields = {"paper": paper, "version": version, "step": step}
                if step in leaders:
                    self.act("ming_ce", "step_approved", at, **fields, leader=leaders[step], scan="签批件2026-3-15")
                else:
                    self.act(others[step], "step_approved", at, **fields)
        return version

    def respond(self, at: datetime, form: str = "site_statement", **changes: Any) -> list[CaseChange]:
        fields: dict[str, Any] = {
            "form": form,
            "title": "情况通报",
            "unit": "区委宣传部",
            "moment": at.isoformat(),
            "paper": "statement",
            "version": 1,
            "url": "http://www.yungang.example/1",
        }
        return self.act("qin_wan", "responded", at, **(fields | changes))


def make_alert(at: datetime, level: int = 2, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": f"alert-{level}",
        "rule": "local-hot",
        "at": at,
        "level": level,
        "legal_class": "特别重大、重大突发事件",
        "title": "沙洲镇化工园起火",
        "reason": "1小时内新增12条，负面8条",
        "event_id": "e1",
        "evidence": ("d1", "d2"),
        "audience": ("duty_officer",),
    }
    return Alert(**(fields | changes))


def make_state(at: datetime, **changes: Any) -> EventState:
    fields: dict[str, Any] = {
        "event_id": "e1",
        "at": at,
        "title": "沙洲镇化工园起火",
        "first_document_id": "d1",
        "opened_at": at - timedelta(minutes=10),
        "last_at": at,
        "stage": Stage.GATHERING,
        "stage_since": at,
        "stage_reason": "",
        "heat": 30.0,
        "heat_terms": (),
        "documents": 12,
        "copies": 2,
        "kinds": ("weibo",),
        "sources": ("微博",),
        "authors": 10,
        "reach": 1000,
        "negative": 8,
        "positive": 0,
        "rumours": 1,
        "messages": 0,
        "documents_last_hour": 12,
        "scope": Scope.LOCAL,
        "topic": "安全生产",
        "topic_sub": "",
        "places": ("沙洲镇",),
        "departments": ("区应急管理局", "沙洲镇"),
        "authority": 0,
    }
    return EventState(**(fields | changes))


@pytest.fixture
def play(store: Store, desk: Desk) -> Iterator[Play]:
    with store.write() as connection:
        yield Play(desk, connection)


@pytest.fixture
def hours() -> Callable[[float], datetime]:
    """A moment so many hours after the fire broke out."""
    return lambda count: FIRE + timedelta(hours=count)


def store_event(play: Play, event_id: str, counts: dict[int, int], hours_earlier: int = 0) -> None:
    first = FIRE - timedelta(hours=hours_earlier)
    play.connection.execute(
        insert(events).values(
            id=event_id, title="t", first_document_id="d", opened_at=first, last_at=first, stage="hot", stage_since=first,
            stage_reason="", heat=1.0, documents=1, negative=1, scope="local", topic="安全生产", state={}, named_by="",
            merged_into="", mute_reason="",
        )
    )  # fmt: skip
    for hour, count in counts.items():
        for n in range(count):
            key, at = f"{event_id}-{hour}-{n}", first + timedelta(hours=hour, minutes=n)
            play.connection.execute(insert(documents).values(id=key, kind="weibo", text="t", known_at=at, stored_at=at))
            play.connection.execute(
                insert(analyses).values(
                    document_id=key, language="zh", sentiment="negative" if n % 2 else "neutral", score=0, confidence=1,
                    topic="安全生产", scope="local", title="", text="", detail={"asks": []}, digest="",
                )
            )  # fmt: skip
            play.connection.execute(
                insert(event_documents).values(document_id=key, event_id=event_id, known_at=at, score=1, reason="")
            )
