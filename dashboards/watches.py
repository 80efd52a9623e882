"""A search saved as a watch (关注): it becomes one more rule in the office's own rule file, refused when a rule cannot say it.

A rule tests events, so a watch may hold words (one of them suffices), words that must be absent, and filters by kind,
source, topic, place, department, scope and stage. It watches matters: the rule file refuses private persons.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from config.settings import Settings
from pipeline.alerts.rule_file import read_rules
from pipeline.errors import HuiyingError
from pipeline.search.port import All, Field, InStage, Node, Not, OneOf, Some, Words
from pipeline.search.query import parse

OWN = "rules.toml"
_KEYS = {
    Field.KIND: "kinds", Field.SOURCE: "sources", Field.TOPIC: "topics", Field.PLACE: "places",
    Field.DEPARTMENT: "departments", Field.SCOPE: "scopes",
}  # fmt: skip


class WatchRefused(HuiyingError):
    """The question cannot be kept as a rule."""


def add(settings: Settings, now: datetime, question: str, name: str, level: int) -> str:
    """Write the rule into the office's file (a copy of the one in force, if it has none yet). Answers its sentence."""
    when = condition(parse(" ".join(question.split()), now).where)
    if not when:
        raise WatchRefused("关注至少要有一个词或一个条件。")
    sentence = (" ".join(name.split()) or f"关注：{question}")[:110]
    if len(sentence) < 4:
        sentence = f"关注：{sentence}"
    key = "watch-" + hashlib.sha256(json.dumps(when, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:10]
    lines = ["", "[[rule]]", f'key = "{key}"', f"sentence = {_text(sentence)}", f"level = {level}"]
    lines += ['audience = ["duty_officer"]', "[rule.when]"]
    lines += [f"{name} = [{', '.join(_text(value) for value in values)}]" for name, values in when.items()]
    write(settings, in_force(settings).read_text(encoding="utf-8").rstrip() + "\n" + "\n".join(lines) + "\n")
    return sentence


def in_force(settings: Settings) -> Path:
    """The rule file in use."""
    return settings.file(OWN)


def write(settings: Settings, text: str) -> Path:
    """Check a rule text and put it in force, the old one kept beside it. RulesError names line and key."""
    target = settings.data_dir / "config" / OWN
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f"new-{OWN}")
    aside.write_text(text, encoding="utf-8")
    try:
        read_rules(aside)
    except HuiyingError as error:
        aside.unlink()
        raise type(error)(str(error).replace(str(aside), "规则")) from error
    if target.exists():
        target.replace(target.with_name(f"last-{OWN}"))
    os.replace(aside, target)
    return target


def condition(node: Node) -> dict[str, list[str]]:
    """The question as a rule's conditions. WatchRefused for what a rule cannot say."""
    when: dict[str, list[str]] = {}
    for part in node.parts if isinstance(node, All) else (node,):
        _add(when, part)
    return when


def _add(when: dict[str, list[str]], part: Node) -> None:
    match part:
        case Words(tokens):
            if "words" in when:
                raise WatchRefused("关注只能写“有其一即可”的词；请把两个词用 OR 连起来，或并成一个词。")
            when["words"] = ["".join(tokens)]
        case Some(parts) if all(isinstance(one, Words) for one in parts):
            if "words" in when:
                raise WatchRefused("关注里只能有一组词。")
            when["words"] = ["".join(one.tokens) for one in parts if isinstance(one, Words)]
        case Not(Words(tokens)):
            when.setdefault("without", []).append("".join(tokens))
        case OneOf(field, values) if field in _KEYS and _KEYS[field] not in when:
            when[_KEYS[field]] = list(values)
        case InStage(stages) if "stages" not in when:
            when["stages"] = list(stages)
        case All(()):
            pass
        case _:
            raise WatchRefused(
                "关注可用的条件：词、词 OR 词、-词、类别、信源、主题、地点、部门、范围、阶段；时间和情感不能用。"
            )


def _text(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)
