"""The command line as the duty desk uses it: case, verify, roster, people, statistics (命令行)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

import huiying
from pipeline.errors import HuiyingError
from pipeline.store.engine import Store, sqlite_url

NUMBER_PREFIX = "云港舆〔"


@pytest.fixture(scope="module", autouse=True)
def mounted() -> None:
    if not any(group.name == "case" for group in huiying.app.registered_groups):
        huiying.mount()


class Line:
    """Runs commands on one data folder."""

    def __init__(self, folder: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        (folder / "huiying.db").write_bytes(migrated.read_bytes())
        monkeypatch.setenv("HUIYING_DATA_DIR", str(folder))
        self.folder = folder

    def run(self, *words: str) -> str:
        result = CliRunner().invoke(huiying.app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def line(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(tmp_path / "var", migrated, monkeypatch)


def opened(line: Line) -> str:
    (made,) = line.json("case", "open", "桥面塌陷", "--reason", "市民来电", "--by", "gu_lan")
    return str(made["number"])


def act(line: Line, number: str, by: str, kind: str, **fields: Any) -> Any:
    return line.json("case", "act", number, kind, "--by", by, "--fields", json.dumps(fields, ensure_ascii=False))


def test_a_case_goes_from_opening_to_its_folder(line: Line, tmp_path: Path) -> None:
    number = opened(line)
    assert number.startswith(NUMBER_PREFIX)
    act(line, number, "gu_lan", "acknowledged", via="command")
    act(line, number, "fang_yi", "class_set", legal_class="other", reason="一般")
    act(
        line, number, "gu_lan", "assessed", verified=["桥面破损"], unverified=["车辆坠落"], demands=["何时修好"],
        consequences={"spread": "a", "gathering": "b", "hot": "c"}, opinion_kind="实际困难",
    )  # fmt: skip
    (row,) = line.json("case", "list")
    assert (row["number"], row["phase"], row["clocks"][0]["standing"]) == (number, "assessing", "running")
    shown = line.run("case", "show", number, "--by", "gu_lan")
    assert "签收（命令行）" in shown
    assert "研判：实际困难" in shown
    assert "待核实情况：车辆坠落" in line.run("case", "draft", number, "first")
    scan = tmp_path / "批示.pdf"
    scan.write_bytes(b"%PDF-1.4 scan")
    digest = line.json("case", "attach", str(scan))["sha256"]
    act(line, number, "ming_ce", "instructed", leader="lu_zhiming", text="抓紧抢修", scan=digest)
    out = tmp_path / "案卷"
    line.run("case", "export", number, "--out", str(out), "--by", "fang_yi", "--reason", "归档")
    (folder,) = out.iterdir()
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"处置单.docx", "研判表.docx", "批示/i1", "历史.jsonl", "校验.txt"}
    assert (folder / "批示" / "i1").read_bytes() == scan.read_bytes()
    assert len((folder / "历史.jsonl").read_text(encoding="utf-8").splitlines()) == 5
    assert line.json("verify", "--anchor", str(folder / "校验.txt"))["holds"] is True
    with pytest.raises(HuiyingError, match="已有内容"):
        line.run("case", "export", number, "--out", str(out), "--by", "fang_yi", "--reason", "归档")


def test_whoever_must_know_has_a_notice_in_the_outbox(line: Line) -> None:
    (made,) = line.json("case", "open", "桥面塌陷", "--reason", "市民来电", "--by", "gu_lan")
    store = Store(sqlite_url(line.folder / "huiying.db"))
    with store.read() as connection:
        waiting = connection.execute(text("select recipient, state from outbox")).all()
    store.close()
    assert made["tell"]
    assert len(waiting) == len(made["tell"])
    assert {row.state for row in waiting} == {"waiting"}


def test_the_exported_folder_finds_a_cut_history(line: Line, tmp_path: Path) -> None:
    number = opened(line)
    act(line, number, "gu_lan", "noted", text="第一次电话")
    line.run("verify", "--write-anchor", str(tmp_path / "凭据.txt"))
    store = Store(sqlite_url(line.folder / "huiying.db"))
    with store.write() as connection:
        connection.execute(text("delete from case_entries where position = 2"))
        digest = connection.execute(text("select digest from case_entries where position = 1")).scalar_one()
        connection.execute(text("update case_head set position = 1, digest = :digest"), {"digest": digest})
    store.close()
    assert line.json("verify")["holds"] is True  # whoever owns the table can cut its end …
    result = CliRunner().invoke(huiying.app, ["verify", "--anchor", str(tmp_path / "凭据.txt")])
    assert result.exit_code == 1  # … but not the copy that lies elsewhere
    assert "与外存凭据不符" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["case", "show", "云港舆〔2099〕001号", "--by", "gu_lan"], "没有处置单"),
        (["case", "open", "x", "--reason", "y", "--by", "nobody"], "没有在岗人员"),
        (["case", "attach", "missing.pdf"], "不是文件"),
        (["verify", "--anchor", "missing.txt"], "读不出来"),
        (["roster", "export", "roster.doc"], "须以 .ics 或 .xlsx 结尾"),
        (["roster", "swap", "d0", "he_jing", "--by", "gu_lan", "--reason", "x"], "没有班次"),
        (["statistics", "--year", "2026", "--quarter", "7"], "季度只有1至4"),
        (["people", "import", "missing.toml", "--by", "guan_li"], "读不出来"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(line: Line, words: list[str], says: str) -> None:
    with pytest.raises(HuiyingError, match=says) as refused:
        line.run(*words)
    assert "\n" not in str(refused.value)


def test_wrong_fields_are_named(line: Line) -> None:
    number = opened(line)
    for fields, says in (("{", "不是 JSON"), ("[1]", "JSON 对象"), ("{}", "text.*没有填写")):
        with pytest.raises(HuiyingError, match=says):
            line.run("case", "act", number, "noted", "--by", "gu_lan", "--fields", fields)


def test_a_unit_cannot_read_whole_files_on_the_command_line(line: Line) -> None:
    with pytest.raises(HuiyingError, match="无权查看"):
        line.run("case", "show", opened(line), "--by", "lu_qiming")


def test_the_roster_is_shown_exported_changed_and_imported(line: Line, tmp_path: Path) -> None:
    shown = line.json("roster", "show", "--days", "3")
    assert shown["on_duty"]
    assert shown["gaps"] == []
    later = [s for s in shown["shifts"] if s["post"] == "duty"][-1]
    other = next(p for p in ("gu_lan", "he_jing") if p != later["person"])
    line.run("roster", "swap", later["id"], other, "--by", "guan_li", "--reason", "培训")
    for name in ("值班表.xlsx", "值班表.ics"):
        line.run("roster", "export", str(tmp_path / name), "--days", "10")
        assert line.json("roster", "import", str(tmp_path / name), "--by", "guan_li")["shifts"] > 10
    again = {s["id"]: s["person"] for s in line.json("roster", "show", "--days", "3")["shifts"]}
    assert other in again.values()
    line.run("roster", "handover", "无待办", "--by", shown["on_duty"][0])
    line.run("roster", "remove", next(iter(again)), "--by", "guan_li", "--reason", "调离")


def test_the_team_and_the_people_are_listed(line: Line, tmp_path: Path) -> None:
    assert line.json("people", "team")["without"] == []
    assert "方亦" in line.run("people", "list")
    people = tmp_path / "people.toml"
    people.write_text(
        'press_office = "区委宣传部"\n[[person]]\nid = "xin_ren"\nname = "新人"\nroles = ["duty_officer"]\n',
        encoding="utf-8",
    )
    line.run("people", "import", str(people), "--by", "guan_li")
    assert "xin_ren" in {person["id"] for person in line.json("people", "list")}


def test_statistics_are_printed_and_written(line: Line, tmp_path: Path) -> None:
    made = line.json(
        "statistics", "--year", "2026", "--xlsx", str(tmp_path / "s.xlsx"), "--docx", str(tmp_path / "s.docx")
    )
    assert made["title"] == "回应解读情况（历史口径/内部统计）"
    assert made["lines"][0]["key"] == "hot_topics"
    assert (tmp_path / "s.xlsx").stat().st_size > 5000
    assert (tmp_path / "s.docx").stat().st_size > 5000


def test_nothing_is_purged_before_its_time_and_no_precedent_is_made_up(line: Line) -> None:
    opened(line)
    assert "没有保管期满的案卷" in line.run("case", "purge", "--by", "guan_li", "--reason", "x", "--do")
    assert line.json("case", "precedents") == []


@pytest.mark.parametrize("group", ["case", "roster", "people"])
def test_every_command_helps_with_an_example(group: str) -> None:
    shown = CliRunner().invoke(huiying.app, [group, "--help"]).output
    assert "例：" in shown
    for name in ("verify", "statistics"):
        assert "例：" in CliRunner().invoke(huiying.app, [name, "--help"]).output
