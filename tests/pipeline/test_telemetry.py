"""What the machine's keepers see: logs that cannot be forged, metrics out of the store, a switch that goes off once."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from config.settings import AnalysisSettings, Settings
from demo.documents import documents as demo_documents
from huiying import build_services
from pipeline.clock import SteppedClock
from pipeline.document import Notice
from pipeline.errors import HuiyingError
from pipeline.services import Services
from pipeline.store import leases
from pipeline.store.engine import Store
from pipeline.telemetry import FLOW_LEASE, configure_logging, metrics_text, readiness
from pipeline.tracing import trace
from pipeline.watching import Watch
from pipeline.working import LEASE, drain_all


@pytest.fixture
def services(tmp_path: Path, clock: SteppedClock) -> Iterator[Services]:
    made = build_services(
        Settings(data_dir=tmp_path / "data", analysis=AnalysisSettings(engine="fast", executor="serial")), clock
    )
    yield made
    made.close()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written to stderr, which is no terminal here."""
    kept = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging()
    yield stream
    logging.root.handlers[:], level = kept
    logging.root.setLevel(level)
    structlog.reset_defaults()


def hold(store: Store, seconds: float) -> None:
    with store.write() as connection:
        assert leases.take(connection, FLOW_LEASE, "leader", timedelta(seconds=seconds))


def test_a_log_line_is_one_json_object_in_chinese(log: io.StringIO) -> None:
    structlog.get_logger().info("document.saved", title='柳东村\n{"level": "forged"}\x1b[2J')
    logging.getLogger("somebody else").warning("done %s", "四\n五")
    first, second = (json.loads(line) for line in log.getvalue().splitlines())
    assert first["title"] == '柳东村\\n{"level": "forged"}\\x1b[2J'
    assert first["event"] == "document.saved"
    assert "柳东村" in log.getvalue()
    assert second["event"] == "done 四\\n五"


def test_a_log_line_holds_no_secret(log: io.StringIO) -> None:
    structlog.get_logger().info(
        "opened", url="postgresql://huiying:hunter2@db/huiying", mail_password="hunter2", Authorization="Bearer hunter2"
    )
    assert "hunter2" not in log.getvalue()
    assert "@db/huiying" in log.getvalue()


def test_an_exception_is_logged_within_its_line(log: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = log.getvalue().splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_metrics_are_read_from_the_store(services: Services) -> None:
    some = sorted(demo_documents(), key=lambda document: document.known_at)[:5]
    services.intake.take(some)
    assert 'huiying_documents{state="new"} 5.0' in metrics_text(services).decode()
    drain_all(services)
    text = metrics_text(services).decode()
    assert 'huiying_documents{state="placed"} 5.0' in text
    assert "huiying_index_behind 0.0" in text
    assert "huiying_flow_lag_seconds 0.0" in text


def test_ready_says_what_is_amiss_without_refusing_pages(services: Services) -> None:
    assert readiness(services).ready
    hold(services.store, -1000)
    (trouble,) = readiness(services).troubles
    assert "研判流程已停" in trouble


def test_a_store_that_does_not_answer_is_not_ready(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OSError("gone")

    monkeypatch.setattr(services.store, "read", gone)
    assert not readiness(services).ready


class Letters:
    """Keeps what it was given to send; refuses while it is down."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.down = False

    def send(self, notice: Notice) -> None:
        if self.down:
            raise ConnectionRefusedError
        self.sent.append(notice)


def test_one_outage_is_one_mail_and_so_is_its_end(store: Store, clock: SteppedClock, tmp_path: Path) -> None:
    letters = Letters()
    watch = Watch(store, letters, ["a@yungang.example", "b@yungang.example"], tmp_path / "watch.json")
    hold(store, 60)
    assert watch.look(clock.now()).running
    assert letters.sent == []
    hold(store, -301)
    assert not watch.look(clock.now()).running
    assert not watch.look(clock.now()).running
    assert [notice.recipient for notice in letters.sent] == ["a@yungang.example", "b@yungang.example"]
    assert "没有在运行" in letters.sent[0].text
    hold(store, 60)
    assert watch.look(clock.now()).running
    assert "已恢复" in letters.sent[-1].text
    assert len({notice.key for notice in letters.sent}) == 4
    assert watch.look(clock.now()).told == 0


def test_a_mail_that_could_not_go_out_is_tried_at_the_next_look(
    store: Store, clock: SteppedClock, tmp_path: Path
) -> None:
    letters = Letters()
    letters.down = True
    watch = Watch(store, letters, ["a@yungang.example"], tmp_path / "watch.json")
    with pytest.raises(ConnectionRefusedError):
        watch.look(clock.now())
    letters.down = False
    assert watch.look(clock.now()).told == 1


def test_the_switch_watches_the_lease_that_the_pipeline_holds() -> None:
    assert FLOW_LEASE == LEASE


def test_a_document_is_traced_to_its_event(services: Services) -> None:
    some = sorted(demo_documents(), key=lambda document: document.known_at)[:5]
    services.intake.take(some)
    drain_all(services)
    with services.store.read() as connection:
        steps = trace(connection, some[0].id)
        assert [step.what for step in steps][:2] == ["collected", "analysed"]
        assert "placed" in {step.what for step in steps}
        with pytest.raises(HuiyingError, match="没有文档"):
            trace(connection, "unknown")
