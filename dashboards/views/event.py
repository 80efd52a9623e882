"""事件: what is it, how did it spread, what do people think, and what did we do?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import Connection, Row
from starlette.responses import Response

from dashboards import charts, watches
from dashboards.keeping import Kept
from dashboards.queries import alike
from dashboards.queries import event as queries
from dashboards.queries.event import EventPage
from dashboards.room import OfficeLooking, Posted, Visitor, back_to
from pipeline import corrections
from pipeline.alerts import feedback
from pipeline.alerts.rules import load_rules
from pipeline.cases.responses import FORM_NAMES
from pipeline.cases.vocabulary import Origin
from pipeline.clock import parse_time
from pipeline.document import Kind, Stage
from pipeline.errors import HuiyingError
from pipeline.events.consequences import Consequences, consequences, lessons
from pipeline.events.countermeasures import AdviceFile, Countermeasure, suggest
from pipeline.events.stage_settings import StageSettings, Voice
from pipeline.store.events import accused, state_of

router = APIRouter(include_in_schema=False)
PRIVATE = (Kind.WEIBO, Kind.WECHAT, Kind.VIDEO)  # kinds whose source may be somebody's own account


@router.get("/events/{event_id}")
def show(visitor: OfficeLooking, event_id: str) -> Response:
    room = visitor.room
    with room.services.store.read() as connection:
        row = _found(connection, event_id)
        page = queries.read(connection, row)
    stages = _stages(room.services.settings.file("stages.toml"))
    if row.id != event_id:
        return back_to(f"/events/{row.id}", "这个事件已并入本事件。")
    chart = timeline_chart(page)
    return visitor.show(
        "event.html",
        page=page,
        chart=chart,
        chart_mark=_mark(chart),
        spread=named(page, stages.voice),
        number=visitor.number,
        can_open=visitor.may("open"),
        rules=_rules_of(visitor),
        advice=advice_on(visitor, page, stages),
    )


@dataclass(frozen=True, slots=True)
class Advice:
    """What an event may lead to and what could be done: `written` by a person in the assessment, `measures` from file and past."""

    ahead: Consequences
    written: tuple[str, ...]
    measures: tuple[Countermeasure, ...]


def advice_on(visitor: Visitor, page: EventPage, stages: StageSettings) -> Advice:
    """From the office's own file, its closed cases and its forecast; a person's countermeasures stand first."""
    path = visitor.room.services.settings.file("countermeasures.toml")
    file = _advice_file(path, path.stat().st_mtime_ns)
    case = queries.current(page.cases)
    legal = alike.legal_class(case, visitor.office.mechanism)
    state = replace(page.state, authority=page.state.authority + _official_words(page, stages.voice))
    return Advice(
        consequences(state, page.past, file, stages.normal.day_profile, page.opinion_kind, legal),
        case.assessment.countermeasures if case and case.assessment else (),
        tuple(suggest(state, file.measure, page.opinion_kind, legal, lessons(page.past))),
    )


def _official_words(page: EventPage, voice: Voice) -> int:
    """Responses of ours and documents of official sources: with one of them, nobody may say that no institution has spoken."""
    heard = sum(one.documents for one in page.spread if any(name in one.source for name in voice.official))
    return heard + sum(len(one.responses) for one in page.cases)


@lru_cache(maxsize=8)
def _advice_file(path: Path, stamp: int) -> AdviceFile:
    """Read anew only when the file has changed."""
    del stamp
    return AdviceFile.load(path)


def _rules_of(visitor: Visitor) -> tuple[tuple[str, str], ...]:
    """(key, sentence) of the rules on events that are in force."""
    path = watches.in_force(visitor.room.services.settings)
    return _rules(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _rules(path: Path, stamp: int) -> tuple[tuple[str, str], ...]:
    """Read anew only when the file has changed."""
    del stamp
    return tuple((rule.key, rule.sentence) for rule in load_rules(path).rules if rule.on == "event")


@router.get("/events/{event_id}/timeline.svg")
def picture(request: Request, visitor: OfficeLooking, event_id: str) -> Response:
    """The timeline as a picture; a browser keeps it until the event changes (its address then changes)."""
    del request
    with visitor.room.services.store.read() as connection:
        row = _found(connection, event_id)
        chart = timeline_chart(queries.read(connection, row))
    headers = {
        "cache-control": "private, max-age=86400",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    picture = _drawn.get(_mark(chart), chart.svg)
    return Response(picture, media_type="image/svg+xml", headers=headers)


def _mark(chart: charts.Chart) -> str:
    """Changes with what the picture shows: its words and its table say the same."""
    return sha256(f"{chart.alternative}{chart.rows}".encode()).hexdigest()[:12]


_drawn = Kept(most=256)


def timeline_chart(page: EventPage) -> charts.Chart:
    """Volume and mood by time, with stages and our responses marked."""
    bars = [charts.Bar(bucket.start, bucket.documents, bucket.negative) for bucket in page.timeline]
    moves = [
        charts.Mark(one.at, _STAGE[one.what]) for one in page.stages if one.what in _STAGE and one.detail.get("before")
    ]
    answers = [
        charts.Mark(answer.moment, FORM_NAMES[answer.form], "response")
        for one in page.cases
        for answer in one.responses
    ]
    return charts.timeline("声量时间线", bars, [*moves[-8:], *answers])


_STAGE = {Stage.GATHERING: "集聚", Stage.HOT: "热议", Stage.COOLING: "回落", Stage.QUIET: "平息"}


def named(page: EventPage, voice: Voice) -> list[queries.Spread]:
    """Sources by name where they are institutions, media or platforms; accounts of others are one line a kind."""
    kept: list[queries.Spread] = []
    others: dict[str, queries.Spread] = {}
    for one in page.spread:
        public = one.kind not in PRIVATE or any(name in one.source for name in (*voice.official, *voice.media))
        if public:
            kept.append(one)
            continue
        known = others.get(one.kind)
        others[one.kind] = queries.Spread(
            one.kind,
            "网民与其他账号",
            min(known.first, one.first) if known else one.first,
            one.documents + (known.documents if known else 0),
            one.copied + (known.copied if known else 0),
            one.negative + (known.negative if known else 0),
        )
    return sorted([*kept, *others.values()], key=lambda one: (one.first, one.source))


@cache
def _stages(path: Path) -> StageSettings:
    return StageSettings.load(path)


def _found(connection: Connection, event_id: str) -> Row[Any]:
    row = queries.find(connection, event_id)
    if row is None:
        raise HTTPException(404, "没有这个事件。")
    return row


# ---------------------------------------------------------------------- what a person decides about an event
@router.post("/events/{event_id}/open")
def open_case(sent: Posted, event_id: str) -> Response:
    """Make a case of it."""
    visitor = sent.by
    level = sent.text("level")
    with visitor.room.services.store.write() as connection:
        row = _found(connection, event_id)
        changes = visitor.room.desk.open_by_hand(
            connection,
            visitor.person,
            visitor.now,
            title=sent.text("title") or row.title,
            reason=sent.text("reason"),
            origin=Origin.MANUAL,
            level=int(level) if level in ("1", "2", "3", "4") else 4,
            event_id=row.id,
            state=state_of(row.state),
            accused=accused(connection, row.id),
        )
        visitor.room.keep(connection, changes)
    return back_to(f"/cases/{changes[0].case_id}", "已建单。")


@router.post("/events/{event_id}/missed")
def missed(sent: Posted, event_id: str) -> Response:
    """应告知而未告知: counted against the rule that ought to have fired, or against none when nobody knows which."""
    visitor = sent.by
    if not visitor.may("open"):
        raise HTTPException(403, "漏报由值班员或新闻发言人标记。")
    rule = sent.text("rule")
    if rule and rule not in dict(_rules_of(visitor)):
        raise HuiyingError("没有这条规则；请刷新页面再选。")
    with visitor.room.services.store.write() as connection:
        row = _found(connection, event_id)
        feedback.say_missed(connection, row.id, visitor.person.id, visitor.now, rule, sent.text("note")[:200])
    return back_to(f"/events/{row.id}", "已记为漏报，计入规则的成绩。")


@router.post("/events/{event_id}/correct")
def correct(sent: Posted, event_id: str) -> Response:
    """Rename, mute, wake, merge or split, each with its reason; the journal keeps who did it."""
    visitor = sent.by
    _may_correct(visitor)
    do, reason, at = sent.text("do"), sent.text("reason"), visitor.now
    if not reason:
        raise HuiyingError("请写明理由。")
    by = visitor.person.id
    with visitor.room.services.store.write() as connection:
        row = _found(connection, event_id)
        match do:
            case "rename":
                corrections.rename(connection, row.id, sent.text("title"), by, at, reason)
            case "mute":
                corrections.mute(connection, row.id, _moment(sent.text("until")), by, at, reason)
            case "wake":
                corrections.wake(connection, row.id, by, at, reason)
            case "merge":
                other = _found(connection, sent.text("other").rsplit("/", 1)[-1])
                kept = corrections.merge(connection, row.id, other.id, by, at, reason, visitor.room.desk)
                return back_to(f"/events/{kept}", "已合并。")
            case "split":
                made = corrections.split(connection, row.id, sent.all("document"), by, at, reason)
                return back_to(f"/events/{made}", "已拆出为新事件；系统不会再把这两个事件自动合并。")
            case _:
                raise HuiyingError("没有这种操作；请刷新页面再试。")
    return back_to(f"/events/{row.id}", "已记录。")


def _may_correct(visitor: Visitor) -> None:
    if not visitor.may("open"):
        raise HTTPException(403, "改名、静音、合并、拆分由值班员或新闻发言人办理。")


def _moment(said: str) -> Any:
    try:
        return parse_time(said)
    except ValueError as error:
        raise HuiyingError("静音须写明到何时为止，如 2026-03-16T08:00。") from error
