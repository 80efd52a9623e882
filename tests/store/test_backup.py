"""Backups are whole, checked by hash, made while others write, and come back on either engine."""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from pipeline.clock import SHANGHAI
from pipeline.document import Document, Kind, Reply
from pipeline.store import documents
from pipeline.store.backup import back_up, check, restore
from pipeline.store.engine import Store, StoreError, open_store, sqlite_url
from pipeline.store.events import Change, journal, record
from pipeline.store.schema.documents import documents as documents_table
from pipeline.store.transfer import contents, copy_store

AT = datetime(2026, 3, 15, 3, 0, 0, 123456, tzinfo=SHANGHAI)


def fill(store: Store, count: int = 20) -> None:
    batch = [
        Document(
            id=f"d{number:03}",
            text=f"正文 {number} 😀",
            kind=Kind.MESSAGE,
            published_at=AT,
            reply=Reply("已办", "区住建局", AT),
        )
        for number in range(count)
    ]
    with store.write() as connection:
        documents.save(connection, batch, AT)
        record(connection, [Change(AT, "stage", "hot", "十份证据", "e1", detail={"before": None, "heat": 0.1 + 0.2})])


def held(store: Store) -> dict[str, object]:
    with store.read() as connection:
        return dict(contents(connection))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "rules.toml").write_text("# 本单位的规则", encoding="utf-8")
    (folder / "evidence" / "2026").mkdir(parents=True)
    (folder / "evidence" / "2026" / "a.warc.gz").write_bytes(bytes(range(256)) * 100)
    (folder / "keys").mkdir()
    (folder / "keys" / "2026-03.key").write_bytes(b"secret")
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Store]:
    """A second, empty store."""
    (tmp_path / "other").mkdir()
    made = open_store(sqlite_url(tmp_path / "other" / "huiying.db"))
    yield made
    made.close()


def test_what_was_backed_up_comes_back_the_same(store: Store, data: Path, empty: Store, tmp_path: Path) -> None:
    fill(store)
    made = back_up(store, data, tmp_path / "b.tar", AT)
    assert check(tmp_path / "b.tar") == made
    restore(tmp_path / "b.tar", empty, tmp_path / "other")
    assert held(empty) == held(store)
    assert (tmp_path / "other" / "config" / "rules.toml").read_text(encoding="utf-8") == "# 本单位的规则"
    assert (tmp_path / "other" / "evidence" / "2026" / "a.warc.gz").read_bytes() == bytes(range(256)) * 100
    assert not list((tmp_path / "other").glob(".huiying*"))


def test_the_keys_of_pseudonyms_are_not_in_a_backup(store: Store, data: Path, tmp_path: Path) -> None:
    back_up(store, data, tmp_path / "b.tar", AT)
    assert b"secret" not in (tmp_path / "b.tar").read_bytes()
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0


def test_a_backup_made_while_others_write_is_one_moment(store: Store, data: Path, tmp_path: Path) -> None:
    """Every transaction writes a pair: a backup that holds half of one would have an odd number."""
    over = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not over.is_set():
            with store.write() as connection:
                pair = [Document(id=f"w{number}-{half}", text="x", published_at=AT) for half in (0, 1)]
                documents.save(connection, pair, AT)
            number += 1

    fill(store, 500)
    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        counts = [back_up(store, data, tmp_path / f"b{number}.tar", AT).tables["documents"].rows for number in range(3)]
    finally:
        over.set()
        writer.join()
    assert all(count % 2 == 0 for count in counts)
    assert counts[0] < counts[-1]


@pytest.mark.parametrize("where", ["store.db", "evidence/2026/a.warc.gz", "manifest.json"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    store: Store, data: Path, empty: Store, tmp_path: Path, where: str
) -> None:
    fill(store)
    backup = tmp_path / "b.tar"
    back_up(store, data, backup, AT)
    with tarfile.open(backup) as archive:
        place = archive.getmember(where).offset_data
    bytes_ = bytearray(backup.read_bytes())
    bytes_[place + 20] ^= 0xFF
    backup.write_bytes(bytes_)
    with pytest.raises(StoreError, match="备份"):
        restore(backup, empty, tmp_path / "other")
    assert sum(content.rows for content in held(empty).values()) == 0  # type: ignore[attr-defined]
    assert not (tmp_path / "other" / "config").exists()


def test_a_backup_that_was_added_to_is_refused(store: Store, data: Path, empty: Store, tmp_path: Path) -> None:
    backup = tmp_path / "b.tar"
    back_up(store, data, backup, AT)
    with tarfile.open(backup, "a") as archive:
        info = tarfile.TarInfo("../outside")
        info.size = 1
        archive.addfile(info, BytesIO(b"x"))
    with pytest.raises(StoreError, match="清单之外"):
        restore(backup, empty, tmp_path / "other")
    assert not (tmp_path / "outside").exists()


def test_neither_a_backup_nor_a_filled_store_is_overwritten(
    store: Store, data: Path, empty: Store, tmp_path: Path
) -> None:
    fill(store)
    back_up(store, data, tmp_path / "b.tar", AT)
    with pytest.raises(StoreError, match="已存在"):
        back_up(store, data, tmp_path / "b.tar", AT)
    fill(empty, 1)
    with pytest.raises(StoreError, match="不是空的"):
        restore(tmp_path / "b.tar", empty, tmp_path / "other")
    assert held(empty)["documents"].rows == 1  # type: ignore[attr-defined]


def test_a_file_that_is_no_backup_is_refused_in_words(empty: Store, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(b"not a tar")
    with pytest.raises(StoreError, match="不是完好的备份"):
        restore(tmp_path / "x.tar", empty, tmp_path / "other")


def test_a_backup_that_fails_leaves_no_half_file(
    store: Store, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_anything: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.store.backup._add", full)
    with pytest.raises(OSError, match="No space"):
        back_up(store, data, tmp_path / "b.tar", AT)
    assert not list(tmp_path.glob("*.tar*"))
    assert not list(tmp_path.glob(".huiying*"))


@pytest.mark.services
def test_sqlite_moves_to_postgresql_and_back_the_same(postgres_store: Store, empty: Store, tmp_path: Path) -> None:
    origin = open_store(sqlite_url(tmp_path / "origin.db"))
    fill(origin, 1_234)
    sent = copy_store(origin, postgres_store)
    assert sent == held(postgres_store) == held(origin)
    copy_store(postgres_store, empty)
    assert held(empty) == held(origin)
    with postgres_store.write() as connection:  # new rows are numbered after the copied ones
        record(connection, [Change(AT, "stage", "quiet", "", "e1")])
        assert [number for number, _change in journal(connection)] == [1, 2]
    origin.close()


def test_a_copy_that_arrives_changed_is_not_kept(store: Store, empty: Store) -> None:
    if not empty.is_sqlite:
        pytest.skip("needs a trigger in SQLite's words")
    fill(store)
    with empty.write() as connection:
        connection.exec_driver_sql(
            "create trigger meddle after insert on documents begin update documents set text = 'x' where id = 'd003'; end"
        )
    with pytest.raises(StoreError, match="对不上"):
        copy_store(store, empty)
    with empty.read() as connection:
        assert connection.execute(select(documents_table.c.id)).all() == []


def test_a_row_lost_doubled_or_changed_changes_the_hash(store: Store) -> None:
    fill(store, 3)
    before = held(store)["documents"]
    with store.write() as connection:
        row = dict(connection.execute(select(documents_table).limit(1)).mappings().one())
        connection.execute(insert(documents_table).values(row | {"id": "again"}))
    assert held(store)["documents"] != before
    with store.write() as connection:
        connection.execute(documents_table.delete().where(documents_table.c.id == "again"))
    assert held(store)["documents"] == before
