"""The dead man's switch (停摆告警): a mail when the pipeline itself stops, sent by a process of its own.

`huiying watch` looks once; a timer runs it every few minutes. It needs neither the pipeline nor its outbox: it reads when
somebody last led the flow, and mails the administrators straight. One mail when it stops, one when it runs again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pipeline.clock import iso, shanghai
from pipeline.document import Notice, Secrecy
from pipeline.store import leases
from pipeline.store.engine import Store
from pipeline.telemetry import FLOW_LEASE

PATIENCE = timedelta(minutes=5)


class Sender(Protocol):
    """Hands one notice to its channel; raises when it could not."""

    def send(self, notice: Notice) -> None: ...


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: whether the flow is led, what was said to whom."""

    running: bool
    told: int = 0
    line: str = ""


class Watch:
    """Looks, and tells. Remembers in `memory` what it has told, so that one outage is one mail."""

    def __init__(self, store: Store, sender: Sender | None, recipients: Sequence[str], memory: Path) -> None:
        self._store = store
        self._sender = sender
        self._recipients = tuple(recipients)
        self._memory = memory

    def look(self, now: datetime) -> Look:
        """Mail the recipients when the state changed since the last look. What the channel raises goes up: the next look tries again."""
        trouble = self._trouble()
        since = self._told_since()
        if (trouble == "") == (since is None):
            return Look(trouble == "", 0, trouble)
        line = trouble or f"研判流程已恢复运行（{shanghai(now):%m-%d %H:%M}）。"
        told = self._tell(line, since or iso(now), now)
        if trouble:
            self._memory.write_text(json.dumps({"since": iso(now)}), encoding="utf-8")
        else:
            self._memory.unlink()
        return Look(trouble == "", told, line)

    def _trouble(self) -> str:
        try:
            with self._store.read() as connection:
                stopped = leases.idle_seconds(connection, FLOW_LEASE)
        except Exception as error:
            return f"数据库不通：{str(error).splitlines()[0][:200]}；请检查数据库和磁盘。"
        if stopped is None or stopped > PATIENCE.total_seconds():
            return "研判流程没有在运行：新文档不会被研判，也不会有预警；请在服务器上检查 huiying run。"
        return ""

    def _told_since(self) -> str | None:
        if not self._memory.exists():
            return None
        since: str = json.loads(self._memory.read_text(encoding="utf-8"))["since"]
        return since

    def _tell(self, line: str, since: str, now: datetime) -> int:
        if self._sender is None:
            return 0
        for recipient in self._recipients:
            self._sender.send(
                Notice(
                    key=f"watch-{since}-{recipient}-{'stopped' if line.endswith('run。') else 'changed'}",
                    at=now,
                    channel="mail",
                    recipient=recipient,
                    subject=f"【系统】{line.split('：')[0].rstrip('。')}",
                    text=line,
                    secrecy=Secrecy.INTERNAL,
                    thread="watch",
                )
            )
        return len(self._recipients)
