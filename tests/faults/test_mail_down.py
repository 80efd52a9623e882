"""The mail server is away for a while: the flow goes on, and when it is back everybody is told, once, of everything.

The mail that arrives names the document it goes back to (X-Huiying-Trace), and `trace` leads from there to the mail.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from config.settings import AnalysisSettings, MailSettings, Settings
from demo.documents import documents
from demo.truth import truth_of
from huiying import build_services
from pipeline.clock import SHANGHAI, SteppedClock
from pipeline.notices.channels import open_deliverer
from pipeline.services import Services
from pipeline.store.schema.documents import documents as kept
from pipeline.store.schema.notices import outbox
from pipeline.trace_ids import trace_of
from pipeline.tracing import trace
from pipeline.working import Worker
from tests.notices.conftest import Mailbox

FIRE = datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)
AWAY_UNTIL = FIRE + timedelta(hours=3)
OVER = FIRE + timedelta(hours=6)


@pytest.fixture
def port() -> int:
    """Where the mail server will be; nobody listens there yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def services(tmp_path: Path, port: int) -> Iterator[Services]:
    settings = Settings(
        data_dir=tmp_path / "data",
        analysis=AnalysisSettings(engine="fast", executor="serial"),
        mail=MailSettings(host="127.0.0.1", port=port, security="none"),
    )
    made = build_services(settings, SteppedClock(FIRE))
    yield made
    made.close()


def states(services: Services) -> dict[str, str]:
    """Every mail of the outbox with its state."""
    with services.store.read() as connection:
        rows = connection.execute(select(outbox.c.key, outbox.c.state).where(outbox.c.channel == "mail"))
        return {row.key: row.state for row in rows}


def test_a_mail_server_that_is_away_for_hours_costs_no_notice_and_no_time(services: Services, port: int) -> None:
    story = [d for d in documents() if (truth := truth_of(d)) and truth.storyline == "fire" and d.known_at < OVER]
    clock = services.clock
    assert isinstance(clock, SteppedClock)
    worker, deliverer = Worker(services), open_deliverer(services)
    box = Mailbox(port=port)
    server = Controller(box, hostname="127.0.0.1", port=port)
    back = False
    try:
        while clock.now() < OVER + timedelta(hours=12):
            clock.advance_to(clock.now() + timedelta(minutes=10))
            services.intake.take([d for d in story if clock.now() - timedelta(minutes=10) < d.known_at <= clock.now()])
            worker.step()
            if clock.now() >= AWAY_UNTIL and not back:
                assert states(services), "the fire has told nobody"
                assert set(states(services).values()) == {"waiting"}
                server.start()
                back = True
            while deliverer.deliver_due():
                pass
    finally:
        if back:
            server.stop()
        worker.close()

    assert set(states(services).values()) == {"sent"}
    assert sorted(mail["Message-ID"].split("@")[0].lstrip("<") for mail in box.mails) == sorted(states(services))
    with services.store.read() as connection:
        assert set(connection.execute(select(kept.c.state)).scalars()) == {"placed"}
        marks = {mail["X-Huiying-Trace"] for mail in box.mails}
        assert marks <= {trace_of(d.id) for d in story}
        for mark in marks:
            steps = trace(connection, str(mark))
            assert steps[0].what == "collected"
            assert {step.subject for step in steps if step.what == "notice"} & set(states(services))
