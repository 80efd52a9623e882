"""Every engine: the same answer whatever the order, calibrated numbers, reasons in words, and no text that breaks it."""

from __future__ import annotations

import random
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.features import READ_AT_MOST, grams, normalise, without_emoticons
from pipeline.analysis.sentiment import ASKED, ENGINES, MODELS, EngineUnknown, SentimentEngine, load_engine
from pipeline.document import Polarity

TEXTS = (
    "气死我了，停水三天连个通知都没有！",
    "今天的灯会真好看，孩子们开心极了[哈哈]",
    "区气象台发布暴雨蓝色预警信号，请注意防范。",
    "工资拖了四个月，老板电话打不通，求帮忙",
    "办事员很耐心，十分钟就办好了，点赞",
    "周三上午召开座谈会，讨论公交线路调整。",
    "呵呵，这就是你们说的便民",
    "虽然排了很久的队，但是结果很满意",
    "救命，怕死了，外面一直在响",
    "@某某 转发微博",
    "周末去了趟医院，碰见老同学",
)

cached_engine = cache(load_engine)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> SentimentEngine:
    return cached_engine(request.param)


def test_judgement_does_not_depend_on_order_or_neighbours(engine: SentimentEngine) -> None:
    first = {text: engine.judge(text) for text in TEXTS}
    for seed in range(3):
        shuffled = random.Random(seed).sample(TEXTS, len(TEXTS))
        assert {text: engine.judge(text) for text in shuffled} == first


@pytest.mark.parametrize("name", ["accurate", "fast"])
def test_another_process_with_another_hash_seed_gives_the_same_bits(name: str) -> None:
    code = (
        "import sys; from pipeline.analysis.sentiment import load_engine; e = load_engine(sys.argv[1]);"
        "print([(s.score, s.confidence) for s in map(e.judge, sys.argv[2:])])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, name, *reversed(TEXTS)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(p for p in sys.path if p)},
    ).stdout
    here = [cached_engine(name).judge(text) for text in reversed(TEXTS)]
    assert out.strip() == str([(s.score, s.confidence) for s in here])


def test_label_is_the_most_probable_and_score_agrees(engine: SentimentEngine) -> None:
    for text in TEXTS:
        judged = engine.judge(text)
        assert 1 / 3 <= judged.confidence <= 1
        assert -1 <= judged.score <= 1
        if judged.label is Polarity.POSITIVE:
            assert judged.score > 0
        if judged.label is Polarity.NEGATIVE:
            assert judged.score < 0
        assert abs(judged.score) <= judged.confidence + 1e-6 or judged.label is Polarity.NEUTRAL


def test_reasons_quote_words_of_the_text_with_place_and_sign(engine: SentimentEngine) -> None:
    text = "气死我了，停水三天连个通知都没有！"
    reasons = [reason for reason in engine.judge(text).reasons if not reason.startswith(ASKED)]
    assert reasons
    for reason in reasons:
        quoted = reason.split("”")[0].removeprefix("“")
        assert quoted
        assert quoted in text
        assert "偏负面" in reason or "偏正面" in reason
        if "第" in reason:
            assert text[int(reason.split("第")[1].split("–")[0]) - 1] == quoted[0]


def test_encoder_is_asked_only_where_characters_are_unsure() -> None:
    engine = cached_engine("accurate")
    assert not any(r.startswith(ASKED) for r in engine.judge("[哈哈][哈哈]太开心了，爱你们！").reasons)
    asked = [text for text in TEXTS if any(r.startswith(ASKED) for r in engine.judge(text).reasons)]
    assert 0 < len(asked) < len(TEXTS)


def test_where_characters_are_sure_both_engines_agree_exactly() -> None:
    for text in TEXTS:
        accurate = cached_engine("accurate").judge(text)
        if not any(reason.startswith(ASKED) for reason in accurate.reasons):
            assert accurate == cached_engine("fast").judge(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\u200b\ufeff",
        "啊" * 5000,
        "!" * 300,
        "😡😡😡💔",
        "<div><p>停水<br>三天</p></div>",
        "ä¸\xad\udcff乱码\x00\ufffd",
        "\ud83d",
        "很生气" * 700_000,
        "a" * 2_000_000,
    ],
)
def test_odd_text_gets_a_judgement(engine: SentimentEngine, text: str) -> None:
    judged = engine.judge(text)
    assert judged.reasons
    assert 0 <= judged.confidence <= 1


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_an_engine(text: str) -> None:
    for name in ENGINES:
        judged = cached_engine(name).judge(text)
        assert judged.label in Polarity
        assert -1 <= judged.score <= 1


def test_nothing_to_judge_is_neutral_and_unsure(engine: SentimentEngine) -> None:
    judged = engine.judge("")
    assert (judged.label, judged.score, judged.confidence) == (Polarity.NEUTRAL, 0.0, 0.0)


def test_traditional_is_judged_as_simplified(engine: SentimentEngine) -> None:
    assert engine.judge("這個物業太讓人氣憤了").score == engine.judge("这个物业太让人气愤了").score


def test_names_of_users_and_addresses_are_not_read() -> None:
    assert normalise("@张三丰 http://t.cn/A6x 好的") == "@ 好的"


@given(st.text(max_size=400))
def test_normalising_twice_changes_nothing_more_than_once(text: str) -> None:
    once = normalise(text)
    assert len(once) <= READ_AT_MOST * 20
    assert without_emoticons(once).count("[哈哈]") == 0


def test_features_are_the_same_on_every_machine() -> None:
    """Frozen: a change here silently unfits every shipped model."""
    frozen = [902287, 113970, 500661, 104505, 64139, 712726, 376194, 916276, 922710]
    assert grams("停水").bucket.tolist() == frozen


def test_model_files_are_small_and_hold_no_text() -> None:
    for path in MODELS.glob("sentiment*.npz"):
        assert path.stat().st_size <= 10_000_000, path.name
        import numpy as np

        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype.kind in "fiu" for name in stored.files), path.name


def test_an_unknown_engine_is_refused_in_words() -> None:
    with pytest.raises(EngineUnknown, match="可选 accurate、fast、snownlp"):
        load_engine("magic")
