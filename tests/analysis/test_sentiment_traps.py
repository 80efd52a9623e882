"""The five traps of official text, each with sentences of its own (none of them among the training examples)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from pipeline.analysis.sentiment import load_engine
from pipeline.analysis.train_shipped import EXAMPLES, composed_rows
from pipeline.document import Polarity, Sentiment

GOOD_NEWS_ABOUT_A_BAD_EVENT = (
    "昨晚化工园起火，消防救援人员迅速到场处置，火已扑灭，无人员伤亡，周边居民生活正常。",
    "山洪来临前，村干部连夜敲门，一百多名村民全部安全转移，没有一人受伤。",
    "被埋压的两名工人成功获救，目前生命体征平稳，家属对救援人员表示感谢。",
    "大火中消防员接力背出三位老人，老人们全部平安。",
    "塌方后不到一天道路就抢通了，司机们纷纷为养护工人点赞。",
)
SARCASM = (
    "真是好政府啊，修个路修了五年，太关心我们老百姓了。",
    "呵呵，又是“正在研究”，研究了三年了，水平真高。",
    "厉害了，下雨就能在家门口看海，谢谢规划局。",
    "物业真贴心，怕我们长胖，电梯一坏就是两个月。",
    "为热线点赞，打了十八遍都在忙，真是太敬业了[微笑]",
)
NEUTRAL_NOTICE_FULL_OF_BAD_WORDS = (
    "地质灾害黄色预警：预计未来二十四小时，我区南部发生山体滑坡、泥石流灾害的风险较高，请有关单位做好防范。",
    "情况通报：三月十五日二时四十分许，沙洲镇一企业发生火灾，事故造成二人受伤，起火原因正在调查中。",
    "区应急管理局通报上月安全生产情况：发生道路运输事故三起，死亡一人。",
    "警情通报：犯罪嫌疑人李某因涉嫌盗窃已被依法刑事拘留，案件正在进一步侦办中。",
    "关于开展燃气爆炸、坍塌、中毒等事故隐患排查整治的通知",
)
POLITE_COMPLAINT = (
    "尊敬的领导您好，我们小区的电梯已经停运两个多月了，老人上下楼很困难，恳请帮忙协调，谢谢。",
    "您好，打扰了。村里的自来水最近一直是黄的，向镇里反映过两次，没有答复，麻烦您关注一下。",
    "领导辛苦了，我在工地干了半年，工资一直没有结，恳请有关部门帮帮我们，万分感谢。",
    "希望有关部门能够重视一下夜间施工的问题，孩子马上中考，每晚都休息不好，谢谢您。",
    "恳请督促开发商尽快办理房产证，我们已经等了三年，孩子上学等着用，不胜感激。",
)
QUOTE_OF_SOMEBODY_ELSES_ANGER = (
    "针对网友所说的“物业就是一群骗子”，街道办回应称，已约谈物业公司并要求公示账目。",
    "有家长在评论区留言“太让人愤怒了”，区教育局表示，调查组已进驻学校，结果将及时公布。",
    "对于村民“还我土地”的呼声，镇政府工作人员介绍，补偿方案正在公示，公示期为十五天。",
    "业主在帖子中写道“再也不相信开发商”，记者就此联系项目公司，对方表示将于本周书面答复。",
    "评论里有人骂“吃人血馒头”，平台回应称已收到举报，正在核查。",
)

engine = cache(load_engine)


def judge(text: str) -> Sentiment:
    return engine("accurate").judge(text)


@pytest.mark.parametrize("text", GOOD_NEWS_ABOUT_A_BAD_EVENT)
def test_official_good_news_about_a_bad_event_is_not_negative(text: str) -> None:
    judged = judge(text)
    assert judged.label is not Polarity.NEGATIVE
    assert judged.score > 0


@pytest.mark.parametrize("text", SARCASM)
def test_sarcasm_is_negative(text: str) -> None:
    assert judge(text).label is Polarity.NEGATIVE


@pytest.mark.parametrize("text", NEUTRAL_NOTICE_FULL_OF_BAD_WORDS)
def test_neutral_notice_full_of_bad_words_is_neutral(text: str) -> None:
    assert judge(text).label is Polarity.NEUTRAL


@pytest.mark.parametrize("text", POLITE_COMPLAINT)
def test_complaint_in_polite_words_is_negative(text: str) -> None:
    assert judge(text).label is Polarity.NEGATIVE


@pytest.mark.parametrize("text", QUOTE_OF_SOMEBODY_ELSES_ANGER)
def test_quote_of_somebody_elses_anger_is_neutral(text: str) -> None:
    assert judge(text).label is Polarity.NEUTRAL


def test_none_of_these_sentences_was_trained_on() -> None:
    trained = Path(EXAMPLES).read_text(encoding="utf-8") + "\n".join(row.text for row in composed_rows())
    every = (
        *GOOD_NEWS_ABOUT_A_BAD_EVENT,
        *SARCASM,
        *NEUTRAL_NOTICE_FULL_OF_BAD_WORDS,
        *POLITE_COMPLAINT,
        *QUOTE_OF_SOMEBODY_ELSES_ANGER,
    )
    assert not [text for text in every if text in trained]
