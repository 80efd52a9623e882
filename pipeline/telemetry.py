"""Logs, metrics and readiness (运行状况): what the people who run the machine need to see.

Logs are one JSON object a line on stderr (readable lines on a terminal). Metrics are read from the store at the moment
they are asked for, so that they are right whatever process answers and whichever died.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from pipeline.search.port import SearchError
from pipeline.services import Services
from pipeline.store import leases
from pipeline.store.schema.documents import documents, pending_index
from pipeline.store.schema.events import alerts, events, flow_state
from pipeline.store.schema.leases import leases as lease_table
from pipeline.store.schema.notices import outbox

FLOW_LEASE = "flow"
_SECRET = re.compile(r"pass(word|wd)|secret|token|cookie|authori[sz]ation|api_?key|dsn", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")


def configure_logging(level: str = "INFO") -> None:
    """One log for our own lines and the libraries': to stderr, nothing secret, no line forged by what was collected."""
    terminal = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=True)
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, one_line, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("scrapy", "twisted", "elastic_transport", "distributed", "apscheduler", "httpx"):
        logging.getLogger(noisy).setLevel("WARNING")


def without_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Values whose key names a secret, and passwords inside addresses, never reach a log."""
    for key, value in entry.items():
        if _SECRET.search(key):
            entry[key] = "***"
        elif isinstance(value, str):
            entry[key] = _URL_PASSWORD.sub(r"\1***@", value)
    return entry


def one_line(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Control characters are shown, not obeyed: collected text can neither forge a line nor move a cursor."""
    for key, value in entry.items():
        if isinstance(value, str) and key != "exception":
            entry[key] = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
    return entry


class StoreCollector(Collector):
    """Prometheus gauges out of the store."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._services.clock.now()
        with self._services.store.read() as connection:
            yield from _queues(connection, now)
            yield _labelled(
                "huiying_events",
                "Events by stage.",
                "stage",
                _counts(connection, events.c.stage, events.c.merged_into == ""),
            )
            yield _labelled("huiying_alerts", "Alerts by state.", "state", _counts(connection, alerts.c.state))
            yield _labelled(
                "huiying_notices", "Notices in the outbox by state.", "state", _counts(connection, outbox.c.state)
            )
            held = GaugeMetricFamily("huiying_lease_seconds", "Seconds that a lease still runs.", labels=["lease"])
            moment = leases.store_now(connection)
            for row in connection.execute(select(lease_table.c.name, lease_table.c.until)):
                held.add_metric([row.name], max(0.0, (row.until - moment).total_seconds()))
            yield held


def metrics_text(services: Services) -> bytes:
    """What /metrics answers."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(services))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether pages can be answered, and what is amiss even if they can: one Chinese line each."""

    ready: bool
    troubles: tuple[str, ...] = ()
    index_behind: int = 0


def readiness(services: Services, patience_seconds: float = 120.0) -> Readiness:
    """What /readyz answers: the store must answer; an index that is down or behind, or a flow that nobody leads, is told."""
    troubles: list[str] = []
    try:
        with services.store.read() as connection:
            behind = int(connection.execute(select(func.count()).select_from(pending_index)).scalar_one())
            led = leases.idle_seconds(connection, FLOW_LEASE)
    except Exception as error:
        return Readiness(False, (f"数据库不通：{str(error).splitlines()[0]}",))
    try:
        services.index().count()
    except SearchError as error:
        troubles.append(str(error))
    if behind > 1000:
        troubles.append(f"索引正在追赶：还有 {behind} 篇未进入索引。")
    if led is not None and led > patience_seconds:
        troubles.append(f"研判流程已停 {led:.0f} 秒；请检查 huiying run。")
    return Readiness(True, tuple(troubles), behind)


def _queues(connection: Connection, now: datetime) -> Iterator[GaugeMetricFamily]:
    yield _labelled("huiying_documents", "Documents by state.", "state", _counts(connection, documents.c.state))
    behind = connection.execute(select(func.count()).select_from(pending_index)).scalar_one()
    yield GaugeMetricFamily("huiying_index_behind", "Documents that the index is behind for.", value=behind)
    oldest = connection.execute(
        select(func.min(documents.c.known_at)).where(documents.c.state.in_(("new", "analysed")))
    ).scalar_one()
    lag = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    yield GaugeMetricFamily("huiying_flow_lag_seconds", "Age of the oldest document not yet placed.", value=lag)
    reached = GaugeMetricFamily("huiying_flow_reached_timestamp", "The moment a lane has reached.", labels=["lane"])
    for row in connection.execute(select(flow_state.c.name, flow_state.c.at)):
        if row.at is not None:
            reached.add_metric([row.name], row.at.timestamp())
    yield reached


def _counts(connection: Connection, column: Any, *where: Any) -> dict[str, int]:
    return {
        str(value): int(count)
        for value, count in connection.execute(select(column, func.count()).where(*where).group_by(column))
    }


def _labelled(name: str, text: str, label: str, counted: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in sorted(counted.items()):
        family.add_metric([value], count)
    return family
