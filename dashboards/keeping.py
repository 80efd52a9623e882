"""What was read a moment ago (暂存): fifty pages that refresh at the same change read the store once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")
MOST = 64


class Kept:
    """Values by key; the key must name everything that the value depends on. One maker a key, others wait for it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                known = key in self._values
                found: T | None = self._values.get(key)
            made = cast(T, found) if known else make()
            with self._lock:
                self._values[key] = made
                self._making.pop(key, None)
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return made

    def find(self, key: Hashable) -> Any:
        """What is kept under the key; None when nothing is."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
