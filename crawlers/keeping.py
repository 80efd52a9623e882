"""Keeping what a visit brought (入库): documents first, then notes, evidence, ledger, health and the next due time.

A crash between the two repeats a visit and loses nothing: documents are known by their ids, and the notes that would make
a list look unchanged are written only after its documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from crawlers import ledger, pacing
from crawlers.evidence import Archive
from crawlers.fetched import Fetched
from crawlers.source import Source
from crawlers.troubles import Reason, SlowDown, SourceTrouble
from crawlers.visit import Harvest, Visit, body_hash, page_key
from pipeline.clock import shanghai
from pipeline.document import Document
from pipeline.services import Services
from pipeline.store import canaries, documents, evidence
from pipeline.store import ledger as ledger_store
from pipeline.store import sources as book
from pipeline.store.documents import Saved
from pipeline.store.evidence import Capture

_ENOUGH_TO_JUDGE = 5  # pages of one visit, before shares of them say anything
_MOST_MISSED = 500
_MISSED = "missed"  # in a source's memory: address → hour in which it was first missed


@dataclass(frozen=True, slots=True)
class RunReport:
    """How the run of one source went."""

    source_id: str
    outcome: str  # ok | partial | failed
    reason: Reason | None = None
    detail: str = ""
    new: int = 0
    observed: int = 0
    fetched: int = 0
    missed: int = 0
    quarantined: int = 0
    warnings: tuple[str, ...] = ()


class Keeper:
    """Writes visits into the store. `archive` None: no evidence is kept."""

    def __init__(self, services: Services, archive: Archive | None) -> None:
        self.services = services
        self.archive = archive

    def keep(self, source: Source, claim: book.Claim, visit: Visit, trouble: SourceTrouble | None) -> RunReport:
        """Keep everything of one visit and close its run."""
        harvest = visit.harvest
        trouble = trouble or redesigned(source, harvest)
        _say_how_far(visit)
        gone = set(harvest.gone.values())  # still listed somewhere, but no longer there: that it is gone is what counts
        harvest.documents = [document for document in harvest.documents if document.id not in gone]
        captures = self._archive(source, harvest)
        known, saved = self._take(harvest.documents)
        new = [document for document in harvest.documents if document.id not in known]
        with self.services.store.write() as connection:
            observed = saved.observed + self._observe(connection, harvest, known)
            evidence.save(connection, captures)
            self._note_pages(connection, source, visit, captures)
            if harvest.canary is not None:
                canaries.note(connection, source.id, source.name, harvest.canary, visit.now)
            report = _report(source, harvest, trouble, saved.new, observed)
            values = self._enter(connection, source, claim, visit, report, new)
            values |= _pace(source, claim, visit, report, trouble)
            book.finish(connection, claim, _run_values(harvest, report, visit.now), values)
        return report

    def _take(self, found: list[Document]) -> tuple[set[str], Saved]:
        """Documents into the store; which of them it had before."""
        if not found:
            return set(), Saved()
        with self.services.store.read() as connection:
            known = book.known_documents(connection, [document.id for document in found])
        return known, self.services.intake.take(found)

    def _archive(self, source: Source, harvest: Harvest) -> list[Capture]:
        if self.archive is None or not source.evidence:
            return []
        pages = harvest.captures + [(fetched, "") for fetched, _ in harvest.quarantined]
        return [self.archive.write(fetched, source.id, document_id) for fetched, document_id in pages]

    def _observe(self, connection: Connection, harvest: Harvest, known: set[str]) -> int:
        count = 0
        for seen in harvest.observations:
            counts = book.last_counts(connection, seen.document_id) if seen.deleted else seen.counts
            count += documents.observe(connection, replace(seen, counts=counts))
        for document in harvest.documents:
            if document.id in known and document.reply:
                count += documents.add_reply(connection, document.id, document.reply)
        return count

    def _note_pages(self, connection: Connection, source: Source, visit: Visit, captures: list[Capture]) -> None:
        harvest, now = visit.harvest, visit.now
        keys = [page_key(url) for url in (*harvest.pages, *harvest.gone)]
        known = {row.key: row for row in book.pages_by_key(connection, source.id, keys)}
        rows = [_page_row(source.id, url, page, key, known, now) for url, (page, key) in harvest.pages.items()]
        rows += [_page_row(source.id, url, None, key, known, now, gone=True) for url, key in harvest.gone.items()]
        book.keep_pages(connection, list({row["key"]: row for row in rows}.values()))
        understood = [page_key(url) for url, (page, key) in harvest.pages.items() if key and page is not None]
        book.release_pages(connection, source.id, understood)
        capture_of = {capture.url: capture.id for capture in captures}
        for fetched, why in harvest.quarantined:
            row = {"source_id": source.id, "key": page_key(fetched.asked), "url": fetched.asked, "at": now,
                   "reason": Reason.NOT_UNDERSTOOD.value, "detail": why, "tries": 1,
                   "capture_id": capture_of.get(fetched.asked, "")}  # fmt: skip
            book.quarantine_page(connection, row)

    def _enter(
        self,
        connection: Connection,
        source: Source,
        claim: book.Claim,
        visit: Visit,
        report: RunReport,
        new: list[Document],
    ) -> dict[str, Any]:
        """Write the ledger and judge the health; a change is told once. Answers the source's new values."""
        state, now, floor = claim.state, visit.now, source.expect.per_day_min
        values: dict[str, Any] = {}
        if state.profiled_at is None or now - state.profiled_at > timedelta(days=1):
            state = _studied(connection, state, now)
            values |= {
                "profile": list(state.profile),
                "profiled_at": now,
                "known_since": state.known_since,
                "longest_quiet_hours": state.longest_quiet / ledger.HOUR,
            }
        missed: dict[str, str] = dict(state.memory.get(_MISSED, {}))
        facts = _facts(source, state, visit, report, new, missed)
        failed = report.outcome == "failed"
        hours = [ledger.hour_of(d.published_at or now) for d in new] + list(facts.had_after_all)
        since = max(min([now, state.last_success or now, *hours]), now - ledger.PAST) - ledger.HOUR
        found = ledger_store.entries_of(connection, source.id, since, now + ledger.HOUR)
        ledger_store.write(connection, ledger.entered(ledger_store.by_hour(found), facts, state.profile, floor))
        last_new = now if new else state.last_new
        failures = state.failures + 1 if failed else 0
        silence = None if last_new is None else _silence(state, last_new, now, floor)
        health = ledger.judge(failures, report.reason, report.detail, state.health, silence)
        values["lacking"] = silence.lacking if silence and health.state in ("broken", "silent") else 0.0
        if health.state != state.health:
            values |= {"health": health.state, "health_since": now, "reason": health.reason}
            if {state.health, health.state} != {"new", "ok"}:
                mended = f"已恢复（此前：{state.reason}）" if health.state == "ok" else health.reason
                ledger_store.tell(connection, source.id, now, health.state, mended)
        memory = dict(visit.memory if not failed else state.memory)
        memory[_MISSED] = missed
        if visit.fill_since and report.reason is Reason.CAPPED:
            memory[book.FILL] = visit.fill_since.isoformat()  # the next run goes on
        return values | {"memory": memory, "last_new": last_new}


def _say_how_far(visit: Visit) -> None:
    """Of a run that a person sent into the past: the oldest thing that it had."""
    if visit.fill_since:
        moments = [document.published_at for document in visit.harvest.documents if document.published_at]
        oldest = f"本次收到最早的是 {shanghai(min(moments)):%Y-%m-%d}" if moments else "本次没有收到更早的"
        visit.warn(f"补采自 {shanghai(visit.fill_since):%Y-%m-%d}：{oldest}")


def _studied(connection: Connection, state: book.SourceState, now: datetime) -> book.SourceState:
    """The state with what its last fortnight in the ledger says: once a day."""
    past = ledger_store.entries_of(connection, state.id, now - ledger.PAST, now)
    if not past:
        return state
    return replace(
        state,
        profile=ledger.profile(past, past[0].hour, now),
        known_since=past[0].hour,
        longest_quiet=ledger.longest_quiet(past),
    )


def _silence(state: book.SourceState, last_new: datetime, now: datetime, floor: float) -> ledger.Silence:
    return ledger.Silence(
        since=last_new,
        lasting=now - last_new,
        lacking=ledger.expected_between(state.profile, last_new, now, floor),
        longest=state.longest_quiet,
        past=now - state.known_since if state.known_since else timedelta(0),
    )


def redesigned(source: Source, harvest: Harvest) -> SourceTrouble | None:
    """Trouble when so many pages are not understood, or bear no time or text, that the site must have changed."""
    understood, not_understood = len(harvest.documents), len(harvest.quarantined)
    if not_understood >= _ENOUGH_TO_JUDGE and not_understood > understood:
        return SourceTrouble(Reason.REDESIGNED, f"{not_understood} 页读不懂，只读懂 {understood} 页")
    if understood >= _ENOUGH_TO_JUDGE:
        timed = sum(document.published_at is not None for document in harvest.documents) / understood
        worded = sum(len(document.text) > len(document.title) for document in harvest.documents) / understood
        if timed < source.expect.share_with_time:
            harvest.warnings.append(f"只有 {timed:.0%} 的文档有发布时间，低于 {source.expect.share_with_time:.0%}")
        if worded < source.expect.share_with_text:
            harvest.warnings.append(f"只有 {worded:.0%} 的文档有正文，低于 {source.expect.share_with_text:.0%}")
    if understood > source.expect.per_day_max:
        harvest.warnings.append(f"一次收到 {understood} 条，多于一天的上限 {source.expect.per_day_max:g}")
    return None


def _facts(
    source: Source,
    state: book.SourceState,
    visit: Visit,
    report: RunReport,
    new: list[Document],
    missed: dict[str, str],
) -> ledger.RunFacts:
    """The run in the ledger's words; `missed` is brought up to date: what was had leaves it, what was missed enters it."""
    harvest, now = visit.harvest, visit.now
    had = [datetime.fromisoformat(missed.pop(url)) for url in harvest.pages if url in missed]
    lasting = [m for m in harvest.missed if m.reason is not Reason.GONE]
    newly = [m for m in lasting if m.url not in missed]
    missed.update({m.url: ledger.hour_of(now).isoformat() for m in newly})
    for url in list(missed)[: max(len(missed) - _MOST_MISSED, 0)]:
        del missed[url]
    return ledger.RunFacts(
        source_id=source.id,
        at=now,
        failed=report.outcome == "failed",
        reason=report.reason,
        new=new,
        newly_missed=[m.reason for m in newly],
        had_after_all=had,
        looked_last=state.last_success,
        seamless=harvest.seamless and report.outcome != "failed",
        looks_every=min(state.interval, timedelta(minutes=source.interval.max_minutes)),
    )


def _pace(
    source: Source, claim: book.Claim, visit: Visit, report: RunReport, trouble: SourceTrouble | None
) -> dict[str, Any]:
    """When to look next, from what the source published and how the run went."""
    state, now = claim.state, visit.now
    hours = (now - state.rated_at).total_seconds() / 3600 if state.rated_at else 0.0
    came = report.new if state.rated_at and visit.fill_since is None else 0  # the past says nothing of the pace
    rate = pacing.aged(pacing.Rate(state.rate_fast, state.rate_slow), hours, came)
    if report.outcome == "failed":
        failures = state.failures + 1
        asked = trouble.wait_seconds if isinstance(trouble, SlowDown) else 0.0
        pause = pacing.after_failure(failures, source.interval, asked)
        kept = state.interval  # the pace of the source itself is not what a failure says
        return {"failures": failures, "next_due": now + pause, "interval_seconds": kept.total_seconds()}
    pause = pacing.interval(rate, source.interval)
    if state.rated_at is None:  # the first visit brings the past, which says nothing of the pace
        pause = timedelta(minutes=source.interval.start_minutes)
    start = pacing.counted_from(claim.due_at, now, pause)
    return {
        "failures": 0,
        "last_success": now,
        "rate_fast": rate.fast,
        "rate_slow": rate.slow,
        "rated_at": now,
        "interval_seconds": pause.total_seconds(),
        "next_due": start + pause + pacing.spread(source.id, start, pause),
    }


def _report(source: Source, harvest: Harvest, trouble: SourceTrouble | None, new: int, observed: int) -> RunReport:
    partial = bool(harvest.missed or harvest.quarantined)
    capped = trouble is not None and trouble.reason is Reason.CAPPED
    failed = trouble is not None and not capped
    reason = trouble.reason if trouble else (harvest.missed[0].reason if harvest.missed else None)
    return RunReport(
        source_id=source.id,
        outcome="failed" if failed else "partial" if partial or capped else "ok",
        reason=reason,
        detail=str(trouble) if trouble else "",
        new=new,
        observed=observed,
        fetched=harvest.fetched,
        missed=len(harvest.missed),
        quarantined=len(harvest.quarantined),
        warnings=tuple(harvest.warnings),
    )


def _run_values(harvest: Harvest, report: RunReport, now: datetime) -> dict[str, Any]:
    return {
        "finished_at": now,
        "outcome": report.outcome,
        "reason": report.reason or "",
        "detail": report.detail,
        "fetched": report.fetched,
        "unchanged": harvest.unchanged,
        "new": report.new,
        "observed": report.observed,
        "missed": [[m.url, m.reason, m.detail] for m in harvest.missed[:200]],
        "warnings": list(report.warnings[:50]),
    }


def _page_row(
    source_id: str,
    url: str,
    fetched: Fetched | None,
    document_id: str,
    known: Mapping[str, Any],
    now: datetime,
    gone: bool = False,
) -> dict[str, Any]:
    """The note of a page: what an unchanged answer or one without validators says nothing about stays as it was."""
    before = known.get(page_key(url))
    changed = fetched is not None and not fetched.unchanged
    headers: Mapping[str, str] = fetched.headers if fetched is not None else {}
    first_at = before.first_at if before else now
    document = document_id or (before.document_id if before else "")
    revisit = document not in ("", "-") and not gone
    return {
        "source_id": source_id,
        "key": page_key(url),
        "url": url,
        "document_id": document,
        "etag": headers.get("etag", "") or (before.etag if before and not changed else ""),
        "last_modified": headers.get("last-modified", "") or (before.last_modified if before and not changed else ""),
        "sha256": body_hash(fetched.body) if changed and fetched else (before.sha256 if before else ""),
        "first_at": first_at,
        "last_at": now,
        "visits": (before.visits if before else 0) + 1,
        "next_visit": pacing.next_look(first_at, now) if revisit else None,
        "gone_at": now if gone else None,
    }
