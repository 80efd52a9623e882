"""The counters of one event (事件计数): everything the stage tests, the heat and the page read, kept in integers.

A tally is a function of the event's documents and observations alone, whatever was merged when: restoring from rows
gives the same tally as having lived through them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.document import Copy, Counts, Judged, Kind, Polarity, Scope
from pipeline.events.casualties import Casualties, casualties

OTHER = "其他"
HOUR = 3600
LETTERS = frozenset({Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE})
PUBLIC_VOICES = frozenset({Kind.MESSAGE, Kind.HOTLINE, Kind.WEIBO, Kind.FORUM, Kind.VIDEO})
SCOPES = (Scope.LOCAL, Scope.NEIGHBOURING, Scope.NATIONAL, Scope.INTERNATIONAL)


def seconds(moment: datetime) -> int:
    """Whole epoch seconds of an aware moment."""
    return int(moment.timestamp())


@dataclass(slots=True)
class Cell:
    """What came within one hour, for the heat."""

    kinds: Counter[str] = field(default_factory=Counter)
    authors: int = 0
    copies: int = 0
    authority: int = 0
    reposts: int = 0
    comments: int = 0


@dataclass(slots=True)
class Tally:
    """Counters of one event. `opened` and `last` are epoch seconds; `times` is sorted."""

    first_document_id: str
    title: str
    opened: int
    last: int
    times: list[int] = field(default_factory=list)
    cells: dict[int, Cell] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    voices: dict[str, int] = field(default_factory=dict)  # voice → hour in which it first spoke
    local_voices: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    official: set[str] = field(default_factory=set)
    topics: Counter[tuple[str, str]] = field(default_factory=Counter)
    scopes: Counter[Scope] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    departments: Counter[str] = field(default_factory=Counter)
    known: dict[str, tuple[int, int]] = field(default_factory=dict)  # document → (reposts, comments) last seen
    marks: list[tuple[int, int]] = field(default_factory=list)  # (time, reposts + comments gained), sorted
    gained: list[int] = field(default_factory=list)  # running total of `marks`
    reposts: int = 0
    comments: int = 0
    copies: int = 0
    negative: int = 0
    positive: int = 0
    rumours: int = 0
    letters: int = 0
    authority: int = 0
    deleted: int = 0
    casualties: Casualties = field(default_factory=Casualties)
    peak: int = 0  # most documents within any 6 hours
    peak_at: int = 0
    loudest: int = 0  # most reposts and comments gained within any 6 hours

    # ---- growing -------------------------------------------------------------------------------------------------

    def add(self, judged: Judged, copy: Copy | None, at: int, voice: Voice) -> None:
        """Count one document known at `at` (documents come in order of time)."""
        document, analysis = judged.document, judged.analysis
        cell = self._cell(at)
        self.last = max(self.last, at)
        insort(self.times, at)
        self._raise_peak(at)
        self.kinds[document.kind.value] += 1
        self.sources[document.source or document.kind.value] += 1
        cell.kinds[document.kind.value] += 1
        if voice.name not in self.voices:
            self.voices[voice.name] = at // HOUR
            cell.authors += 1
        if analysis.scope is Scope.LOCAL and document.kind in PUBLIC_VOICES and not voice.official:
            self.local_voices.add(voice.name)
        if voice.media:
            self.media.add(document.source)
        if voice.official:
            self.official.add(document.source)
        if voice.media or voice.official:
            self.authority += 1
            cell.authority += 1
        if copy is not None:
            self.copies += 1
            cell.copies += 1
        self._judge(judged, voice)
        published = document.published_at
        self._observe(
            document.id, document.counts, at, old=published is not None and at - seconds(published) > 6 * HOUR
        )

    def _judge(self, judged: Judged, voice: Voice) -> None:
        document, analysis = judged.document, judged.analysis
        self.negative += analysis.sentiment.label is Polarity.NEGATIVE
        self.positive += analysis.sentiment.label is Polarity.POSITIVE
        self.rumours += analysis.rumour is not None
        self.letters += document.kind in LETTERS
        self.topics[(analysis.topic.label, analysis.topic.sub)] += 1
        self.scopes[analysis.scope] += 1
        self.places.update(sorted({place.name for place in analysis.places}))
        if analysis.departments:
            self.departments[analysis.departments[0].name] += 1
        vouched = voice.official or voice.media
        said = casualties(f"{analysis.masked_title}。{analysis.masked_text}", vouched=vouched)
        self.casualties = self.casualties.with_claim(said, vouched=vouched)

    def count(self, document_id: str, counts: Counts, at: int, deleted: bool) -> None:
        """Count what a document's public counters have gained by `at`."""
        self.deleted += deleted
        self._observe(document_id, counts, at)

    def _observe(self, document_id: str, counts: Counts, at: int, *, old: bool = False) -> None:
        """`old`: first seen long after it was published, so what its counters show is no news of the last hours."""
        if counts.reposts is None and counts.comments is None:
            return
        reposts_before, comments_before = self.known.get(document_id, (0, 0))
        reposts = max(reposts_before, counts.reposts or 0)
        comments = max(comments_before, counts.comments or 0)
        self.known[document_id] = (reposts, comments)
        more_reposts, more_comments = reposts - reposts_before, comments - comments_before
        gain = more_reposts + more_comments
        if not gain:
            return
        self.reposts += more_reposts
        self.comments += more_comments
        if old:
            return
        cell = self._cell(at)
        cell.reposts += more_reposts
        cell.comments += more_comments
        self.marks.append((at, gain))
        self.gained.append((self.gained[-1] if self.gained else 0) + gain)
        self.loudest = max(self.loudest, self.interactions_within(at, 6))

    def _cell(self, at: int) -> Cell:
        hour = at // HOUR
        cell = self.cells.get(hour)
        if cell is None:
            cell = self.cells[hour] = Cell()
        return cell

    def _raise_peak(self, at: int) -> None:
        within = self.documents_within(at, 6)
        if within > self.peak:
            self.peak, self.peak_at = within, at

    # ---- reading -------------------------------------------------------------------------------------------------

    def documents_within(self, at: int, hours: int, until: int = 0) -> int:
        """Documents in the `hours` up to `at`, leaving out the last `until` hours."""
        upper = bisect_right(self.times, at - until * HOUR)
        return upper - bisect_right(self.times, at - hours * HOUR)

    def interactions_within(self, at: int, hours: int) -> int:
        """Reposts and comments gained in the `hours` up to `at`."""
        upper = bisect_left(self.marks, (at + 1, -1))
        lower = bisect_left(self.marks, (at - hours * HOUR + 1, -1))
        total = self.gained[upper - 1] if upper else 0
        return total - (self.gained[lower - 1] if lower else 0)

    @property
    def scope(self) -> Scope:
        """The scope most documents have; the nearer one when equal."""
        return max(SCOPES, key=lambda scope: (self.scopes[scope], -SCOPES.index(scope)))

    @property
    def topic(self) -> tuple[str, str]:
        """The topic most documents have, and its finer one; by name when equal.

        Posts that name no matter (等通报吧) are 其他 and have no say as long as others name one.
        """
        labels: Counter[str] = Counter()
        for (label, _), count in self.topics.items():
            labels[label] += count
        named = [label for label in labels if label != OTHER] or list(labels)
        label = min(named, key=lambda name: (-labels[name], name), default="")
        finer = [(sub, count) for (of, sub), count in self.topics.items() if of == label and sub]
        return label, min(finer, key=lambda one: (-one[1], one[0]), default=("", 0))[0]

    # ---- joining -------------------------------------------------------------------------------------------------

    def absorb(self, other: Tally) -> None:
        """Become the tally of both events' documents."""
        if (other.opened, other.first_document_id) < (self.opened, self.first_document_id):
            self.first_document_id, self.title, self.opened = other.first_document_id, other.title, other.opened
        self.last = max(self.last, other.last)
        self.times = sorted(self.times + other.times)
        self._absorb_cells(other)
        self.media |= other.media
        self.official |= other.official
        self.local_voices |= other.local_voices
        for mine, theirs in (
            (self.kinds, other.kinds),
            (self.sources, other.sources),
            (self.places, other.places),
            (self.departments, other.departments),
        ):
            mine.update(theirs)
        self.topics.update(other.topics)
        self.scopes.update(other.scopes)
        self.known.update(other.known)
        self.marks = sorted(self.marks + other.marks)
        self.gained = []
        for _, gain in self.marks:
            self.gained.append((self.gained[-1] if self.gained else 0) + gain)
        for name in (
            "reposts",
            "comments",
            "copies",
            "negative",
            "positive",
            "rumours",
            "letters",
            "authority",
            "deleted",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.casualties = self.casualties.joined(other.casualties)
        self.peak = self.peak_at = 0
        for at in self.times:
            self._raise_peak(at)
        self.loudest = max((self.interactions_within(at, 6) for at, _ in self.marks), default=0)

    def _absorb_cells(self, other: Tally) -> None:
        for hour, theirs in other.cells.items():
            mine = self.cells.get(hour)
            if mine is None:
                self.cells[hour] = theirs
                continue
            mine.kinds.update(theirs.kinds)
            mine.authors += theirs.authors
            mine.copies += theirs.copies
            mine.authority += theirs.authority
            mine.reposts += theirs.reposts
            mine.comments += theirs.comments
        for name, hour in other.voices.items():
            known = self.voices.get(name)
            if known is not None:  # spoke in both: counted once, where it spoke first
                self.cells[max(known, hour)].authors -= 1
            self.voices[name] = hour if known is None else min(known, hour)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks in a document, as far as counting needs it."""

    name: str
    official: bool
    media: bool
