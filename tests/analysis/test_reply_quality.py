"""Four scores of an answer, each with its reason."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.analysis.reply_quality import judge
from pipeline.document import Document, Kind, Reply

ASKED = datetime(2026, 3, 1, tzinfo=UTC)
QUESTION = "我家在柳渡镇，房屋去年八月被拆迁，补偿款和过渡费至今没有发放。请问补偿款什么时候发放？过渡费按什么标准？"
GOOD = (
    "您好！经核实，柳渡镇2025年8月签约的房屋补偿款因项目资金拨付手续未完成而延迟。根据《云港区房屋征收补偿办法》第十二条，"
    "过渡费按每月每平方米12元发放。目前资金已到位，补偿款将于3月31日前全部发放，过渡费同时补发。如有疑问请致电区征收办。"
)
EMPTY = "您好！您反映的问题已收悉，我们高度重视，已转相关部门研究处理，请耐心等待。感谢您对我们工作的理解和支持！"
OTHERS = "您好！经现场查看，锦绣江南小区5栋电梯已于3月2日完成维修并恢复运行。感谢您对住建工作的关心支持！"


def message(reply: str, days: float = 5) -> Document:
    return Document(
        id="m", kind=Kind.MESSAGE, title="补偿款何时发放", text=QUESTION, published_at=ASKED,
        reply=Reply(reply, "区征收办", ASKED + timedelta(days=days)),
    )  # fmt: skip


def test_a_message_without_an_answer_has_no_scores() -> None:
    assert judge(Document(id="m", text=QUESTION)) is None
    assert judge(message("  ")) is None


def test_a_good_answer_scores_high_on_all_four() -> None:
    found = judge(message(GOOD))
    assert found is not None
    assert min(found.relevant.value, found.complete.value, found.explained.value, found.in_time.value) >= 0.7


def test_an_empty_answer_and_another_persons_answer_score_low() -> None:
    for reply in (EMPTY, OTHERS):
        found = judge(message(reply))
        assert found is not None
        assert found.relevant.value < 0.3
        assert found.complete.value < 0.5
        assert found.relevant.reason
        assert found.complete.reason


def test_being_in_time_falls_with_the_days_and_says_how_many() -> None:
    values = []
    for days in (1, 7, 11, 15, 30, 90):
        found = judge(message(GOOD, days))
        assert found is not None
        assert f"{days:.1f}天" in found.in_time.reason
        values.append(found.in_time.value)
    assert values == sorted(values, reverse=True)
    assert values[0] == 1.0
    assert values[-1] == 0.0


def test_an_answer_before_the_question_is_reported_as_impossible() -> None:
    found = judge(message(GOOD, -1))
    assert found is not None
    assert "早于" in found.in_time.reason


def test_real_answers_are_told_from_answers_to_other_people(shared_data: Path) -> None:
    path = shared_data / "messages" / "messages_with_replies.tsv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))[:400]
    shifted = rows[1:] + rows[:1]

    def relevance(question: dict[str, str], answer: dict[str, str]) -> float:
        found = judge(
            Document(id="m", title=question["留言主题"], text=question["留言详情"], reply=Reply(answer["答复意见"]))
        )
        return found.relevant.value if found else 0.0

    own = [relevance(row, row) for row in rows]
    others = [relevance(row, other) for row, other in zip(rows, shifted, strict=True)]
    wins = sum((a > b) + 0.5 * (a == b) for a in own for b in others) / (len(own) * len(others))
    assert wins >= 0.88
