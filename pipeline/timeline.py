"""The journal as the public timeline (时间线): one JSON line per change, the same bytes every time."""

from __future__ import annotations

import json
from typing import Any, TextIO

from pipeline.clock import iso
from pipeline.document import Stage
from pipeline.store import events
from pipeline.store.engine import Store
from pipeline.store.events import Change

STAGE_NAMES = {
    Stage.SPREAD: "散播",
    Stage.GATHERING: "集聚",
    Stage.HOT: "热议",
    Stage.COOLING: "回落",
    Stage.QUIET: "平息",
}


def timeline_line(change: Change) -> dict[str, Any]:
    """{at, type, what, event, …, reason}: stage lines carry `stage` and its Chinese name, alert lines rule and level."""
    line: dict[str, Any] = {"at": iso(change.at), "type": change.type, "what": change.what}
    if change.event_id:
        line["event"] = change.event_id
    if change.subject:
        line[change.type] = change.subject
    if change.type == "stage":
        after = Stage(change.detail["after"])
        line |= {"stage": after, "stage_name": STAGE_NAMES[after]}
    line |= {key: value for key, value in change.detail.items() if key not in line and key != "after"}
    return line | {"reason": change.reason}


def write_timeline(store: Store, out: TextIO) -> int:
    """Write the whole journal; answers how many lines."""
    lines = 0
    with store.read() as connection:
        for _, change in events.journal(connection):
            out.write(json.dumps(timeline_line(change), ensure_ascii=False, sort_keys=False) + "\n")
            lines += 1
    return lines


def write_assignments(store: Store, out: TextIO) -> int:
    """Write {id, event} with the final event of each document; answers how many."""
    with store.read() as connection:
        pairs = events.assignments(connection)
    for document_id, event_id in pairs:
        out.write(json.dumps({"id": document_id, "event": event_id}, ensure_ascii=False) + "\n")
    return len(pairs)
