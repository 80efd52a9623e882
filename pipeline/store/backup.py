"""Backing up while everything runs, and restoring (备份、恢复), checked by hash.

A backup is one tar file: `manifest.json` (version, moment, every file with its sha256, every table with its count and
hash), `store.db` (the whole store as SQLite, whatever engine it lives on), and the folders config/, evidence/ and files/
of the data folder. Not in it, on purpose: the keys of author pseudonyms (a destroyed key must not live on in a backup),
secrets, and the search index (`huiying reindex` makes it again).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.store.engine import Store, StoreError, open_store, sqlite_url
from pipeline.store.migrate import current_revision
from pipeline.store.transfer import contents, copy_store

FOLDERS = ("config", "evidence", "case-files")
_FORMAT = 1
_STORE = "store.db"
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int
    sha256: str


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rows: int
    digest: str


class Manifest(BaseModel):
    """What a backup says that it holds."""

    model_config = ConfigDict(extra="forbid")
    format: int
    made_at: datetime
    revision: str
    files: list[_File]
    tables: dict[str, _Table]


def back_up(store: Store, data_dir: Path, to: Path, at: datetime) -> Manifest:
    """Write a backup of one moment of the store to the new file `to`; it appears under its name only when whole."""
    if to.exists():
        raise StoreError(f"{to} 已存在；请换一个文件名。")
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    try:
        with TemporaryDirectory(dir=to.parent, prefix=".huiying-backup-") as folder:
            manifest = _write(store, data_dir, part, Path(folder) / _STORE, at)
        os.chmod(part, 0o600)
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def check(backup: Path) -> Manifest:
    """Read a backup through and compare every hash. StoreError names the first thing that is not as it was."""
    manifest = _manifest(backup)
    expected = {file.name: file for file in manifest.files}
    with tarfile.open(backup) as archive:
        for member in archive:
            if member.name == _MANIFEST:
                continue
            named = expected.pop(member.name, None)
            if named is None or not member.isreg() or _unsafe(member.name):
                raise StoreError(f"备份 {backup} 里有清单之外的内容 {member.name}；请换一份备份。")
            source = archive.extractfile(member)
            assert source is not None
            if member.size != named.size or _sha256(source) != named.sha256:
                raise StoreError(f"备份 {backup} 里的 {member.name} 与清单不符，已损坏；请换一份备份。")
    if expected:
        raise StoreError(f"备份 {backup} 缺少 {next(iter(expected))}；请换一份备份。")
    return manifest


def restore(backup: Path, store: Store, data_dir: Path) -> Manifest:
    """Bring a checked backup into an empty store and data folder; an older version's is migrated on the way.

    StoreError when the backup is damaged or the store is not empty.
    """
    manifest = check(backup)
    with TemporaryDirectory(dir=data_dir, prefix=".huiying-restore-") as name, tarfile.open(backup) as archive:
        folder = Path(name)
        archive.extractall(folder, filter="data")
        kept = Store(sqlite_url(folder / _STORE))
        try:
            _compare(kept, manifest, backup)
        finally:
            kept.close()
        kept = open_store(sqlite_url(folder / _STORE))
        try:
            copy_store(kept, store)
        finally:
            kept.close()
        for file in manifest.files:
            if file.name != _STORE:
                place = data_dir / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                os.replace(folder / file.name, place)
    return manifest


def _compare(kept: Store, manifest: Manifest, backup: Path) -> None:
    """When the backup is of this version, its tables must hold what the manifest says (older ones: the file's hash)."""
    from pipeline.store.migrate import newest_revision

    if manifest.revision != newest_revision():
        return
    with kept.read() as connection:
        held = {table: asdict(content) for table, content in contents(connection).items()}
    if held != {table: content.model_dump() for table, content in manifest.tables.items()}:
        raise StoreError(f"备份 {backup} 里的数据库与清单不符；请换一份备份。")


def _write(store: Store, data_dir: Path, part: Path, scratch: Path, at: datetime) -> Manifest:
    copied = open_store(sqlite_url(scratch))
    try:
        tables = copy_store(store, copied)
        revision = current_revision(copied) or ""
    finally:
        copied.close()  # the last connection: SQLite folds its log into the one file
    with tarfile.open(part, "w") as archive:
        files = [_add(archive, scratch, _STORE)]
        files += [_add(archive, path, name) for path, name in _beside(data_dir)]
        manifest = Manifest(
            format=_FORMAT,
            made_at=at,
            revision=revision,
            files=files,
            tables={name: _Table(rows=content.rows, digest=content.digest) for name, content in tables.items()},
        )
        text = manifest.model_dump_json(indent=1).encode()
        info = tarfile.TarInfo(_MANIFEST)
        info.size, info.mode = len(text), 0o600
        archive.addfile(info, io.BytesIO(text))
    return manifest


def _beside(data_dir: Path) -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for path in sorted((data_dir / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path, path.relative_to(data_dir).as_posix()


def _add(archive: tarfile.TarFile, path: Path, name: str) -> _File:
    """As much of the file as it has now: evidence may grow while we read."""
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        counted = _Counted(source, size)
        archive.addfile(info, counted)
    return _File(name=name, size=size, sha256=counted.digest.hexdigest())


class _Counted:
    """Hands out the first `size` bytes of a file and hashes them on the way."""

    def __init__(self, source: Any, size: int) -> None:
        self._source = source
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._source.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        self.digest.update(block)
        return block


def _manifest(backup: Path) -> Manifest:
    try:
        with tarfile.open(backup) as archive:
            source = archive.extractfile(_MANIFEST)
            manifest = Manifest.model_validate(json.load(source) if source else {})
    except (OSError, tarfile.TarError, KeyError, ValueError, ValidationError) as error:
        raise StoreError(f"{backup} 不是完好的备份：{str(error).splitlines()[0]}；请换一份备份。") from error
    if manifest.format != _FORMAT:
        raise StoreError(f"备份 {backup} 的格式 {manifest.format} 比本程序新；请升级本程序。")
    return manifest


def _unsafe(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or (name != _STORE and path.parts[0] not in FOLDERS)


def _sha256(source: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
