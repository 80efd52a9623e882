"""Files that belong to cases (扫描件、存档件): kept once under the digest of their content, in the data folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

FOLDER = "case-files"
LIMIT = 50 * 1024 * 1024


def keep(data_dir: Path, content: bytes) -> str:
    """Keep a file; answers its SHA-256. Written aside and moved, so that a crash leaves no half file."""
    digest = hashlib.sha256(content).hexdigest()
    target = path_of(data_dir, digest)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_suffix(f".{os.getpid()}")
        aside.write_bytes(content)
        aside.replace(target)
    return digest


def path_of(data_dir: Path, digest: str) -> Path:
    return data_dir / FOLDER / digest[:2] / digest


def read(data_dir: Path, digest: str) -> bytes | None:
    """The content, None when it is not there or no longer what it was."""
    path = path_of(data_dir, digest)
    if not path.exists():
        return None
    content = path.read_bytes()
    return content if hashlib.sha256(content).hexdigest() == digest else None


def remove(data_dir: Path, digest: str) -> None:
    """Destroy a file by retention."""
    path_of(data_dir, digest).unlink(missing_ok=True)
