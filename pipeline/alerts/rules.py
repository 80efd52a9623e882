"""RuleBook (规则簿): tests an event, a source, a case or an early sign against the rules; says in words why one fired.

Pure: the same state gives the same alerts. Once per event and level, updates and digests are `alerting.py`'s work.
The office's own level comes from the rule; the legal class is suggested apart from it, from stated casualties alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.alerts.rule_file import SHIPPED, Rule, RuleFile, When, read_rules
from pipeline.document import Alert, EventState, Judged, Scope
from pipeline.events.evidence import STAGE_NAMES
from pipeline.events.heat import KIND_NAMES

LEVEL_NAMES = {1: "红色", 2: "橙色", 3: "黄色", 4: "蓝色"}
SCOPE_NAMES = {
    Scope.LOCAL: "本地",
    Scope.NEIGHBOURING: "周边",
    Scope.NATIONAL: "国内",
    Scope.INTERNATIONAL: "国际",
}
MAJOR = "特别重大、重大突发事件"
OTHER = "其他政务舆情"


@dataclass(frozen=True, slots=True)
class SourceSilence:
    """A source that normally speaks and does not (信源中断)."""

    source: str
    kind: str
    at: datetime
    silent_hours: float
    expected: float  # documents that these hours normally bring


@dataclass(frozen=True, slots=True)
class CaseDue:
    """An unanswered case and its nearest deadline."""

    case_id: str
    event_id: str
    title: str
    at: datetime
    due_at: datetime
    share_left: float
    duty: str = "回应"
    topic: str = ""
    departments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """An early sign (苗头): letters about one topic in one place, above their own past."""

    topic: str
    topic_sub: str
    place: str
    at: datetime
    messages: int
    expected: float
    odds: float
    days: int
    evidence: tuple[str, ...]
    reason: str
    week: str = ""  # the Monday of its week: told once a week while it lasts
    departments: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()  # units complained of in these letters


@dataclass(frozen=True, slots=True)
class Watch:
    """What was listened to while nothing fired: the queries and the sources that were alive."""

    at: datetime
    hours: float
    queries: tuple[str, ...]
    alive: tuple[str, ...]
    silent: tuple[str, ...]
    documents: int


def load_rules(path: Path = SHIPPED) -> RuleBook:
    """The rules of a file. RulesError (file, line, allowed words) when it is bad: keep the old book then."""
    return RuleBook(read_rules(path))


class RuleBook:
    """The rules in force."""

    def __init__(self, rules: RuleFile) -> None:
        self._file = rules
        self.rules = tuple(rule for rule in rules.rule if rule.enabled)
        self._by_subject = {
            subject: tuple(sorted((r for r in self.rules if r.on == subject), key=lambda r: (r.level, r.key)))
            for subject in ("event", "early_sign", "source", "case", "nothing")
        }

    def test(self, state: EventState, judged: Judged | None, at: datetime) -> list[Alert]:
        """Every rule that holds for the event now, gravest first; `judged` is the document that just came."""
        fired = []
        text = _text(state, judged)
        for rule in self._by_subject["event"]:
            why = self._why(rule.when, state, text)
            if why is not None:
                fired.append(self._alert(rule, state, judged, at, why))
        return fired

    def _why(self, when: When, state: EventState, text: str) -> list[str] | None:
        """The reasons in words when every condition holds, else None."""
        reasons: list[str] = []
        for found in self._conditions(when, state, text):
            if found is None:
                return None
            reasons.append(found)
        return reasons

    def _conditions(self, when: When, state: EventState, text: str) -> Iterator[str | None]:
        """One reason per given condition; None for one that does not hold."""
        if when.stages:
            yield f"阶段 {STAGE_NAMES[state.stage]}" if state.stage in when.stages else None
        if when.scopes:
            yield f"范围 {SCOPE_NAMES[state.scope]}" if state.scope in when.scopes else None
        yield from _about(when, state)
        if when.key_classes:
            named = self.key_class(state, text)
            yield next((f"属“{name}”（{why}）" for name, why in named if name in when.key_classes), None)
        if when.words:
            found = [word for word in when.words if word in text]
            yield f"出现关注词 {'、'.join(found)}" if found else None
        if when.without and (stopped := [word for word in when.without if word in text]):
            yield None if stopped else ""
        yield from _numbers(when, state)
        yield from _forecasts(when, state)

    def key_class(self, state: EventState, text: str) -> list[tuple[str, str]]:
        """(key class, why) of an event: what makes it important in the rules' sense."""
        found = []
        for known in self._file.key_class:
            words = [word for word in known.words if word in text]
            topics = [topic for topic in known.topics if _is_topic(topic, state.topic, state.topic_sub)]
            if words or topics:
                found.append((known.name, "、".join([f"话题 {topic}" for topic in topics] + words[:3])))
        return found

    def legal_class(self, state: EventState) -> tuple[str, str]:
        """(suggested legal class, why). A suggestion: a person sets it, and never from our own level."""
        bar = self._file.legal
        if state.dead >= bar.dead or state.hurt >= bar.hurt:
            return (
                MAJOR,
                f"官方或媒体所报死亡 {state.dead} 人、受伤 {state.hurt} 人，达到死亡 {bar.dead} 人或重伤 {bar.hurt} 人",
            )
        claimed = f"；另有未经证实的说法称死亡 {state.claimed_dead} 人" if state.claimed_dead > state.dead else ""
        return (
            OTHER,
            f"官方或媒体所报死亡 {state.dead} 人、受伤 {state.hurt} 人，未达死亡 {bar.dead} 人或重伤 {bar.hurt} 人{claimed}",
        )

    def _alert(self, rule: Rule, state: EventState, judged: Judged | None, at: datetime, why: list[str]) -> Alert:
        legal, because = self.legal_class(state)
        evidence = [state.first_document_id]
        if judged is not None and judged.document.id != state.first_document_id:
            evidence.append(judged.document.id)
        return Alert(
            id=alert_id(state.first_document_id, rule.key, rule.level),
            rule=rule.key,
            at=at,
            level=rule.level,
            legal_class=legal,
            title=state.title,
            reason=f"{rule.sentence}依据：{'；'.join(w for w in why if w)}。{_grade(rule)}法定类别建议：{legal}（{because}）。",
            event_id=state.event_id,
            evidence=tuple(evidence),
            audience=tuple(rule.audience),
        )

    # ---- other subjects ------------------------------------------------------------------------------------------

    def test_sign(self, sign: Sign) -> list[Alert]:
        """Rules on early signs (苗头性问题)."""
        fired = []
        for rule in self._by_subject["early_sign"]:
            when = rule.when
            if when.topics and not any(_is_topic(topic, sign.topic, sign.topic_sub) for topic in when.topics):
                continue
            if (when.places and sign.place not in when.places) or sign.messages < (when.min_messages or 1):
                continue
            if when.max_odds is not None and sign.odds > when.max_odds:
                continue
            subject = f"{sign.place}|{sign.topic}|{sign.topic_sub}|{sign.week}"
            title = f"苗头：{sign.place or '全区'} {sign.topic_sub or sign.topic}"
            fired.append(self._other(rule, sign.at, subject, title, sign.reason, evidence=sign.evidence))
        return fired

    def test_source(self, silence: SourceSilence) -> list[Alert]:
        """Rules on a source gone silent (信源中断)."""
        fired = []
        for rule in self._by_subject["source"]:
            when = rule.when
            if (when.sources and silence.source not in when.sources) or (when.kinds and silence.kind not in when.kinds):
                continue
            if silence.silent_hours < (when.min_silent_hours or 0) or silence.expected < (when.min_expected or 0):
                continue
            began = (silence.at.timestamp() - silence.silent_hours * 3600) // 3600
            why = f"{silence.source} 已 {silence.silent_hours:.1f} 小时无稿，平时这段时间约有 {silence.expected:.0f} 篇"
            title = f"信源中断：{silence.source}"
            fired.append(self._other(rule, silence.at, f"{silence.source}|{began:.0f}", title, why))
        return fired

    def test_case(self, due: CaseDue) -> list[Alert]:
        """Rules on an unanswered case near its deadline."""
        fired = []
        left = (due.due_at - due.at).total_seconds() / 3600
        for rule in self._by_subject["case"]:
            when = rule.when
            if when.topics and due.topic not in when.topics:
                continue
            if when.departments and not set(when.departments) & set(due.departments):
                continue
            near = (when.max_share_left is not None and due.share_left <= when.max_share_left) or (
                when.max_hours_left is not None and left <= when.max_hours_left
            )
            if near:
                why = f"{due.duty}时限剩 {max(0.0, left):.1f} 小时（{max(0.0, due.share_left):.0%}），尚未完成"
                subject = f"{due.case_id}|{due.duty}"
                fired.append(self._other(rule, due.at, subject, f"临期：{due.title}", why))
        return fired

    def statement(self, watch: Watch) -> list[Alert]:
        """“Nothing found” as a statement (无事说明): what was asked, which sources were alive, which were not."""
        fired = []
        for rule in self._by_subject["nothing"]:
            if watch.hours < (rule.when.hours or 24):
                continue
            silent = (
                f"；{len(watch.silent)} 个信源无稿，不能断言其无舆情：{'、'.join(watch.silent)}" if watch.silent else ""
            )
            why = (
                f"近 {watch.hours:.0f} 小时读了 {watch.documents} 条，没有规则触发；查的是：{'、'.join(watch.queries)}；"
                f"在线信源 {len(watch.alive)} 个：{'、'.join(watch.alive)}{silent}"
            )
            subject = f"nothing|{watch.at.date().isoformat()}"
            fired.append(self._other(rule, watch.at, subject, "近一日无预警（说明）", why))
        return fired

    def queries(self) -> tuple[str, ...]:
        """What the rules in force look for, in their own sentences."""
        return tuple(rule.sentence.rstrip("。") for rule in self._by_subject["event"] + self._by_subject["early_sign"])

    def _other(
        self,
        rule: Rule,
        at: datetime,
        subject: str,
        title: str,
        why: str,
        evidence: tuple[str, ...] = (),
    ) -> Alert:
        """An alert without an event: alerting tells such ones apart by that, also after a restart."""
        return Alert(
            id=alert_id(subject, rule.key, rule.level),
            rule=rule.key,
            at=at,
            level=rule.level,
            legal_class=OTHER,
            title=title,
            reason=f"{rule.sentence}依据：{why}。{_grade(rule)}",
            evidence=evidence,
            audience=tuple(rule.audience),
        )


def alert_id(first: str, rule: str, level: int) -> str:
    """The deterministic id of an alert: first document (or subject), rule and level."""
    return "a" + hashlib.sha256(f"{first}\n{rule}\n{level}".encode()).hexdigest()[:20]


def _grade(rule: Rule) -> str:
    return f"舆情提示等级（本单位）：{LEVEL_NAMES[rule.level]}，由规则 {rule.key} 规定。"


def _text(state: EventState, judged: Judged | None) -> str:
    if judged is None:
        return state.title
    return f"{state.title}\n{judged.analysis.masked_title}\n{judged.analysis.masked_text}"


def _is_topic(wanted: str, label: str, sub: str) -> bool:
    name, _, finer = wanted.partition("/")
    return name == label and finer in ("", sub)


def _about(when: When, state: EventState) -> Iterator[str | None]:
    if when.topics:
        topic = f"{state.topic}/{state.topic_sub}" if state.topic_sub else state.topic
        yield f"话题 {topic}" if any(_is_topic(t, state.topic, state.topic_sub) for t in when.topics) else None
    for name, wanted, have in (
        ("地点", when.places, state.places),
        ("可能的责任单位", when.departments, state.departments),
        ("信源", when.sources, state.sources),
    ):
        if wanted:
            both = [one for one in wanted if one in have]
            yield f"{name} {'、'.join(both)}" if both else None
    if when.kinds:
        kinds = [KIND_NAMES[kind] for kind in when.kinds if kind in state.kinds]
        yield f"信源类别 {'、'.join(kinds)}" if kinds else None


def _numbers(when: When, state: EventState) -> Iterator[str | None]:
    for name, bar, have in (
        ("文档", when.min_documents, state.documents),
        ("近 1 小时文档", when.min_documents_last_hour, state.documents_last_hour),
        ("不同声音", when.min_voices, state.authors),
        ("本地群众", when.min_local_voices, state.local_voices),
        ("媒体", when.min_media, state.media),
        ("官方与媒体文档", when.min_authority, state.authority),
        ("来信来电", when.min_messages, state.messages),
        ("带传言迹象", when.min_rumours, state.rumours),
        ("转发", when.min_reposts, state.reposts),
        ("评论", when.min_comments, state.comments),
        ("热度", when.min_heat, state.heat),
        ("负面", when.min_negative, state.negative),
        ("官方或媒体所报死亡", when.min_dead, state.dead),
        ("官方或媒体所报受伤", when.min_hurt, state.hurt),
        ("所称死亡（含传言）", when.min_claimed_dead, state.claimed_dead),
    ):
        if bar is not None:
            yield f"{name} {have:g}（门限 {bar:g}）" if have >= bar else None
    if when.max_authority is not None:
        low = state.authority <= when.max_authority
        yield f"官方与媒体文档 {state.authority}（不多于 {when.max_authority}）" if low else None
    if when.min_negative_share is not None:
        share = state.negative / state.documents
        words = f"负面占 {share:.0%}（{state.negative}/{state.documents}，门限 {when.min_negative_share:.0%}）"
        yield words if share >= when.min_negative_share else None


def _forecasts(when: When, state: EventState) -> Iterator[str | None]:
    for hours, bar in ((6, when.min_forecast_6h), (24, when.min_forecast_24h)):
        if bar is None:
            continue
        known = next((forecast for forecast in state.forecasts if forecast.hours == hours), None)
        if known is None or known.probability < bar:
            yield None
        else:
            yield f"{hours} 小时内进入热议的可能性 {known.probability:.0%}（门限 {bar:.0%}）"
