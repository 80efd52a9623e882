"""One document in, what is said in it out (研判): the pure half of the flow, safe in any process pool.

Order: clean → mask → fold → places → scope; topic; accusation → departments; opinion kind; rumour; asks; sentiment.
Every step after masking reads the masked text, most of them folded (simplified, half-width, lower case, same offsets), so
that no reason can quote a name or a number. The same document, district and models give the same analysis in every
process and batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from pipeline.analysis.accusation import Accusations
from pipeline.analysis.asks import Asks
from pipeline.analysis.clean import clean, folded, language
from pipeline.analysis.departments import DutyList
from pipeline.analysis.district import District
from pipeline.analysis.gist import MODEL as GISTS
from pipeline.analysis.gist import gist
from pipeline.analysis.mask import mask
from pipeline.analysis.opinion_kind import OpinionKinds
from pipeline.analysis.places import Gazetteer
from pipeline.analysis.rumour import RumourMarks
from pipeline.analysis.scope import judge as judge_scope
from pipeline.analysis.sentiment import files_digest, load_engine
from pipeline.analysis.topic import TopicJudge
from pipeline.analysis.topic_model import TopicModel
from pipeline.document import Analysis, Document, Scope

READ_AT_MOST = 6_000  # characters that the rules read: an article says what it is about long before that
OPENING = 60  # characters of the body that weigh like the title
TITLE_AT_MOST = 300


class Analyser:
    """All judgements for one district and one sentiment engine (accurate, fast, snownlp); built once in a process."""

    def __init__(self, district: District, engine: str = "accurate") -> None:
        self._engine = engine
        self._sentiment = load_engine(engine, district.sentiment_models)
        self._gazetteer = Gazetteer(district.places)
        self._topics = TopicJudge(district.topics, TopicModel.load(district.topic_model))
        self._duties = DutyList(district.departments)
        self._opinion = OpinionKinds(district.cues.opinion)
        self._rumour = RumourMarks(district.cues.rumour)
        self._asks = Asks(district.cues.asks)
        self._accusations = Accusations(district)
        models = (
            self._topics.digest,
            str(getattr(self._sentiment, "digest", "")),
            files_digest(GISTS.parent, GISTS.name),
        )
        parts = (district.digest, engine, *models)
        self.digest = hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]

    def analyse(self, document: Document) -> Analysis:
        """Judge one document. Never fails on bad text: an empty one gets a neutral, unsure analysis."""
        title, body = mask(clean(document.title)[:TITLE_AT_MOST]), mask(clean(document.text))
        shown = f"{title}\n{body}" if title else body
        text = folded(shown)[:READ_AT_MOST]
        opening = (len(title) + 1 if title else 0) + OPENING
        mentions = self._gazetteer.find(text, document)
        scope, scope_reason = judge_scope(mentions, opening - OPENING)
        topic = self._topics.judge(text, opening, document.kind)
        places = mentions.places()
        accused = self._accusations.find(text)
        foreign = scope is not Scope.LOCAL and bool(mentions.hits)
        return Analysis(
            document_id=document.id,
            language=language(shown),
            sentiment=self._sentiment.judge(shown),
            topic=topic,
            scope=scope,
            scope_reason=scope_reason,
            places=places,
            departments=() if foreign else self._duties.guess(text, opening, topic, places, accused),
            opinion_kind=self._opinion.suggest(text, opening, document.kind),
            rumour=self._rumour.suggest(text),
            masked_title=title,
            masked_text=body,
            accusation=accused,
            asks=self._asks.find(title, body, document.kind),
            engine=self._engine,
            digest=self.digest,
        )


_ANALYSERS: dict[tuple[str, str], Analyser] = {}  # of this process, by district and engine


def analyse_chunk(district: District, engine: str, documents: Sequence[Document]) -> list[Analysis]:
    """Analyse several documents, in order, each with its gist: what a process pool runs for the flow."""
    return [with_gist(analysis) for analysis in judge_chunk(district, engine, documents)]


def judge_chunk(district: District, engine: str, documents: Sequence[Document]) -> list[Analysis]:
    """The same without gists, which only events want. One Analyser per process, district and engine."""
    key = (district.digest, engine)
    if key not in _ANALYSERS:
        _ANALYSERS[key] = Analyser(district, engine)
    return [_ANALYSERS[key].analyse(document) for document in documents]


def with_gist(analysis: Analysis) -> Analysis:
    """With what the text is about, which brings documents of one matter together (pipeline.events)."""
    return replace(analysis, gist=gist(f"{analysis.masked_title}\n{analysis.masked_text}"))
