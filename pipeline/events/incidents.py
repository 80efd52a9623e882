"""Kinds of incident (事情类别: 火灾, 停水, 欠薪…) that a text speaks of, by the words of config/incidents.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import ahocorasick
from pydantic import BaseModel, ConfigDict, Field, ValidationError

import config
from pipeline.errors import HuiyingError

SHIPPED = Path(config.__file__).parent / "incidents.toml"
KEPT = 3  # kinds kept of one text
WORD, HINT = 2, 1  # evidence of a word and of a hint; WORD is needed


class _Incident(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    words: list[str] = Field(min_length=1)
    hints: list[str] = []
    strength: int = Field(default=1, ge=1, le=9)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    incident: list[_Incident]


class Incidents:
    """Finds the kinds of incident in a text."""

    def __init__(self, path: Path = SHIPPED) -> None:
        self._marks: dict[str, list[tuple[str, int, int]]] = {}
        for incident in _read(path).incident:
            for weight, terms in ((WORD, incident.words), (HINT, incident.hints)):
                for term in terms:
                    self._marks.setdefault(term.lower(), []).append((incident.name, weight, incident.strength))
        self._automaton = ahocorasick.Automaton()
        for term in self._marks:
            self._automaton.add_word(term, term)
        self._automaton.make_automaton()

    def kinds(self, cleaned: str) -> tuple[dict[str, int], frozenset[str]]:
        """(kind → its share of the evidence in percent, the strongest KEPT; those of them that a word alone shows)."""
        found: dict[str, int] = {}
        strength: dict[str, int] = {}
        plain: set[str] = set()
        for term in sorted({term for _, term in self._automaton.iter(cleaned)}):
            for name, weight, times in self._marks[term]:
                found[name] = found.get(name, 0) + weight
                strength[name] = times
                if weight == WORD:
                    plain.add(name)
        clear = sorted((-weight * strength[name], name) for name, weight in found.items() if weight >= WORD)[:KEPT]
        total = sum(weight for weight, _ in clear)
        kinds = {name: round(100 * weight / total) for weight, name in clear}
        return kinds, frozenset(plain & kinds.keys())


@cache
def shipped_incidents() -> Incidents:
    """The kinds that ship with the product, read once."""
    return Incidents()


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise HuiyingError(f"{path.name} 中 {key} 有误：{first['msg']}；请改正后重试") from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise HuiyingError(f"无法读取 {path}：{error}；请检查文件是否存在、格式是否为 TOML") from error
