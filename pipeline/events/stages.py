"""StageBook (阶段簿): every live event's counters and stage; says when an event moves and why.

In memory, deterministic, restored from rows: counters are a function of stored documents and observations, the stage
and its beginning are the last stored change. Documents come in order of time; `tick` is called on a fixed grid and
touches only events that can move by time alone. Settings: config/stages.toml.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Protocol

from pipeline.document import Copy, EventState, Judged, Observation, Stage, StageChange
from pipeline.events import evidence
from pipeline.events.baseline import Baseline
from pipeline.events.evidence import STAGE_NAMES, Evidence
from pipeline.events.forecast import Forecaster
from pipeline.events.heat import heat
from pipeline.events.stage_settings import StageSettings
from pipeline.events.tally import HOUR, LETTERS, Tally, Voice, seconds
from pipeline.events.titles import line_of

RETITLED = frozenset(3**power for power in range(1, 7))
_BUSY = frozenset({Stage.GATHERING, Stage.HOT, Stage.COOLING})


class Member(Protocol):
    """A stored document with its event: a row to restore from."""

    @property
    def judged(self) -> Judged: ...
    @property
    def event_id(self) -> str: ...
    @property
    def copy(self) -> Copy | None: ...
    @property
    def at(self) -> datetime: ...


@dataclass(slots=True)
class _Standing:
    """Where an event stands: its persisted half."""

    stage: Stage
    since: int
    reason: str


class StageBook:
    """Counters and stages of the live events."""

    def __init__(self, settings: StageSettings | None = None) -> None:
        self._settings = settings or StageSettings.load()
        self._baseline = Baseline(self._settings.normal)
        self._forecaster = Forecaster(self._settings.normal.day_profile)
        self._tallies: dict[str, Tally] = {}
        self._standings: dict[str, _Standing] = {}
        self._busy: set[str] = set()
        self._wakings: list[tuple[int, str]] = []
        self._expected: dict[str, tuple[int, int, tuple[float, float, float]]] = {}
        self._voices: dict[str, tuple[bool, bool]] = {}

    @property
    def remembers(self) -> timedelta:
        """How long after its last document an event is still followed: what `restore` needs."""
        return timedelta(days=self._settings.quiet.forget_days)

    @property
    def normal_window(self) -> timedelta:
        """How far back arrivals count for what is normal."""
        return timedelta(days=self._settings.normal.days + 2)

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._tallies

    # ---- living --------------------------------------------------------------------------------------------------

    def observe(self, event_id: str, judged: Judged, copy: Copy | None, at: datetime) -> list[StageChange]:
        """Count one more document of the event, known at `at`; the changes it brings (none, or one)."""
        moment = seconds(at)
        opened = event_id not in self._tallies
        self._count_document(event_id, judged, copy, moment)
        if opened:
            where = judged.document.source or judged.document.kind.value
            back = f"{self._settings.quiet.hours:.0f} 小时无新文档即平息"
            return [self._move(event_id, moment, None, Stage.SPREAD, f"首次出现于{where}", back)]
        return self._test(event_id, moment)

    def count(self, event_id: str, observation: Observation) -> list[StageChange]:
        """Count what a document's public counters have gained; unknown events (forgotten, too old) are passed over."""
        tally = self._tallies.get(event_id)
        if tally is None:
            return []
        moment = seconds(observation.at)
        tally.count(observation.document_id, observation.counts, moment, observation.deleted)
        return self._test(event_id, moment)

    def tick(self, at: datetime) -> list[StageChange]:
        """Let time pass: events cool, fall quiet and are forgotten. Call on a fixed grid."""
        moment = seconds(at)
        due = set(self._busy)
        while self._wakings and self._wakings[0][0] <= moment:
            _, event_id = heapq.heappop(self._wakings)
            if event_id in self._tallies and event_id not in self._busy:
                due.add(event_id)
        changes: list[StageChange] = []
        for event_id in sorted(due):
            changes += self._test(event_id, moment)
            self._sleep(event_id, moment)
        return changes

    def wants_title(self, event_id: str) -> bool:
        """Whether it has just grown threefold (3, 9, 27 … 729 documents): now its documents tell better what it is."""
        return len(self._tallies[event_id].times) in RETITLED

    def retitle(self, event_id: str, title: str) -> None:
        """Name the event by what its documents say; an empty title changes nothing."""
        self._tallies[event_id].title = title or self._tallies[event_id].title

    def merge(self, kept: str, merged: str, at: datetime) -> list[StageChange]:
        """Fold `merged` into `kept`; the kept event takes the further stage, then is tested with all the numbers."""
        moment = seconds(at)
        other = self._tallies.pop(merged, None)
        their = self._standings.pop(merged, None)
        self._busy.discard(merged)
        self._expected.pop(merged, None)
        if other is None or their is None:
            return []
        mine = self._tallies.get(kept)
        if mine is None:
            self._tallies[kept] = other
        else:
            mine.absorb(other)
        self._expected.pop(kept, None)
        standing = self._standings.get(kept)
        if standing is None or _loudness(their.stage) > _loudness(standing.stage):
            before = standing.stage if standing else None
            reason = f"与另一事件合并，沿用其{STAGE_NAMES[their.stage]}阶段：{their.reason}"
            return [self._move(kept, moment, before, their.stage, reason, "拆分事件即可还原")]
        return self._test(kept, moment)

    def split(
        self,
        event_id: str,
        new_event_id: str,
        stay: Iterable[tuple[Judged, Copy | None, datetime]],
        leave: Iterable[tuple[Judged, Copy | None, datetime]],
        observations: Iterable[Observation],
        at: datetime,
    ) -> list[StageChange]:
        """Count both halves afresh from their documents (in order); the new event begins in the old one's stage."""
        old = self._standings[event_id]
        seen = list(observations)
        for name, members in ((event_id, stay), (new_event_id, leave)):
            self._tallies.pop(name, None)
            self._expected.pop(name, None)
            documents: set[str] = set()
            for judged, copy, known in members:
                documents.add(judged.document.id)
                self._count_document(name, judged, copy, seconds(known), baseline=False)
            for observation in seen:
                if observation.document_id in documents:
                    self._tallies[name].count(
                        observation.document_id, observation.counts, seconds(observation.at), observation.deleted
                    )
        moved = self._move(
            new_event_id,
            seconds(at),
            None,
            old.stage,
            f"由事件 {event_id} 拆出，沿用其{STAGE_NAMES[old.stage]}阶段",
            "",
        )
        return [moved, *self._test(event_id, seconds(at)), *self._test(new_event_id, seconds(at))]

    # ---- reading -------------------------------------------------------------------------------------------------

    def state(self, event_id: str, at: datetime) -> EventState:
        """The event as known at `at` (not before its last document). KeyError for an unknown event."""
        tally, standing = self._tallies[event_id], self._standings[event_id]
        moment = seconds(at)
        warmth, terms = heat(tally, moment)
        topic, sub = tally.topic
        return EventState(
            event_id=event_id,
            at=at,
            title=tally.title,
            first_document_id=tally.first_document_id,
            opened_at=_instant(tally.opened),
            last_at=_instant(tally.last),
            stage=standing.stage,
            stage_since=_instant(standing.since),
            stage_reason=standing.reason,
            heat=warmth,
            heat_terms=terms,
            documents=len(tally.times),
            copies=tally.copies,
            kinds=tuple(sorted(tally.kinds)),
            sources=_most(tally.sources.items(), 20),
            authors=len(tally.voices),
            reach=len(tally.times) + tally.reposts,
            negative=tally.negative,
            positive=tally.positive,
            rumours=tally.rumours,
            messages=tally.letters,
            documents_last_hour=tally.documents_within(moment, 1),
            scope=tally.scope,
            topic=topic,
            topic_sub=sub,
            places=_most(tally.places.items(), 5),
            departments=_most(tally.departments.items(), 3),
            authority=tally.authority,
            forecasts=self._forecaster.forecasts(tally, standing.stage, moment),
            reposts=tally.reposts,
            comments=tally.comments,
            local_voices=len(tally.local_voices),
            media=len(tally.media),
            dead=tally.casualties.dead,
            hurt=tally.casualties.hurt,
            claimed_dead=tally.casualties.claimed_dead,
        )

    def evidence(self, event_id: str, at: datetime) -> Evidence:
        """The numbers of the stage tests at `at`, for a page or a person who asks why."""
        return self._evidence(event_id, seconds(at))

    # ---- restoring -----------------------------------------------------------------------------------------------

    def restore(
        self,
        members: Iterable[Member],
        observations: Iterable[tuple[str, Observation]] = (),
        states: Iterable[EventState] = (),
        sources: Iterable[tuple[str, datetime]] | None = None,
    ) -> None:
        """Rebuild from rows.

        `members`: all the documents of every live event, in order. `observations`: (event, counters) by time.
        `states`: the events as last stored, for their title and stage, its beginning and its reason. `sources`: (source, known at)
        of all documents of the last `normal.days` + 2 days; None = the members are all there is.
        """
        rows: list[tuple[datetime, int, str, Member | Observation]] = [(m.at, 0, m.event_id, m) for m in members]
        rows += [(seen.at, 1, event_id, seen) for event_id, seen in observations]
        rows.sort(key=itemgetter(0, 1))
        for known, _, event_id, row in rows:
            if not isinstance(row, Observation):
                self._count_document(event_id, row.judged, row.copy, seconds(known), baseline=sources is None)
            elif tally := self._tallies.get(event_id):
                tally.count(row.document_id, row.counts, seconds(known), row.deleted)
        for source, known in sources or ():
            self._baseline.add(source, seconds(known))
        for state in states:
            if state.event_id in self._tallies:
                self._tallies[state.event_id].title = state.title
                self._stand(state.event_id, seconds(state.stage_since), state.stage, state.stage_reason)
        for event_id, tally in self._tallies.items():
            if event_id not in self._standings:
                self._stand(event_id, tally.opened, Stage.SPREAD, "首次出现")

    # ---- inside --------------------------------------------------------------------------------------------------

    def _count_document(
        self, event_id: str, judged: Judged, copy: Copy | None, at: int, *, baseline: bool = True
    ) -> None:
        document = judged.document
        source = document.source or document.kind.value
        if baseline:
            self._baseline.add(source, at)
        tally = self._tallies.get(event_id)
        if tally is None:
            tally = self._tallies[event_id] = Tally(document.id, line_of(judged), at, at)
        official, media = self._standing_of(source)
        name = document.author or (f"letter:{document.id}" if document.kind in LETTERS else f"source:{source}")
        tally.add(judged, copy, at, Voice(name, official, media))

    def _standing_of(self, source: str) -> tuple[bool, bool]:
        known = self._voices.get(source)
        if known is None:
            official = any(word in source for word in self._settings.voice.official)
            media = not official and any(word in source for word in self._settings.voice.media)
            known = self._voices[source] = (official, media)
        return known

    def _evidence(self, event_id: str, at: int) -> Evidence:
        tally = self._tallies[event_id]
        hour, number = at // HOUR, len(tally.sources)
        cached = self._expected.get(event_id)
        if cached is None or cached[:2] != (hour, number):
            expected = self._baseline.expected(tally.sources, at)
            cached = self._expected[event_id] = (hour, number, expected)
        return evidence.gather(tally, at, cached[2])

    def _test(self, event_id: str, at: int) -> list[StageChange]:
        standing = self._standings[event_id]
        verdict = evidence.decide(standing.stage, standing.since, self._evidence(event_id, at), self._settings)
        if verdict is None:
            return []
        return [self._move(event_id, at, standing.stage, verdict.stage, verdict.reason, verdict.back)]

    def _move(self, event_id: str, at: int, before: Stage | None, after: Stage, reason: str, back: str) -> StageChange:
        self._stand(event_id, at, after, reason)
        return StageChange(event_id, _instant(at), before, after, reason, back)

    def _stand(self, event_id: str, at: int, stage: Stage, reason: str) -> None:
        self._standings[event_id] = _Standing(stage, at, reason)
        if stage in _BUSY:
            self._busy.add(event_id)
        else:
            self._busy.discard(event_id)
            self._wake_later(event_id, stage)

    def _wake_later(self, event_id: str, stage: Stage, after: int = 0) -> None:
        quiet = self._settings.quiet
        wait = quiet.hours if stage is Stage.SPREAD else quiet.forget_days * 24
        due = max(self._tallies[event_id].last + int(wait * HOUR), after)
        heapq.heappush(self._wakings, (due, event_id))

    def _sleep(self, event_id: str, at: int) -> None:
        """After a waking: forget an event long quiet, or wake again when its last document is old enough."""
        if event_id in self._busy:
            return
        standing, tally = self._standings[event_id], self._tallies[event_id]
        if standing.stage is Stage.QUIET and at - tally.last >= self._settings.quiet.forget_days * 24 * HOUR:
            for kept in (self._tallies, self._standings, self._expected):
                kept.pop(event_id, None)
            return
        self._wake_later(event_id, standing.stage, after=at + 1)


def _loudness(stage: Stage) -> int:
    return (Stage.QUIET, Stage.SPREAD, Stage.COOLING, Stage.GATHERING, Stage.HOT).index(stage)


def _instant(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _most(counted: Iterable[tuple[str, int]], limit: int) -> tuple[str, ...]:
    return tuple(name for name, _ in sorted(counted, key=lambda pair: (-pair[1], pair[0]))[:limit])
