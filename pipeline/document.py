"""The records that flow (文档 → 研判 → 事件 → 预警): typed, frozen, no behaviour beyond reading themselves.

Every time is an aware `datetime`; the office reads Asia/Shanghai. A record is never changed: a step makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What kind of source a document came from (信源类别)."""

    NEWS = "news"
    WEIBO = "weibo"
    WECHAT = "wechat"
    MESSAGE = "message"
    HOTLINE = "hotline"
    FORUM = "forum"
    VIDEO = "video"
    DISCLOSURE = "disclosure"


class Polarity(StrEnum):
    """Sentiment class (情感)."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Scope(StrEnum):
    """Where an opinion lives (范围): the report's 本地、周边、国内、国际."""

    LOCAL = "local"
    NEIGHBOURING = "neighbouring"
    NATIONAL = "national"
    INTERNATIONAL = "international"


class Stage(StrEnum):
    """Where an event stands (阶段), in the order in which it grows and dies."""

    SPREAD = "spread"
    GATHERING = "gathering"
    HOT = "hot"
    COOLING = "cooling"
    QUIET = "quiet"


class Secrecy(StrEnum):
    """Mark of a document or text (公开、内部、工作秘密). State secrets never enter the system."""

    PUBLIC = "public"
    INTERNAL = "internal"
    WORK_SECRET = "work_secret"


@dataclass(frozen=True, slots=True)
class Reply:
    """The department's answer to a message, as the portal shows it."""

    text: str
    department: str = ""
    at: datetime | None = None


class Satisfaction(StrEnum):
    """What a caller answered when asked about the handling (满意度)."""

    SATISFIED = "satisfied"
    HALF = "half"
    UNSATISFIED = "unsatisfied"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a hotline's export says of the handling of a ticket (工单). No caller is in it.

    `term` as written, `due_at` the moment it means when that is plain; `closed`: done, whether or not it is known when.
    """

    number: str = ""
    category: str = ""
    unit: str = ""
    term: str = ""
    due_at: datetime | None = None
    done_at: datetime | None = None
    closed: bool = False
    satisfaction: Satisfaction | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Public counters of a post. None = the source does not say; 0 = it says zero."""

    likes: int | None = None
    reposts: int | None = None
    comments: int | None = None
    reads: int | None = None
    dislikes: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One article, post or message as collected (文档).

    `author` is already a pseudonym once the store has it (see pipeline.store.pseudonyms).
    `published_at` may be unknown; `collected_at` is None for imported history, whose own time then rules.
    `ticket` comes in with a hotline's document; the store keeps it apart (pipeline.store.tickets), since it changes.
    """

    id: str
    text: str
    kind: Kind = Kind.NEWS
    source: str = ""
    url: str = ""
    title: str = ""
    author: str = ""
    published_at: datetime | None = None
    collected_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    repost_of: str = ""
    place: str = ""
    reply: Reply | None = None
    secrecy: Secrecy = Secrecy.PUBLIC
    ticket: Ticket | None = None

    @property
    def known_at(self) -> datetime:
        """When this document became knowable here: the one time by which the flow orders documents.

        Raises ValueError when it has no time at all; borders (import, crawl, replay) fill `collected_at` first.
        """
        known = self.collected_at or self.published_at
        if known is None:
            raise ValueError(f"document {self.id} has neither collected_at nor published_at")
        return known


@dataclass(frozen=True, slots=True)
class Observation:
    """The counters of a document at one later moment, or the fact that it was gone by then."""

    document_id: str
    at: datetime
    counts: Counts
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Sentiment:
    """score = P(positive) - P(negative), -1..1; confidence = P(label), calibrated; reasons in words."""

    label: Polarity
    score: float
    confidence: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """label = first-level name of config/topics.toml, sub = the finer one ('' when unsure)."""

    label: str
    confidence: float
    sub: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A place of the gazetteer found in the text: `name` canonical, `town` the town or street it lies in."""

    name: str
    town: str = ""
    district: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DepartmentGuess:
    """A department or town that may be responsible (谁主管谁负责、属地管理), with why."""

    name: str
    confidence: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A machine's suggestion to a person (kind of opinion, rumour flag): never a verdict."""

    label: str
    confidence: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is said in one document (研判要素): a pure function of the Document, the configuration and the models.

    `opinion_kind.label` is 建设性意见, 实际困难, 重大问题 or 模糊认识; None when the text voices none.
    `rumour` is set only when the text bears marks of an unverified claim; it never follows from sentiment.
    `masked_title` / `masked_text`: cleaned text with phone, ID card, address and private names masked: what the
    index and the pages show. `accusation`: a report of wrongdoing (举报) and whom it names, so that it is never
    routed to that unit.
    """

    document_id: str
    language: str
    sentiment: Sentiment
    topic: Topic
    scope: Scope
    scope_reason: str
    places: tuple[PlaceMention, ...]
    departments: tuple[DepartmentGuess, ...]
    opinion_kind: Suggestion | None
    rumour: Suggestion | None
    masked_title: str
    masked_text: str
    accusation: str = ""
    asks: tuple[str, ...] = ()  # questions and demands (诉求), as said
    gist: str = ""  # what it is about (要旨): pipeline.analysis.gist, '' when nobody asked
    engine: str = "accurate"
    digest: str = ""  # of models and configuration: same digest, same input, same result


@dataclass(frozen=True, slots=True)
class Judged:
    """A document with its analysis: what the stateful half of the flow reads."""

    document: Document
    analysis: Analysis


@dataclass(frozen=True, slots=True)
class Copy:
    """This document copies an earlier one: `similarity` is the verified Jaccard (or containment) of 4-grams."""

    document_id: str
    original_id: str
    similarity: float
    how: str  # exact | near | quoted


@dataclass(frozen=True, slots=True)
class Placement:
    """Which event a document joined and why; `opened` when it started one; `merged` lists event ids now redirected."""

    document_id: str
    event_id: str
    opened: bool
    score: float
    reason: str
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeatTerm:
    """One visible term of the heat formula."""

    name: str
    value: float
    explanation: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Probability of reaching 热议 within the hours given, with an honest range."""

    hours: int
    probability: float
    low: float
    high: float
    reason: str


@dataclass(frozen=True, slots=True)
class EventState:
    """An event (事件) as known at one moment: what rules test and pages show. All numbers are of documents known by `at`."""

    event_id: str
    at: datetime
    title: str
    first_document_id: str
    opened_at: datetime
    last_at: datetime
    stage: Stage
    stage_since: datetime
    stage_reason: str
    heat: float
    heat_terms: tuple[HeatTerm, ...]
    documents: int
    copies: int
    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    authors: int
    reach: int
    negative: int
    positive: int
    rumours: int
    messages: int  # portal messages, hotline tickets and disclosure requests among the documents
    documents_last_hour: int
    scope: Scope
    topic: str
    topic_sub: str
    places: tuple[str, ...]
    departments: tuple[str, ...]
    authority: int  # documents by institutional or verified media sources
    forecasts: tuple[Forecast, ...] = ()
    reposts: int = 0
    comments: int = 0
    local_voices: int = 0  # distinct local people who spoke
    media: int = 0  # distinct media sources
    dead: int = 0  # highest number stated by official or media sources; a suggestion for the class, never a fact
    hurt: int = 0
    claimed_dead: int = 0  # highest number stated by anybody, rumours included


@dataclass(frozen=True, slots=True)
class StageChange:
    """An event moved from one stage to another; `back` says what would move it back."""

    event_id: str
    at: datetime
    before: Stage | None
    after: Stage
    reason: str
    back: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """Which rule fired, why, on what evidence, for whom (预警).

    `level` is the office's own 舆情提示等级（本单位）: 1 red .. 4 blue. `legal_class` is only a suggestion; a person sets it.
    `id` = hash(first document of the event, or the subject without one; rule; level): one alert per event, rule, level.
    """

    id: str
    rule: str
    at: datetime
    level: int
    legal_class: str
    title: str
    reason: str
    event_id: str = ""
    evidence: tuple[str, ...] = ()  # document ids
    audience: tuple[str, ...] = ()  # roles or person ids


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person by one channel (通知): the outbox holds one row per `key`, which is also its Message-ID."""

    key: str
    at: datetime
    channel: str  # mail | dingtalk | wecom | feishu | webhook
    recipient: str
    subject: str
    text: str
    html: str = ""
    secrecy: Secrecy = Secrecy.INTERNAL
    thread: str = ""  # event or case id, so that mail threads by event
    images: tuple[tuple[str, bytes], ...] = ()  # (content id, PNG) shown inline
    files: tuple[tuple[str, bytes], ...] = ()  # (file name, content) that goes along with a mail
    trace: str = ""  # trace id of the document that led to it
