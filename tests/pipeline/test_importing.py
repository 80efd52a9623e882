"""Files that offices really have become documents; a bad row is refused with its reason and loses nothing else."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.clock import SHANGHAI
from pipeline.document import Document, Kind, Secrecy
from pipeline.errors import HuiyingError
from pipeline.importing import ImportRefused, Rejected, document_from_json, read_documents, write_rejected

HEADER = "留言编号\t留言用户\t留言主题\t留言时间\t留言详情\t反对数\t点赞数\n"
ROW = "188006\tA0001\t柳东村拆迁补偿\t2026/3/13 9:05:00\t补偿标准为什么不一样？\t0\t12\n"


def _read(path: Path, **more: object) -> list[Document | Rejected]:
    return list(read_documents(path, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_portal_export_is_recognised_without_a_map_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "留言.tsv"
    file.write_bytes((HEADER + ROW).encode(encoding))
    [document] = _read(file)
    assert isinstance(document, Document)
    assert (document.id, document.kind, document.title) == ("188006", Kind.MESSAGE, "柳东村拆迁补偿")
    assert document.published_at == datetime(2026, 3, 13, 9, 5, tzinfo=SHANGHAI)
    assert (document.counts.likes, document.counts.dislikes) == (12, 0)


def test_hotline_xlsx_loses_the_callers_name_and_number(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["12345 工单导出"])
    sheet.append(["工单编号", "来电人", "联系电话", "诉求内容", "受理时间", "承办单位", "办理结果"])
    sheet.append(
        [
            20260313001,
            "王某",
            "13800001234",
            "锦绣江南停水两天了",
            datetime(2026, 3, 13, 8, 0),
            "云港水务公司",
            "已恢复",
        ]
    )
    file = tmp_path / "工单.xlsx"
    book.save(file)
    [document] = _read(file)
    assert isinstance(document, Document)
    assert document.kind is Kind.HOTLINE
    assert document.reply is not None
    assert document.reply.department == "云港水务公司"
    assert "13800001234" not in repr(document)
    assert "王某" not in repr(document)


def test_a_bad_row_is_refused_with_its_reason_and_the_good_ones_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text(
        HEADER + ROW + "2\tx\t题\t不是时间\t文\t0\t0\n" + "3\tx\t\t2026/3/13\t\t0\t0\n" + "4\tx\t题\t\t文\t0\t很多\n",
        "utf-8",
    )
    items = _read(file)
    rejected = [item for item in items if isinstance(item, Rejected)]
    assert [item.row for item in rejected] == [2, 3, 4]
    assert "读不懂" in rejected[0].reason
    lines = write_rejected(file, rejected).read_text("utf-8").splitlines()
    assert [json.loads(line)["row"] for line in lines] == [2, 3, 4]


def test_columns_can_be_named_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('描述文字,当天\n"停水了,两天",2026-03-13\n', "utf-8")
    with pytest.raises(ImportRefused, match="认不出正文列.*--map"):
        _read(file)
    [document] = _read(file, columns={"text": "描述文字", "published_at": "当天"})
    assert isinstance(document, Document)
    assert document.text == "停水了,两天"


def test_state_secrets_are_refused() -> None:
    with pytest.raises(HuiyingError, match="国家秘密"):
        document_from_json({"id": "1", "text": "x", "secrecy": "机密"})
    assert document_from_json({"id": "1", "text": "x", "secrecy": "工作秘密"}).secrecy is Secrecy.WORK_SECRET


def test_a_time_without_offset_is_shanghai() -> None:
    document = document_from_json({"id": "1", "text": "x", "published_at": "2026-03-15T02:40:00"})
    assert document.published_at == datetime(2026, 3, 15, 2, 40, tzinfo=SHANGHAI)


def test_weibo_time_keeps_its_own_offset() -> None:
    document = document_from_json({"id": "1", "text": "x", "published_at": "Sun Mar 15 02:47:10 +0800 2026"})
    assert document.published_at == datetime(2026, 3, 15, 2, 47, 10, tzinfo=SHANGHAI)


@given(st.binary(max_size=400), st.sampled_from([".csv", ".tsv", ".jsonl", ".xlsx"]))
def test_any_bytes_give_documents_refusals_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, suffix: str
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / f"a{suffix}"
    file.write_bytes(raw)
    try:
        assert all(isinstance(item, Document | Rejected) for item in read_documents(file))
    except ImportRefused as refused:
        assert "\n" not in str(refused)


@given(
    st.dictionaries(
        st.sampled_from(["id", "text", "kind", "published_at", "likes", "reply", "secrecy", "title"]),
        st.one_of(
            st.none(),
            st.text(max_size=30),
            st.integers(),
            st.floats(),
            st.dictionaries(st.just("text"), st.text(max_size=5)),
        ),
    )
)
def test_any_json_object_is_a_document_or_says_why_not(row: dict[str, object]) -> None:
    try:
        assert document_from_json(row).text
    except HuiyingError as error:
        assert str(error)
