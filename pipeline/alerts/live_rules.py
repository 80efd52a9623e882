"""The rules in force (在用规则): the file as it is now when it is good, the last good one when it is not.

A changed file is read at the next tick of the flow. A bad one is said once, with file, line and allowed words, and changes
nothing, also across a restart: the last good text is kept beside the office's data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from pipeline.alerts.rule_file import RulesError
from pipeline.alerts.rules import RuleBook, load_rules

log = structlog.get_logger()


class LiveRules:
    """Follows a rule file. `find` names it (an office's own may appear later); `kept` is where the last good text is."""

    def __init__(self, find: Callable[[], Path], kept: Path) -> None:
        self._find = find
        self._kept = kept
        self._text = ""
        self.refused = ""
        self.book = self._first()

    def _first(self) -> RuleBook:
        path = self._find()
        try:
            return self._take(path)
        except RulesError as error:
            if not self._kept.exists():
                raise
            self._refuse(str(error), path)
            return load_rules(self._kept)

    def refresh(self) -> bool:
        """Read the file again if it has changed; True when new rules are in force."""
        path = self._find()
        try:
            if path.read_text(encoding="utf-8") == self._text:
                return False
            self.book = self._take(path)
        except (RulesError, OSError, UnicodeDecodeError) as error:
            self._refuse(str(error), path)
            return False
        self.refused = ""
        log.info("rules.changed", file=str(path), rules=len(self.book.rules))
        return True

    def _take(self, path: Path) -> RuleBook:
        book = load_rules(path)
        self._text = path.read_text(encoding="utf-8")
        if not self._kept.exists() or self._kept.read_text(encoding="utf-8") != self._text:
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            self._kept.write_text(self._text, encoding="utf-8")
        return book

    def _refuse(self, reason: str, path: Path) -> None:
        """Say it once; the same bad text is not read again."""
        try:
            self._text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self._text = ""
        if reason != self.refused:
            log.error("rules.refused", reason=reason)
        self.refused = reason
