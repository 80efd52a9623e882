"""What persons decide about events (人工更正): rename, mute, merge, split. The journal keeps who, when and why.

The flow holds events in memory. `Worker` asks `mark` before each step and rebuilds its memory when a person has merged
or split meanwhile: what is rebuilt comes from the rows that are written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from pipeline.cases.desk import Desk
from pipeline.document import StageChange
from pipeline.errors import HuiyingError
from pipeline.events.stages import StageBook
from pipeline.store import alerts, events
from pipeline.store.documents import queue_for_index
from pipeline.store.events import Change
from pipeline.store.schema.events import event_documents, flow_state
from pipeline.store.schema.events import events as event_table

MARK = "corrections"
LONGEST_TITLE = 60


class CorrectionRefused(HuiyingError):
    """The change cannot be made as asked."""


def mark(connection: Connection) -> str:
    """Changes whenever a person merges or splits."""
    row = connection.execute(select(flow_state.c.detail).where(flow_state.c.name == MARK)).scalar_one_or_none()
    return str(row["mark"]) if row else ""


def reload(connection: Connection, at: datetime) -> None:
    """Rules or words were changed: the flow reads its configuration again before its next step."""
    _set_mark(connection, at)


def rename(connection: Connection, event_id: str, title: str, by: str, at: datetime, reason: str) -> None:
    """Give an event a title that stays."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST_TITLE:
        raise CorrectionRefused(f"标题须为1至{LONGEST_TITLE}个字。")
    connection.execute(update(event_table).where(event_table.c.id == event_id).values(title=title, named_by=by))
    _record(connection, "renamed", event_id, by, at, reason, {"title": title})


def mute(connection: Connection, event_id: str, until: datetime, by: str, at: datetime, reason: str) -> None:
    """No more on the front page until `until`; the event goes on being followed."""
    if until <= at:
        raise CorrectionRefused("静音的截止时间须晚于现在。")
    connection.execute(
        update(event_table).where(event_table.c.id == event_id).values(muted_until=until, mute_reason=reason)
    )
    _record(connection, "muted", event_id, by, at, reason, {"until": until.isoformat()})


def wake(connection: Connection, event_id: str, by: str, at: datetime, reason: str) -> None:
    """End the silence."""
    connection.execute(update(event_table).where(event_table.c.id == event_id).values(muted_until=None, mute_reason=""))
    _record(connection, "unmuted", event_id, by, at, reason, {})


def merge(connection: Connection, event_id: str, other_id: str, by: str, at: datetime, reason: str, desk: Desk) -> str:
    """Two events are one: the older id is kept and answers for both; cases and alerts follow. Answers the kept id."""
    if event_id == other_id:
        raise CorrectionRefused("同一个事件不能与自己合并；请填另一个事件的编号。")
    first: dict[str, Any] = {
        row.id: row for row in connection.execute(select(event_table).where(event_table.c.id.in_([event_id, other_id])))
    }
    kept, merged = sorted(first, key=lambda key: (first[key].opened_at, key))
    at = max(at, *(row.last_at for row in first.values()))
    book = _book(connection, [kept, merged], at)
    moved = book.merge(kept, merged, at)
    events.redirect(connection, merged, kept)
    alerts.move_event(connection, merged, kept)
    case_changes = desk.merge_events(connection, kept, merged, at)
    events.save_states(connection, [book.state(kept, at)])
    _record(connection, "merged", kept, by, at, reason, {"merged": merged})
    events.record(connection, [*(_stage_line(change) for change in moved), *(change.line() for change in case_changes)])
    _set_mark(connection, at)
    return kept


def split(
    connection: Connection, event_id: str, document_ids: Sequence[str], by: str, at: datetime, reason: str
) -> str:
    """These documents are another event. Its id follows from its first document. Answers it."""
    members = list(events.members_of(connection, [event_id]))
    wanted = set(document_ids)
    leave = [member for member in members if member.judged.document.id in wanted]
    stay = [member for member in members if member.judged.document.id not in wanted]
    if not leave or not stay:
        raise CorrectionRefused("请勾选要拆出的文档：至少一篇，且不能是全部。")
    at = max(at, *(member.at for member in members))
    first = leave[0].judged.document.id
    new_id = "e" + hashlib.sha256(f"{first}|split|{event_id}".encode()).hexdigest()[:16]
    if connection.execute(select(event_table.c.id).where(event_table.c.id == new_id)).first():
        raise CorrectionRefused("这些文档已经拆出过；请从现在所在的事件操作。")
    book = _book(connection, [event_id], at)
    seen = [observation for _, observation in events.observations_of(connection, [event_id])]
    halves = [[(member.judged, member.copy, member.at) for member in half] for half in (stay, leave)]
    moved = book.split(event_id, new_id, halves[0], halves[1], seen, at)
    ids = [member.judged.document.id for member in leave]
    connection.execute(update(event_documents).where(event_documents.c.document_id.in_(ids)).values(event_id=new_id))
    queue_for_index(connection, ids)
    states = [book.state(key, at) for key in (event_id, new_id)]
    events.save_states(connection, [replace(state, at=at) for state in states])
    _record(connection, "split", event_id, by, at, reason, {"new": new_id, "documents": len(ids)})
    _record(connection, "opened", new_id, by, at, reason, {"document": first, "title": states[1].title})
    events.record(connection, [_stage_line(change) for change in moved])
    _set_mark(connection, at)
    return new_id


def _book(connection: Connection, event_ids: Sequence[str], at: datetime) -> StageBook:
    """The counters of just these events, from their rows."""
    book = StageBook()
    known = [state for key in event_ids if (state := events.get_state(connection, key)) is not None]
    book.restore(
        events.members_of(connection, event_ids),
        events.observations_of(connection, event_ids),
        known,
        events.arrivals(connection, at - book.normal_window),
    )
    return book


def _stage_line(change: StageChange) -> Change:
    detail = {"before": change.before, "after": change.after, "back": change.back}
    return Change(change.at, "stage", change.after, change.reason, change.event_id, detail=detail)


def _record(
    connection: Connection, what: str, event_id: str, by: str, at: datetime, reason: str, detail: dict[str, object]
) -> None:
    events.record(connection, [Change(at, "event", what, reason, event_id, by=by, detail=detail)])


def _set_mark(connection: Connection, at: datetime) -> None:
    count = connection.execute(
        select(func.count()).select_from(flow_state).where(flow_state.c.name == MARK)
    ).scalar_one()
    detail = {"mark": hashlib.sha256(f"{mark(connection)}|{at.isoformat()}".encode()).hexdigest()[:16]}
    if count:
        connection.execute(update(flow_state).where(flow_state.c.name == MARK).values(at=at, detail=detail))
    else:
        connection.execute(insert(flow_state).values(name=MARK, at=at, detail=detail))
