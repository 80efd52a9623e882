"""Text as collected → text that can be judged and shown (清洗): HTML, broken encodings, invisible characters, length, script.

`clean` keeps what people wrote (punctuation, emoji, traditional characters); `folded` is the form that rules and
models read: simplified, half-width, lower case, one character for one character, so that offsets agree.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

KEEP_AT_MOST = 20_000  # characters of a document that are kept for judging and showing; an article has 500-5,000

_SCRIPT = re.compile(r"<(script|style)\b[^>]{0,500}>.{0,200000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6])\b[^<>]{0,300}>", re.IGNORECASE)
_TAG = re.compile(r"<(?:!--.{0,2000}?--|[!/]?[a-zA-Z][^<>]{0,1000})>", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,6}|[a-zA-Z]{2,8});")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+|[\ud800-\udfff]+"
)
_REPLACED = re.compile(r"\ufffd+|(?:锟斤拷)+|(?:烫烫烫|屯屯屯)+")
_EXCEL = re.compile(r"_x000[dD]_")  # what a spreadsheet writes for a carriage return
_SPACE = re.compile(r"[ \t\u00a0\u2000-\u200a\u3000]+")
_LINES = re.compile(r"\s*\n\s*")
_LATIN = re.compile(
    r"[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{4,}"
)
_UTF8_AS_GBK = re.compile("[鐨銆锛涓鍦浜鏄鍜鍚鎴杩绔嬫灏鍖掳鍋鍘鍙璇璁闂棰鐢澶绉鍥]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[A-Za-z]")


def clean(text: str) -> str:
    """What a reader would see: no markup, no broken bytes, single spaces, at most KEEP_AT_MOST characters (head and tail)."""
    if len(text) > KEEP_AT_MOST:
        text = f"{text[: KEEP_AT_MOST * 3 // 4]}\n{text[-KEEP_AT_MOST // 4 + 1 :]}"
    text = _repaired(text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _SCRIPT.sub(" ", text)))
    text = _INVISIBLE.sub(
        "", _EXCEL.sub("\n", text.replace("\r", "\n").replace("\u2028", "\n").replace("\u0085", "\n"))
    )
    if "\ufffd" in text or "锟" in text or "烫烫" in text or "屯屯" in text:
        text = _REPLACED.sub(" ", text)
    return _LINES.sub("\n", _SPACE.sub(" ", text)).strip()


def _repaired(text: str) -> str:
    """Undo the two usual accidents: UTF-8 or GBK bytes once read as Latin-1 (ä¸­), UTF-8 bytes once read as GBK (涓枃)."""
    head = text[:2000]
    if _LATIN.search(head) and not _HAN.search(head):
        for encoding in ("utf-8", "gb18030"):
            for once in ("cp1252", "latin-1"):
                fixed = _recoded(text, once, encoding)
                if fixed is not None and len(_HAN.findall(fixed[:2000])) * 2 > len(fixed[:2000].strip()) * 0.6:
                    return fixed
    if len(_UTF8_AS_GBK.findall(head)) * 40 > len(head):
        fixed = _recoded(text, "gb18030", "utf-8")
        if fixed is not None:
            return fixed
    return text


def _recoded(text: str, once: str, really: str) -> str | None:
    """`text` written back as bytes in the encoding it was read with, read again as it really is; None if that fails."""
    try:
        return text.encode(once).decode(really)
    except UnicodeError:
        return None


def as_they_are() -> dict[int, int]:
    """The usual characters, each as itself: `str.translate` is many times slower where its table lacks a character."""
    usual = ((0, 0x250), (0x2000, 0x2700), (0x3000, 0xA000), (0xFF00, 0x10000))
    return {code: code for first, end in usual for code in range(first, end)}


@cache
def _folds() -> dict[int, int]:
    """The whole table of `folded`."""
    return as_they_are() | {code: ord(new) for code, new in _fold_table().items()}


@cache
def _fold_table() -> dict[int, str]:
    """Traditional → simplified (OpenCC's characters), full-width → half-width, upper → lower: always one for one."""
    import opencc

    han = [chr(code) for code in range(0x3400, 0xA000)]
    simple = opencc.OpenCC("t2s").convert("\n".join(han)).split("\n")
    table = {ord(old): new for old, new in zip(han, simple, strict=True) if old != new and len(new) == 1}
    for code in range(0xFF01, 0xFF5F):
        table[code] = chr(code - 0xFEE0)
    for code in (*range(0x41, 0x5B), *range(0xFF21, 0xFF3B)):
        table[code] = chr(code - 0xFEE0 if code > 0xFF00 else code).lower()
    for mark in "，。！？：；（）":  # these part sentences in the rules, which are written with them
        table.pop(ord(mark), None)
    table[ord(",")], table[ord("!")], table[ord("?")] = "，", "！", "？"
    table[ord(":")], table[ord(";")], table[ord("(")], table[ord(")")] = "：", "；", "（", "）"
    return table


@cache
def _traditional() -> frozenset[str]:
    return frozenset(chr(code) for code, new in _fold_table().items() if code >= 0x3400 and _HAN.match(new))


def folded(text: str) -> str:
    """The form that rules read: same length and offsets as `text`."""
    return text.translate(_folds())


def language(text: str) -> str:
    """zh, zh-Hant, en, mixed (Chinese among other letters), other (other letters) or none (nothing to read)."""
    head = text[:2000]
    han = _HAN.findall(head)
    latin = len(_LETTER.findall(head))
    if not han:
        if latin:
            return "en" if latin * 2 > sum(character.isalpha() for character in head) else "other"
        return "other" if any(unicodedata.category(character).startswith("L") for character in head) else "none"
    if latin > 4 * len(han):
        return "mixed"
    old = sum(map(_traditional().__contains__, han))
    return "zh-Hant" if old * 12 > len(han) else "zh"
