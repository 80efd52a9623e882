"""What a person asks for (诉求): the sentences that demand or ask, as said, the plainest first. Reads masked text only.

News reports what others ask; a post headed 【…】 announces: there only questions count. Wishes and courtesies (希望早日康复, 盼复),
and what an institution demands (会议要求), stand in cues.toml as phrases of no weight that cover the shorter word.
"""

from __future__ import annotations

import re

from pipeline.analysis.clean import folded
from pipeline.analysis.cues import PhraseBook
from pipeline.analysis.district import AskCues
from pipeline.document import Kind

MOST = 5
LONGEST = 120  # characters of one ask; a longer sentence is cut at a comma
_DEMAND, _QUESTION = 2.0, 1.5
_SENTENCE = re.compile(r"[^。！？!?；;\n]{2,400}[。！？!?；;]{0,3}")
_COURTESY = re.compile(r"^(?:[\s，、：:]|谢谢|感谢|您好|你好|尊敬的|敬礼|此致)+$")


class Asks:
    """The words of demands and questions, ready to read texts."""

    def __init__(self, cues: AskCues) -> None:
        self._book = PhraseBook(
            [(folded(word), _DEMAND) for word in cues.demand]
            + [(folded(word), _QUESTION) for word in cues.question]
            + [(folded(word), 0.0) for word in cues.courtesy]
        )

    def find(self, title: str, text: str, kind: Kind) -> tuple[str, ...]:
        """Up to MOST sentences of a masked text, in order of place among the strongest."""
        whole = f"{title}\n{text}"[:6000]
        if kind is Kind.NEWS or not self._book.find(folded(whole)):
            return ()
        announces = whole.lstrip().startswith("【")
        found: list[tuple[float, int, str]] = []
        for number, sentence in enumerate(_SENTENCE.finditer(whole)):
            said = sentence[0].strip(" \n，,、")
            plain = folded(said)
            weights = [max(meanings) for _, meanings in self._book.longest(plain)]
            weights = [weight for weight in weights if weight and not (announces and weight == _DEMAND)]
            if not weights or "回复" in plain[:4] or _COURTESY.match(said):
                continue
            question = said.endswith(("？", "?"))
            if max(weights) >= _DEMAND or question or len(weights) > 1:
                found.append((max(weights) + question + 0.1 * len(weights), number, _short(said)))
        strongest = sorted(found, key=lambda one: (-one[0], one[1]))[:MOST]
        return tuple(dict.fromkeys(said for _, _, said in sorted(strongest, key=lambda one: one[1])))


def _short(sentence: str) -> str:
    if len(sentence) <= LONGEST:
        return sentence
    cut = sentence.rfind("，", 0, LONGEST)
    return sentence[: cut if cut > LONGEST // 2 else LONGEST] + "…"
