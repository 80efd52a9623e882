"""What a person asks for (诉求): the sentences that demand or ask, as said, the plainest first. Reads masked text only."""

from __future__ import annotations

import re

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import PhraseBook
from pipeline.analysis.district import AskCues

MOST = 5
LONGEST = 120  # characters of one ask; a longer sentence is cut at a comma
_SENTENCE = re.compile(r"[^。！？!?；;\n]{2,400}[。！？!?；;]{0,3}")
_COURTESY = re.compile(r"^(?:[\s，、：:]|谢谢|感谢|您好|你好|尊敬的|敬礼|此致)+$")


class Asks:
    """The words of demands and questions, ready to read texts."""

    def __init__(self, cues: AskCues) -> None:
        self._book = PhraseBook(
            [(folded(word), 2.0) for word in cues.demand] + [(folded(word), 1.5) for word in cues.question]
        )

    def find(self, title: str, text: str) -> tuple[str, ...]:
        """Up to MOST sentences of a masked text, in order of place among the strongest."""
        whole = f"{title}\n{text}"[:6000]
        if not self._book.find(folded(whole)):
            return ()
        found: list[tuple[float, int, str]] = []
        for number, sentence in enumerate(_SENTENCE.finditer(whole)):
            said = sentence[0].strip(" \n，,、")
            plain = folded(said)
            weights = [weight for _, meanings in self._book.longest(plain) for weight in meanings]
            if not weights or "回复" in plain[:4] or _COURTESY.match(said):
                continue
            question = said.endswith(("？", "?"))
            if max(weights) >= 2.0 or question or len(weights) > 1:
                found.append((max(weights) + question + 0.1 * len(weights), number, _short(said)))
        strongest = sorted(found, key=lambda one: (-one[0], one[1]))[:MOST]
        return tuple(dict.fromkeys(said for _, _, said in sorted(strongest, key=lambda one: one[1])))


def _short(sentence: str) -> str:
    if len(sentence) <= LONGEST:
        return sentence
    cut = sentence.rfind("，", 0, LONGEST)
    return sentence[: cut if cut > LONGEST // 2 else LONGEST] + "…"
