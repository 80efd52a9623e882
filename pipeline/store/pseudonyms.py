"""Author pseudonyms (化名): authors of one event can be counted, and no person can be followed.

A name becomes an HMAC under a key of its month. Keys lie outside the store, one file a month (mode 600), and a month's
key is destroyed with that month's data; from then on nobody, not even the office, can link a pseudonym to a name.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipeline.clock import shanghai
from pipeline.store.keys import key_in


class Pseudonyms:
    """Keys by month in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._keys: dict[str, bytes] = {}

    def of(self, name: str, at: datetime) -> str:
        """16 hexadecimal digits, the same for one name within one month; '' for no name."""
        if not name:
            return ""
        return hmac.new(self._key(f"{shanghai(at):%Y-%m}"), name.encode(), sha256).hexdigest()[:16]

    def destroy_before(self, month: str) -> list[str]:
        """Destroy the keys of months before `month` (YYYY-MM); answers the months."""
        gone = sorted(path.stem for path in self.folder.glob("*.key") if path.stem < month)
        for name in gone:
            path = self.folder / f"{name}.key"
            path.write_bytes(secrets.token_bytes(32))
            path.unlink()
            self._keys.pop(name, None)
        return gone

    def _key(self, month: str) -> bytes:
        if month not in self._keys:
            self._keys[month] = key_in(self.folder / f"{month}.key")
        return self._keys[month]
