"""Articles that a page carries but does not show (内嵌正文): in a script's strings, JSON-LD or a hidden text area.

Some sites send the words as data and let a script draw them; no script is run here, the longest prose among the strings
is taken.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

from crawlers.extraction.body import parse
from crawlers.extraction.words import text_of

_STRING = re.compile(r'"((?:[^"\\\n]|\\.){100,})"|\'((?:[^\'\\\n]|\\.){100,})\'')
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PROSE = re.compile(r"[，。！？]")
_LEAST = 80  # Chinese characters
_LONGEST = 2_000_000  # characters of scripts that are looked through


def embedded_article(tree: Any) -> Any:
    """The longest prose that `tree` (unpruned) carries in scripts and text areas, as an element; None when there is none."""
    best, most = "", _LEAST - 1
    left = _LONGEST
    for element in tree.iter("script", "textarea", "template", "xmp"):
        source = (element.text or "") if element.tag == "script" else text_of(element)
        left -= len(source)
        if left < 0:
            break
        for words in _strings(source) if element.tag == "script" else [html.unescape(source)]:
            size = len(_HAN.findall(words))
            if size > most and len(_PROSE.findall(words)) * 120 > size:
                best, most = words, size
    if not best:
        return None
    try:
        return parse(f"<html><body><div>{best if '<' in best else _paragraphs(best)}</div></body></html>").find(
            ".//div"
        )
    except (ValueError, AssertionError):
        return None


def _strings(source: str) -> list[str]:
    found = []
    for match in _STRING.finditer(source):
        raw = match.group(1) or match.group(2).replace("\\'", "'").replace('"', '\\"')
        if not _HAN.search(raw) and "\\u" not in raw:
            continue
        try:
            words = json.loads(f'"{raw}"')
        except ValueError:
            words = raw
        found.append(html.unescape(words) if "&lt;" in words or "&quot;" in words else words)
    return found


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines())
