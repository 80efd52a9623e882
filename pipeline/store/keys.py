"""Secret keys on disk (密钥文件): made once, mode 600, outside the store, so that a copy of the store opens nothing."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

LENGTH = 32


def key_in(path: Path) -> bytes:
    """The key in the file, made when there is none. It appears whole or not at all; of two processes the first wins."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    fresh = path.with_name(f"{path.stem}.{secrets.token_hex(8)}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(LENGTH))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
