"""Topics: the trained model on messages, precise rules for the rest, words where the text is short, and the floors kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.analyse import Analyser
from pipeline.analysis.district import OTHER
from pipeline.analysis.topic_features import word_hash
from pipeline.analysis.topic_model import SHIPPED, TopicModel
from pipeline.analysis.train_topic import Example, TrainingRefused, read_examples, train
from pipeline.document import Document, Kind, Topic

FLOORS = json.loads((Path(__file__).parents[2] / "evaluation" / "topic.json").read_text(encoding="utf-8"))


def topic(analyser: Analyser, text: str, kind: Kind = Kind.MESSAGE, title: str = "") -> Topic:
    return analyser.analyse(Document(id="d", text=text, kind=kind, title=title)).topic


@pytest.mark.parametrize(
    ("text", "label", "sub"),
    [
        ("我家房屋去年被拆迁，补偿款和过渡费到现在都没有发，请问什么时候能发下来", "城乡建设", "房屋拆迁"),
        ("小区物业乱收停车费，业委会也不管，请住建部门查处", "城乡建设", "物业"),
        ("我们是农民工，工地老板拖欠工资半年了，请劳动监察部门帮忙讨薪", "劳动和社会保障", "农民工工资"),
        ("学区划分不合理，孩子无法入学，学位紧张，请教育局解释招生政策", "教育文体", "招生入学"),
        ("医院看病排队太久，医生态度差，手术费用不合理", "卫生计生", "医疗服务"),
        ("化工厂晚上偷排废气，刺鼻异味，居民睡不着，请环保局查处", "环境保护", "空气"),
        ("出租车司机拒载不打表，乱收费，请交通运输局运管处查处", "交通运输", "出租网约"),
        ("旅行社强制购物，导游欺骗游客，景区门票也乱收费", "商贸旅游", "旅游"),
    ],
)
def test_messages_get_topic_and_finer_topic(analyser: Analyser, text: str, label: str, sub: str) -> None:
    found = topic(analyser, text)
    assert (found.label, found.sub) == (label, sub)
    assert found.reasons
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("沙洲镇化工园一仓库凌晨起火，消防救援力量已到场处置，明火已扑灭", "安全生产"),
        ("澜州市气象台发布暴雨红色预警信号", "公共安全"),
        ("警情通报：一男子因编造谣言被行政拘留", "公共安全"),
        ("云港区2025年部门决算公开", "党务政务"),
        ("申请低保户的条件和流程公布", "民政救助"),
    ],
)
def test_other_topics_fire_by_their_rules_and_say_so(analyser: Analyser, text: str, label: str) -> None:
    found = topic(analyser, text, Kind.NEWS)
    assert found.label == label
    assert found.reasons[0].startswith("规则：")


@pytest.mark.parametrize(
    "text",
    [
        "小区消防通道被占，万一发生火灾后果不堪设想，请物业和城管部门解决停车问题",
        "单位不给缴纳社保，听说低保户才有补贴，请问养老保险怎么办理",
    ],
)
def test_a_word_in_passing_fires_no_rule(analyser: Analyser, text: str) -> None:
    assert not topic(analyser, text).reasons[0].startswith("规则")


@pytest.mark.parametrize("text", ["", "。。。", "哈哈哈", "a" * 5000, "明天见"])
def test_a_text_that_says_nothing_is_other(analyser: Analyser, text: str) -> None:
    found = topic(analyser, text, Kind.WEIBO)
    assert found.label == OTHER
    assert found.reasons


def test_the_shipped_model_is_small_and_holds_no_words() -> None:
    assert SHIPPED.stat().st_size <= 10_000_000
    with np.load(SHIPPED, allow_pickle=False) as stored:
        assert {name: stored[name].dtype.kind for name in stored} == {
            "labels": "U",
            "vocabulary": "u",
            "keys": "u",
            "idf": "f",
            "weights": "f",
            "bias": "f",
            "temperature": "f",
        }
        assert len(stored["labels"]) == 7


def test_the_number_of_a_word_never_changes() -> None:
    assert word_hash("拆迁") == 566800769


def test_an_office_trains_its_own_model_on_its_own_labels(tmp_path: Path) -> None:
    rows = [f"水务\t自来水停水水压不足第{n}天没有水用" for n in range(12)] + [
        f"路灯\t路灯不亮晚上很黑第{n}次反映" for n in range(12)
    ]
    data = tmp_path / "labels.tsv"
    data.write_text("label\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")
    accuracy = train(read_examples(data), tmp_path / "topic.npz")
    assert accuracy == 1.0
    verdict = TopicModel.load(tmp_path / "topic.npz").judge("我家又停水了没有水用")
    assert verdict.labels[int(np.argmax(verdict.odds))] == "水务"
    assert verdict.words


def test_training_twice_gives_the_same_file(tmp_path: Path) -> None:
    examples = [
        Example(label, f"{word}{n}很多人反映{word}")
        for n in range(8)
        for label, word in (("甲", "停水"), ("乙", "拆迁"))
    ]
    train(examples, tmp_path / "one.npz")
    train(examples, tmp_path / "two.npz")
    one, two = TopicModel.load(tmp_path / "one.npz"), TopicModel.load(tmp_path / "two.npz")
    assert np.array_equal(one.weights, two.weights)
    assert np.array_equal(one.keys, two.keys)


@pytest.mark.parametrize("text", ["text\tother\na\tb\n", "label\ttext\n甲\t停水\n"])
def test_a_file_that_cannot_train_is_refused_in_words(tmp_path: Path, text: str) -> None:
    data = tmp_path / "bad.tsv"
    data.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingRefused, match=r"bad\.tsv"):
        read_examples(data)


def test_rules_of_other_topics_hardly_ever_fire_on_messages(analyser: Analyser, shared_data: Path) -> None:
    """Every firing on a row of these seven labels is an error of the bar."""
    rows = read_examples(shared_data / "messages" / "topic_train_tokens.tsv")
    fired = sum(
        analyser.analyse(Document(id="d", text="".join(row.tokens), kind=Kind.MESSAGE))
        .topic.reasons[0]
        .startswith("规则")
        for row in rows[::10]
    )
    assert fired / len(rows[::10]) <= FLOORS["rules_fire_at_most"]
