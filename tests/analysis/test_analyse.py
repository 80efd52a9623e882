"""The whole analysis: whatever comes in, the same answer in any batch and process, and nothing that finds a person."""

from __future__ import annotations

import json
import pickle
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.analyse import Analyser, analyse_chunk
from pipeline.analysis.district import District
from pipeline.document import Document, Kind, Scope

TEXTS = (
    ("补偿款何时发放", "我是柳渡镇柳东村村民赵大海，电话13812345678，房屋拆迁补偿款一直没有发。", Kind.MESSAGE),
    ("", "沙洲镇化工园着火了，听说死了三个人，求证实！", Kind.WEIBO),
    ("云港区召开新闻发布会", "15日下午，云港区召开新闻发布会，通报恒泰新材料火灾情况。", Kind.NEWS),
    ("", "真是好政府啊，路灯坏了三个月", Kind.WEIBO),
    ("宁溪市望湖县客车侧翻", "16日上午，宁溪市望湖县一客车侧翻，19人受伤。", Kind.NEWS),
    ("", "", Kind.VIDEO),
    ("Water", "The water is off again in Yungang, anyone knows why?", Kind.FORUM),
)
DOCUMENTS = [Document(id=str(n), title=title, text=text, kind=kind) for n, (title, text, kind) in enumerate(TEXTS)]


def test_every_batch_and_order_gives_the_same_analyses(district: District) -> None:
    alone = {d.id: analyse_chunk(district, "fast", [d])[0] for d in DOCUMENTS}
    for seed in range(3):
        shuffled = random.Random(seed).sample(DOCUMENTS, len(DOCUMENTS))
        assert {a.document_id: a for a in analyse_chunk(district, "fast", shuffled)} == alone


def test_a_district_travels_to_another_process(district: District) -> None:
    assert pickle.loads(pickle.dumps(district)) == district


def test_titles_and_texts_are_masked_and_asks_too(analyser: Analyser) -> None:
    found = analyser.analyse(DOCUMENTS[0])
    for shown in (found.masked_title, found.masked_text, *found.asks):
        assert "13812345678" not in shown
        assert "赵大海" not in shown
    assert "赵某某" in found.masked_text


def test_no_reason_quotes_a_name_or_a_number(analyser: Analyser) -> None:
    text = "我叫赵大海，赵大海恨死13812345678这个骗子了，赵大海的身份证320123199001011234被赵大海的邻居偷了"
    found = analyser.analyse(Document(id="d", text=text, kind=Kind.WEIBO))
    said = repr(found)
    for secret in ("赵大海", "大海", "13812345678", "320123199001011234"):
        assert secret not in said


def test_traditional_and_full_width_text_is_judged_like_simplified(analyser: Analyser) -> None:
    plain = analyser.analyse(Document(id="d", text="云港区柳渡镇拆迁补偿款没有发，请问什么时候发", kind=Kind.MESSAGE))
    other = analyser.analyse(Document(id="d", text="雲港區柳渡鎮拆遷補償款沒有發，請問什麼時候發", kind=Kind.MESSAGE))
    assert other.language == "zh-Hant"
    assert (other.topic.label, other.scope, other.places) == (plain.topic.label, plain.scope, plain.places)
    assert [d.name for d in other.departments] == [d.name for d in plain.departments]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "人" * 2_000_000,
        "我们的城市，" * 300_000,
        "1" * 500_000,
        "<" * 500_000,
        "<p" * 300_000,
        "&" * 500_000,
        "张" * 200_000,
        "请" * 200_000,
        "3栋" * 100_000,
        "\ud800\udfff" * 1000,
        "\x00\x01\x02" * 1000,
        "😀" * 50_000,
        "<script>" + "x" * 300_000,
    ],
    ids=lambda text: f"{text[:4]!r} x {len(text)}",
)
def test_no_text_breaks_it(analyser: Analyser, text: str) -> None:
    found = analyser.analyse(Document(id="d", title=text[:1000], text=text))
    assert 0 <= found.topic.confidence <= 1
    assert -1 <= found.sentiment.score <= 1
    assert found.scope_reason


@settings(max_examples=150, deadline=None)
@given(
    title=st.text(max_size=40),
    text=st.text(max_size=200)
    | st.text(alphabet="云港区柳渡镇3栋2单元501室举报我叫王建国138123456780，。<p>&nbsp; 死了听说请问", max_size=120),
    kind=st.sampled_from(list(Kind)),
    place=st.sampled_from(["", "云港区", "北京", "？"]),
)
def test_any_text_gives_a_result(analyser: Analyser, title: str, text: str, kind: Kind, place: str) -> None:
    document = Document(id="d", title=title, text=text, kind=kind, place=place)
    found = analyser.analyse(document)
    assert isinstance(found.scope, Scope)
    assert found == analyser.analyse(replace(document))
    assert all(0 < guess.confidence <= 1 for guess in found.departments)


def huiying(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys, typer; from pipeline.analysis.commands import analyse; app = typer.Typer(); app.command()(analyse);"
        "app(sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": "/usr/bin:/bin"},
    )


def test_the_command_gives_the_same_lines_for_any_number_of_workers(tmp_path: Path) -> None:
    wire = "江东通讯社3月16日电，江东省春耕备耕全面展开，2350万亩小麦进入拔节期，种子化肥储备充足，插秧机也用上了北斗导航。"
    rows = [
        {"id": f"d{n}", "text": text or "。", "title": title, "kind": kind}
        for n, (title, text, kind) in enumerate(TEXTS)
    ]
    rows += [
        {"id": "w1", "text": wire},
        {"id": "x", "text": "今天天气很好，适合出门"},
        {"id": "w2", "text": "本网消息 " + wire},
    ]
    rows += [{"id": "bad"}]
    source = tmp_path / "docs.jsonl"
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    outs = []
    for workers in ("1", "2"):
        out = tmp_path / f"out{workers}.jsonl"
        huiying("--in", str(source), "--out", str(out), "--workers", workers, "--engine", "fast", cwd=tmp_path)
        outs.append(out.read_text(encoding="utf-8"))
    assert outs[0] == outs[1]
    lines = [json.loads(line) for line in outs[0].splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in rows[:-1]]
    assert {line["id"]: line["copy_of"] for line in lines if line["copy_of"]} == {"w2": "w1"}
    assert {
        "sentiment",
        "topic",
        "scope",
        "places",
        "departments",
        "opinion_kind",
        "copy_of",
        "rumour",
        "asks",
        "language",
    } <= set(lines[0])
    assert set(lines[0]["sentiment"]) == {"label", "score", "confidence", "reasons"}
    assert {"label", "sub", "confidence"} <= set(lines[0]["topic"])
    assert (tmp_path / "out1.jsonl.rejected").exists()
