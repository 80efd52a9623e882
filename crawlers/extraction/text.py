"""HTML fragments → plain text (去标签): what JSON interfaces and feeds carry."""

from __future__ import annotations

import html
import re

_BREAK = re.compile(r"<\s*(br|/p|/div|/li|/h\d|/tr)\b[^>]*>", re.I)
_EMOJI = re.compile(r"<img\b[^>]*\balt\s*=\s*[\"']?(\[[^\]\"'>]{1,12}\])[^>]*>", re.I)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.I | re.S)
_TAG = re.compile(r"<[a-zA-Z/!][^>]*>")


def text_of_html(fragment: str) -> str:
    """Words of an HTML fragment, one line a paragraph; emoticon pictures become their [name]."""
    text = _HIDDEN.sub("", fragment)
    text = _EMOJI.sub(r"\1", text)
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    lines = (re.sub(r"[ \t\u00a0\u200b\u3000]+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)
