"""The stateful half of the flow (流水线): one lane places documents in order and remembers what is live.

A lane's memory (copies, grouping, stages) is a function of stored rows: `Lane.restored` rebuilds it, so that a process
that died and one that never did give the same answers. The main lane follows the present. History imported later than
it happened (older than the window) goes down a lane of its own, opened at its own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from pipeline.alerts import subjects
from pipeline.alerts.alerting import AlertChange, Alerting
from pipeline.alerts.early_signs import EarlySigns
from pipeline.alerts.live_rules import LiveRules
from pipeline.alerts.routing import About
from pipeline.analysis.accusation import accused_units
from pipeline.cases.desk import CaseChange, Desk
from pipeline.document import Alert, Copy, EventState, Judged, Observation, Placement, StageChange
from pipeline.events import titles
from pipeline.events.copies import Copies
from pipeline.events.grouping import Grouping
from pipeline.events.stage_settings import StageSettings
from pipeline.events.stages import StageBook
from pipeline.notices.telling import Telling
from pipeline.services import Services
from pipeline.store import alerts, documents, events
from pipeline.store.events import Change, Position

GRID = timedelta(minutes=10)
PAST = timedelta(days=2)  # the longest clock of the mechanism: older than that, no answer is due any more
MAIN = "main"


class PlacingFailed(Exception):
    """A document could not be placed; the lane's memory can no longer be trusted and must be rebuilt."""

    def __init__(self, document_id: str) -> None:
        super().__init__(document_id)
        self.document_id = document_id


class Lane:
    """Copies, grouping, stages, alerts and cases, moving together along one clock."""

    def __init__(self, services: Services, name: str, position: Position | None, own_clock: bool = False) -> None:
        settings = services.settings
        self._now = None if own_clock else services.clock.now
        self.name = name
        self.position = position
        self.window = timedelta(days=settings.events.window_days)
        self.copy_window = timedelta(days=settings.events.copy_window_days)
        self.copies = Copies(self.copy_window, settings.events.copy_limit)
        self.grouping = Grouping(self.window)
        self.stages = StageBook(StageSettings.load(settings.file("stages.toml")))
        self.rules = LiveRules(lambda: settings.file("rules.toml"), settings.data_dir / "rules-in-force.toml")
        self.alerting = Alerting(self.rules.book)
        self.signs = EarlySigns()
        self.desk = Desk.of(settings)
        self.case_dues = subjects.CaseDues(self.desk.mechanism)
        self.telling = Telling(settings, self.desk, self._now)
        self._unsaved: dict[str, EventState] = {}
        self._journal: list[Change] = []
        self._members: list[tuple[Placement, datetime]] = []
        self._copies: list[Copy] = []

    @classmethod
    def restored(
        cls, services: Services, name: str = MAIN, at: datetime | None = None, own_clock: bool = False
    ) -> Lane:
        """A lane as it was when its last chunk was committed; a history lane as of just before `at`.

        `own_clock`: the documents' own time is the present (replay); else what lies `PAST` behind the clock is history,
        for which no case is opened and nobody is woken.
        """
        with services.store.read() as connection:
            position = events.load_position(connection, name) if at is None else Position(at, _grid_before(at))
            lane = cls(services, name, position, own_clock)
            if position is not None:
                lane._remember(connection, position.at, before=at)
        return lane

    def _remember(self, connection: Connection, reached: datetime, before: datetime | None) -> None:
        placed = events.members(connection, reached - self.window, before)
        self.grouping.restore((member.judged, member.event_id) for member in placed)
        for left, right in events.parted(connection, reached - self.window):
            self.grouping.part(left, right)
        self.copies.restore(events.texts_since(connection, reached - self.copy_window, before))
        live = reached - self.stages.remembers
        self.stages.restore(
            events.members_of_live(connection, live, before),
            events.observations_of_live(connection, live, before),
            events.live_states(connection, live),
            events.arrivals(connection, reached - self.stages.normal_window, before),
        )
        letters, posts = reached - self.signs.remembers, reached - self.signs.window
        assert self.position is not None
        self.signs.restore(events.local_voices(connection, letters, posts, before), self.position.ticked_at)
        self.alerting.restore(alerts.all_since(connection, live))

    # ------------------------------------------------------------------ steps
    def place(self, connection: Connection, judged: Judged) -> None:
        """Bring one analysed document all the way down. PlacingFailed when any step raises."""
        document = judged.document
        try:
            at = self._arrive(connection, document.known_at)
            copy = self.copies.find(document.id, document.text, at)
            if copy:
                self._copies.append(copy)
            placement = self.grouping.place(judged, copy, at)
            self._keep(connection, placement, judged, at)
            if judged.analysis.accusation:
                self._flush(connection)
                for unit in accused_units(judged.analysis.accusation):
                    self._cases_changed(connection, self.desk.accuse(connection, placement.event_id, unit, at))
            self.signs.add(judged, at)
            changes = self.stages.observe(placement.event_id, judged, copy, at)
            if self.stages.wants_title(placement.event_id):
                self._retitle(connection, placement.event_id)
            self._react(connection, placement.event_id, changes, judged, at)
        except Exception as error:
            raise PlacingFailed(document.id) from error

    def count(self, connection: Connection, observation: Observation) -> None:
        """Counters seen later: they may make an event grow."""
        self._flush(connection)
        event_id = events.event_of(connection, observation.document_id)
        if event_id is None:
            return
        at = self._arrive(connection, observation.at)
        changes = self.stages.count(event_id, observation)
        self._react(connection, event_id, changes, None, at)

    def tick_until(self, connection: Connection, moment: datetime) -> None:
        """Run the timers at every point of the grid up to `moment`: cooling, deadlines, silences.

        Across a gap in which nothing is left alive (longer than two windows) only its first and last window are ticked.
        """
        if self.position is None:
            self.position = Position(moment, _grid_before(moment))
        tick = self.position.ticked_at + GRID
        quiet_from = self.position.at + self.window
        while tick <= moment:
            if tick > quiet_from and moment - tick > self.window:
                tick = _grid_before(moment - self.window) + GRID
                quiet_from = moment
            self._tick(connection, tick)
            self.position = Position(max(self.position.at, tick), tick)
            tick += GRID

    def catch_up(self, connection: Connection, now: datetime) -> None:
        """Everything that waited is placed: tick up to the present, and tell in one digest what is long past."""
        self.tick_until(connection, now)
        self.telling.tell_late(connection, now)

    def commit(self, connection: Connection) -> None:
        """Keep the events touched since the last commit, as they stood when touched, and how far the lane has come."""
        self._flush(connection)
        events.save_states(connection, list(self._unsaved.values()))
        self._unsaved.clear()
        if self.position:
            self.telling.flush(connection, self.position.at)
        if self.position and self.name == MAIN:
            events.save_position(connection, self.name, self.position)

    # ------------------------------------------------------------------ parts of a step
    def _arrive(self, connection: Connection, moment: datetime) -> datetime:
        """The lane's clock moves to `moment` (never back), and its timers with it."""
        self.tick_until(connection, moment)
        assert self.position is not None
        at = max(moment, self.position.at)
        self.position = Position(at, self.position.ticked_at)
        return at

    def _flush(self, connection: Connection) -> None:
        """Write what was buffered: copies, members and the journal."""
        documents.save_copies(connection, self._copies)
        events.add_members(connection, self._members)
        events.record(connection, self._journal)
        self._copies.clear()
        self._members.clear()
        self._journal.clear()

    def _tick(self, connection: Connection, tick: datetime) -> None:
        self._flush(connection)
        if self.rules.refresh():
            self.alerting.book = self.rules.book
        for change in self.stages.tick(tick):
            self._react(connection, change.event_id, [change], None, tick)
        for sign in self.signs.tick(tick):
            self._raise(connection, self.alerting.book.test_sign(sign), tick, subjects.of_sign(sign), self.signs.window)
        if not self._is_past(tick):
            self._test_subjects(connection, tick)
            if self.desk.is_due(connection, tick):
                self.commit(connection)  # effects are measured from stored rows: the same whatever the batch
            self._cases_changed(connection, self.desk.tick(connection, tick))

    def _test_subjects(self, connection: Connection, tick: datetime) -> None:
        """Rules on sources gone silent (信源中断), cases near their deadline (临期) and days without an alert (无事说明)."""
        book = self.alerting.book
        for silence in subjects.silences(connection, tick):
            self._raise(connection, book.test_source(silence), tick)
        if subjects.is_full_hour(tick):
            for due in self.case_dues.at(connection, tick):
                self._raise(connection, book.test_case(due), tick, subjects.of_case(due))
        if subjects.is_morning(tick) and (watch := subjects.watch(connection, book, tick)) is not None:
            self._raise(connection, book.statement(watch), tick)

    def _raise(
        self,
        connection: Connection,
        fired: Sequence[Alert],
        at: datetime,
        about: About | None = None,
        again_after: timedelta = timedelta(0),
    ) -> None:
        """Keep, journal and tell alerts that have no event of their own."""
        for change in self.alerting.consider_other(fired, again_after):
            alerts.save(connection, change.alert)
            self._journal.append(_alert_line(change, at))
            self.telling.on_alert(connection, change, None, (), at, about)

    def _is_past(self, at: datetime) -> bool:
        """History, by the office's clock: it is judged and shown, and starts nothing."""
        return self._now is not None and at < self._now() - PAST

    def _cases_changed(self, connection: Connection, changes: Sequence[CaseChange]) -> None:
        self._journal += [change.line() for change in changes]
        for change in changes:
            self.telling.on_case(connection, change)

    def _keep(self, connection: Connection, placement: Placement, judged: Judged, at: datetime) -> None:
        if placement.opened:
            detail = {"document": placement.document_id}
            title = judged.analysis.masked_title or judged.analysis.masked_text[:40]
            change = Change(
                at, "event", "opened", placement.reason, placement.event_id, detail=detail | {"title": title}
            )
            self._journal.append(change)
        for merged in placement.merged:
            self._flush(connection)
            events.save_states(connection, [self.stages.state(merged, at)])
            moved = self.stages.merge(placement.event_id, merged, at)
            self.alerting.merge(placement.event_id, merged)
            alerts.move_event(connection, merged, placement.event_id)
            self._cases_changed(connection, self.desk.merge_events(connection, placement.event_id, merged, at))
            self._unsaved.pop(merged, None)
            events.redirect(connection, merged, placement.event_id)
            detail = {"merged": merged}
            merging = Change(at, "event", "merged", placement.reason, placement.event_id, detail=detail)
            events.record(connection, [merging, *(_stage_line(change) for change in moved)])
        self._members.append((placement, at))

    def _retitle(self, connection: Connection, event_id: str) -> None:
        """The line that most of its documents stand behind, instead of the first one's."""
        self._flush(connection)
        members = events.members_of(connection, [event_id])
        self.stages.retitle(event_id, titles.title_of([member.judged for member in members]))

    def _react(
        self, connection: Connection, event_id: str, moved: list[StageChange], judged: Judged | None, at: datetime
    ) -> None:
        """What follows from a grown or moved event: its line in the journal, alerts, cases, notices."""
        self._journal += [_stage_line(change) for change in moved]
        state = self._unsaved[event_id] = self.stages.state(event_id, at)
        for change in self.alerting.consider(state, judged, at):
            alerts.save(connection, change.alert, state.documents, state.stage)
            self._journal.append(_alert_line(change, at))
            self._flush(connection)
            accused = events.accused(connection, event_id)
            self.telling.on_alert(connection, change, state, accused, at)
            if not self._is_past(at):
                opened = self.desk.open_for_alert(connection, change.alert, state, at, accused)
                self._cases_changed(connection, opened)


def _stage_line(change: StageChange) -> Change:
    detail = {"before": change.before, "after": change.after, "back": change.back}
    return Change(change.at, "stage", change.after, change.reason, change.event_id, detail=detail)


def _alert_line(change: AlertChange, at: datetime) -> Change:
    alert = change.alert
    detail = {
        "rule": alert.rule,
        "level": alert.level,
        "title": alert.title,
        "why": change.why,
        "legal_class": alert.legal_class,
    }
    return Change(at, "alert", change.what, alert.reason, alert.event_id, alert.id, detail=detail)


def _grid_before(moment: datetime) -> datetime:
    """The last point of the 10-minute grid at or before `moment`."""
    seconds = GRID.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
