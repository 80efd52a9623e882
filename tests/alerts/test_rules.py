"""Rules: data with a sentence, refused with file, line and allowed words when bad, and never aimed at a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.alerts.private import why_private
from pipeline.alerts.rule_file import SHIPPED, RulesError, When, read_rules
from pipeline.alerts.rules import MAJOR, OTHER, CaseDue, RuleBook, Sign, SourceSilence, Watch, alert_id, load_rules
from pipeline.document import EventState, Forecast, Kind, Polarity, Scope, Stage
from tests.events.growth import NIGHT, Life, burn, judged

HEAD = '[[rule]]\nkey = "test"\nsentence = "试一试这条规则。"\nlevel = 3\naudience = ["duty_officer"]\n'


def book(tmp_path: Path, when: str, head: str = HEAD) -> RuleBook:
    path = tmp_path / "rules.toml"
    path.write_text(f"{head}[rule.when]\n{when}\n", "utf-8")
    return load_rules(path)


def state(**changes: object) -> EventState:
    life = Life()
    burn(life)
    return replace(life.book.state("fire", life.now), **changes)  # type: ignore[arg-type]


def test_every_shipped_rule_says_in_one_sentence_what_it_does() -> None:
    rules = read_rules(SHIPPED)
    assert {rule.on for rule in rules.rule} == {"event", "early_sign", "source", "case", "nothing"}
    for rule in rules.rule:
        assert rule.sentence.endswith("。")
        assert rule.sentence.count("。") == 1


def test_an_alert_says_rule_numbers_grade_and_legal_class_apart() -> None:
    life = Life()
    burn(life)
    hot = replace(life.book.state("fire", life.now), stage=Stage.HOT)
    alert = next(a for a in load_rules().test(hot, None, life.now) if a.rule == "local-hot")
    assert alert.level == 2
    assert alert.legal_class == OTHER
    assert "门限" in alert.reason
    assert "舆情提示等级（本单位）：橙色" in alert.reason
    assert "法定类别建议" in alert.reason
    assert alert.id == alert_id(hot.first_document_id, "local-hot", 2)
    assert alert.evidence[0] == hot.first_document_id


def test_the_legal_class_follows_stated_casualties_and_not_our_own_level() -> None:
    rules = load_rules()
    assert rules.legal_class(state(dead=12))[0] == MAJOR
    assert rules.legal_class(state(hurt=55))[0] == MAJOR
    suggested, why = rules.legal_class(state(dead=1, claimed_dead=40))
    assert suggested == OTHER
    assert "未经证实" in why


@pytest.mark.parametrize(
    ("when", "holds", "fails"),
    [
        ('stages = ["hot"]', {"stage": Stage.HOT}, {"stage": Stage.SPREAD}),
        ('scopes = ["local"]', {"scope": Scope.LOCAL}, {"scope": Scope.NATIONAL}),
        ('topics = ["安全生产/生产事故"]', {"topic": "安全生产", "topic_sub": "生产事故"}, {"topic_sub": "其他"}),
        ('places = ["沙洲镇"]', {"places": ("沙洲镇",)}, {"places": ("柳渡镇",)}),
        ('departments = ["区应急管理局"]', {"departments": ("区应急管理局",)}, {"departments": ()}),
        ('kinds = ["message"]', {"kinds": ("message",)}, {"kinds": ("weibo",)}),
        ("min_documents = 5", {"documents": 5}, {"documents": 4}),
        ("min_negative_share = 0.5", {"documents": 4, "negative": 2}, {"documents": 5, "negative": 2}),
        ("min_rumours = 2", {"rumours": 2}, {"rumours": 1}),
        ("max_authority = 0", {"authority": 0}, {"authority": 1}),
        ("min_heat = 50", {"heat": 50.0}, {"heat": 49.9}),
        (
            "min_forecast_6h = 0.5",
            {"forecasts": (Forecast(6, 0.5, 0.4, 0.6, ""),)},
            {"forecasts": (Forecast(24, 0.9, 0.8, 0.95, ""),)},
        ),
    ],
)
def test_a_condition_holds_at_its_bar_and_not_below(
    tmp_path: Path, when: str, holds: dict[str, object], fails: dict[str, object]
) -> None:
    rules = book(tmp_path, when)
    assert len(rules.test(state(**holds), None, NIGHT)) == 1
    assert rules.test(state(**fails), None, NIGHT) == []


def test_watch_words_are_looked_for_in_title_and_text(tmp_path: Path) -> None:
    rules = book(tmp_path, 'words = ["刺鼻"]\nwithout = ["演练"]')
    seen = state(title="化工园异味")
    assert rules.test(seen, judged(1, NIGHT, text="一股刺鼻的气味"), NIGHT)
    assert not rules.test(seen, judged(1, NIGHT, text="刺鼻气味应急演练"), NIGHT)
    assert not rules.test(seen, judged(1, NIGHT, text="没什么味道"), NIGHT)


def test_a_loud_and_happy_festival_does_not_alert_as_negative() -> None:
    life = Life()
    for number in range(40):
        kind, source = (Kind.WEIBO, "微博") if number % 2 else (Kind.NEWS, "澜州日报")
        at = NIGHT + timedelta(minutes=6 * number)
        one = judged(number, at, kind, source, f"a{number}", "油菜花节开幕", Polarity.POSITIVE, topic=("教育文体", ""))
        life.see("festival", one)
    seen = life.book.state("festival", life.now)
    assert seen.stage is Stage.HOT
    assert load_rules().test(seen, None, life.now) == []


def test_a_national_topic_without_local_stake_does_not_alert() -> None:
    seen = state(scope=Scope.NATIONAL, stage=Stage.HOT)
    assert load_rules().test(seen, None, NIGHT) == []


def test_a_switched_off_rule_is_silent(tmp_path: Path) -> None:
    rules = book(tmp_path, "min_documents = 1", HEAD.replace("level", "enabled = false\nlevel"))
    assert rules.test(state(), None, NIGHT) == []


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "[rule.when]\nmin_document = 3\n", 7, "min_documents"),
        (HEAD + '[rule.when]\nstages = ["boiling"]\n', 7, "gathering"),
        (HEAD.replace("level = 3", "level = 7") + "[rule.when]\nmin_documents = 1\n", 4, "4（蓝）"),
        (HEAD.replace("duty_officer", "boss") + "[rule.when]\nmin_documents = 1\n", 5, "spokesperson"),
        (HEAD + 'on = "early_sign"\n[rule.when]\nmin_heat = 3\n', 8, "max_odds"),
        (HEAD + "[rule.when]\n", 6, "没有条件"),
        (HEAD + "[rule.when]\nmin_documents = 1\n" + HEAD + "[rule.when]\nmin_documents = 1\n", 9, "用了两次"),
        (HEAD + '[rule.when]\nkey_classes = ["没有的类"]\n', 7, "没有“没有的类”"),
        ("[[rule]]\nkey = \n", 2, "TOML"),
        (HEAD.replace('sentence = "试一试这条规则。"\n', "") + "[rule.when]\nmin_documents = 1\n", 1, "sentence"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_allowed_words(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RulesError) as refused:
        load_rules(path)
    message = str(refused.value)
    assert "mine.toml" in message
    assert f"第 {line} 行" in message
    assert said in message
    assert "原有规则继续有效" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "word",
    [
        "王建国",
        "13800001234",
        "110101199003071234",
        "0523-88881234",
        "@小明同学",
        "张某某",
        "举报李晓红",
        "阿凡提·买买提",
    ],
)
def test_a_rule_that_watches_a_person_a_telephone_or_an_id_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(RulesError, match="不盯人"):
        book(tmp_path, f'words = ["{word}"]')


@pytest.mark.parametrize(
    "word",
    ["拆迁", "区住建局", "王局长", "白鹭河", "恒泰新材料", "12345", "马拉松", "云栖雅苑", "黄色垃圾桶", "高考", "方舱"],
)
def test_matters_places_and_offices_may_be_watched(word: str) -> None:
    assert why_private(word) == ""


@given(st.text(max_size=30))
def test_any_word_gets_an_answer(word: str) -> None:
    assert isinstance(why_private(word), str)


def test_every_condition_explains_itself_in_the_rule_file_help() -> None:
    for name, field in When.model_fields.items():
        assert field.description, name


def test_a_silent_source_is_its_own_subject() -> None:
    rules = load_rules()
    silence = SourceSilence("云港论坛", "forum", NIGHT, 5.0, 12.0)
    first = rules.test_source(silence)
    again = rules.test_source(replace(silence, at=NIGHT + timedelta(hours=1), silent_hours=6.0))
    assert [alert.title for alert in first] == ["信源中断：云港论坛"]
    assert first[0].id == again[0].id
    assert rules.test_source(replace(silence, silent_hours=1.0)) == []
    assert rules.test_source(replace(silence, expected=1.0)) == []


def test_an_unanswered_case_near_its_deadline_alerts() -> None:
    rules = load_rules()
    due = CaseDue("c1", "e1", "恒泰新材料火灾", NIGHT, NIGHT + timedelta(hours=1), 0.2)
    assert rules.test_case(due)[0].level == 2
    assert rules.test_case(replace(due, due_at=NIGHT + timedelta(hours=3))) == []


def test_nothing_found_is_a_statement_with_queries_and_living_sources() -> None:
    rules = load_rules()
    said = rules.statement(Watch(NIGHT, 24, rules.queries(), ("云港论坛", "澜州日报"), ("海棠发布",), 314))[0]
    for part in ("314", "云港论坛", "海棠发布", "不能断言", rules.queries()[0]):
        assert part in said.reason


def test_a_sign_is_told_once_a_week() -> None:
    rules = load_rules()
    sign = Sign("城乡建设", "房屋拆迁", "柳渡镇", NIGHT, 6, 1.0, 0.001, 7, ("m1",), "柳渡镇近 7 天 6 件", "2026-03-09")
    assert rules.test_sign(sign)[0].id == rules.test_sign(replace(sign, messages=9))[0].id
    assert rules.test_sign(sign)[0].id != rules.test_sign(replace(sign, week="2026-03-16"))[0].id
    assert rules.test_sign(replace(sign, odds=0.2)) == []
    assert rules.test_sign(replace(sign, messages=2)) == []
