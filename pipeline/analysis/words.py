"""Chinese words (分词): one cut for every step that needs words, the same words as jieba, fifteen times as fast."""

from __future__ import annotations

import re

import rjieba

_HAN = re.compile(r"[\u3400-\u9fff]+")


def cut(text: str) -> list[str]:
    """Words and marks in order; joined they are the text again."""
    return list(rjieba.cut(text))


def han_words(text: str) -> list[str]:
    """Only the words that are wholly of Han characters."""
    return [word for word in rjieba.cut(text) if _HAN.fullmatch(word)]


def tagged(text: str) -> list[tuple[str, str]]:
    """Words with their part of speech (nr = name of a person, ns = place, v = verb, …)."""
    return [(str(word), str(tag)) for word, tag in rjieba.tag(text)]
