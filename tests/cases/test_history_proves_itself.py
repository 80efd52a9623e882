"""The chain: any change, removal, reordering or cut is found; retention leaves it whole (历史可核对)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from pipeline.cases.history import EMPTY, Head, Sealed, new_salt, seal, verify
from pipeline.cases.refusal import Refused
from pipeline.cases.retention import expired, purge
from pipeline.store import case_files, cases
from pipeline.store.schema.cases import case_entries, case_head

from .conftest import Play

At = Callable[[float], datetime]
START = datetime(2026, 3, 15, tzinfo=UTC)


def chain(length: int) -> tuple[list[Sealed], Head]:
    rows: list[Sealed] = []
    head = EMPTY
    counts: dict[str, int] = {}
    for number in range(length):
        case = f"c{number % 3}"
        counts[case] = counts.get(case, 0) + 1
        content = {"kind": "noted", "text": f"记事{number}"}
        at = START + timedelta(minutes=number)
        row = seal(head, case, counts[case], at, "gu_lan", "noted", content, new_salt())
        rows.append(row)
        head = Head(row.position, row.digest)
    return rows, head


def test_an_untouched_chain_holds() -> None:
    rows, head = chain(30)
    proof = verify(rows, head)
    assert proof.holds
    assert (proof.rows, proof.head) == (30, head)


CHANGES: list[Callable[[Sealed], dict[str, Any]]] = [
    lambda row: {"content": {**(row.content or {}), "text": "改过"}},
    lambda row: {"at": row.at + timedelta(seconds=1)},
    lambda row: {"by": "qin_wan"},
    lambda row: {"kind": "closed"},
    lambda row: {"case_id": row.case_id + "x"},
    lambda row: {"seq": row.seq + 1},
    lambda row: {"salt": "00" * 16},
    lambda row: {"content_digest": "0" * 64},
    lambda row: {"previous": "1" * 64},
    lambda row: {"digest": "2" * 64},
    lambda row: {"position": row.position + 1},
    lambda row: {"content": None, "salt": None},
]


@given(place=st.integers(0, 19), which=st.integers(0, len(CHANGES) - 1))
def test_a_change_of_any_field_is_found(place: int, which: int) -> None:
    rows, head = chain(20)
    rows[place] = replace(rows[place], **CHANGES[which](rows[place]))
    assert not verify(rows, head).holds


@given(place=st.integers(0, 19))
def test_a_removed_row_is_found(place: int) -> None:
    rows, head = chain(20)
    del rows[place]
    assert not verify(rows, head).holds


@given(st.permutations(range(6)))
def test_a_reordering_is_found(order: list[int]) -> None:
    rows, head = chain(6)
    assert verify([rows[i] for i in order], head).holds == (order == sorted(order))


@given(place=st.integers(1, 19), rewritten=st.integers(0, 5))
def test_a_cut_or_rewritten_end_is_found_by_an_anchor_kept_elsewhere(place: int, rewritten: int) -> None:
    """Whoever owns the database can rebuild the end of the chain and its head; not the copy that lies elsewhere."""
    rows, head = chain(20)
    anchor = head
    kept = rows[:place]
    last = Head(kept[-1].position, kept[-1].digest)
    for number in range(rewritten):
        seq = sum(row.case_id == "c9" for row in kept) + 1
        row = seal(last, "c9", seq, START, "x", "noted", {"kind": "noted", "text": str(number)}, new_salt())
        kept.append(row)
        last = Head(row.position, row.digest)
    assert verify(kept, last).holds
    assert not verify(kept, last, [anchor]).holds


def test_a_short_secret_cannot_be_guessed_from_the_digest_once_the_salt_is_gone() -> None:
    first = seal(EMPTY, "c", 1, START, "a", "noted", {"kind": "noted", "text": "是"}, new_salt())
    second = seal(EMPTY, "c", 1, START, "a", "noted", {"kind": "noted", "text": "是"}, new_salt())
    assert first.content_digest != second.content_digest


def test_the_store_keeps_one_chain_over_all_cases(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.act("tao_ran", "acknowledged", hours(0.1))
    rows = list(cases.chain(play.connection))
    assert [row.position for row in rows] == [1, 2]
    assert verify(rows, cases.head(play.connection)).holds


@pytest.mark.parametrize("tamper", ["edit", "delete", "cut"])
def test_tampering_with_the_tables_is_found(play: Play, hours: At, tamper: str) -> None:
    play.alert(hours(0))
    for minute in range(1, 6):
        play.act("gu_lan", "noted", hours(0) + timedelta(minutes=minute), text=f"第{minute}次电话")
    rows = case_entries.c
    if tamper == "edit":
        content = play.connection.execute(select(rows.content).where(rows.position == 3)).scalar_one()
        changed = {**content, "text": "没有打过电话"}
        play.connection.execute(update(case_entries).where(rows.position == 3).values(content=changed))
    elif tamper == "delete":
        play.connection.execute(delete(case_entries).where(rows.position == 3))
    else:
        play.connection.execute(delete(case_entries).where(rows.position > 4))
    assert not verify(cases.chain(play.connection), cases.head(play.connection)).holds


def test_a_correction_is_a_new_entry_and_the_old_one_stays(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.act("gu_lan", "noted", hours(0.1), text="消防称2人受伤")
    play.act("gu_lan", "corrected", hours(0.5), entry=2, text="应为3人受伤")
    texts = [row.content for row in cases.chain_of(play.connection, play.case_id)]
    assert texts[1] is not None
    assert texts[1]["text"] == "消防称2人受伤"
    with pytest.raises(Refused, match="没有第99条"):
        play.act("gu_lan", "corrected", hours(1), entry=99, text="x")


def test_retention_destroys_content_and_files_and_the_chain_still_holds(play: Play, hours: At, tmp_path: Path) -> None:
    play.alert(hours(0), legal_class="其他政务舆情")
    play.answering(hours(0.1))
    play.approved_line(hours(1))
    digest = case_files.keep(tmp_path, "网页存档".encode())
    play.respond(hours(2), archive="存档.html", archive_sha256=digest)
    play.act("fang_yi", "closed", hours(3), note="已回应")
    admin = play.desk.shipped.get("guan_li")
    assert expired(play.connection, play.desk, hours(24 * 365 * 9)) == []
    late = hours(24 * 3660)
    (case,) = expired(play.connection, play.desk, late)
    with pytest.raises(Refused, match="没有销毁权限"):
        purge(play.connection, play.desk, tmp_path, case, play.desk.shipped.get("gu_lan"), late, "保管期满")
    emptied = purge(play.connection, play.desk, tmp_path, case, admin, late, "保管期满")
    assert emptied == case.entries
    assert cases.load(play.connection, play.case_id) is None
    assert case_files.read(tmp_path, digest) is None
    assert all(row.content is None and row.salt is None for row in cases.chain_of(play.connection, play.case_id))
    proof = verify(cases.chain(play.connection), cases.head(play.connection))
    assert proof.holds
    assert proof.purged == emptied
    assert play.desk.tick(play.connection, late + timedelta(days=1)) is not None


def test_emptying_without_the_record_of_it_is_found(play: Play, hours: At) -> None:
    play.alert(hours(0))
    cases.empty(play.connection, play.case_id, hours(1))
    proof = verify(cases.chain(play.connection), cases.head(play.connection))
    assert [finding.text for finding in proof.findings] == ["内容缺失，且没有到期销毁的记录"]


def test_the_head_row_must_match(play: Play, hours: At) -> None:
    play.alert(hours(0))
    play.connection.execute(update(case_head).values(position=7))
    assert not verify(cases.chain(play.connection), cases.head(play.connection)).holds
