"""What is only suggested to a person: kind of opinion, rumour, asks, accusation; and who may be responsible."""

from __future__ import annotations

import pytest

from pipeline.analysis.accusation import accused_units
from pipeline.analysis.analyse import Analyser
from pipeline.document import Analysis, Document, Kind


def read(analyser: Analyser, text: str, kind: Kind = Kind.MESSAGE, title: str = "", source: str = "") -> Analysis:
    return analyser.analyse(Document(id="d", text=text, kind=kind, title=title, source=source))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("建议在白鹭村增设公交站，最好能优化发车时间", "建设性意见"),
        ("家里停水三天了，老人孩子没有水喝，实在困难，求助", "实际困难"),
        ("实名举报村里截留补偿款，贪污公款，非法占用耕地", "重大问题"),
        ("请问学区到底是不是要取消，看不懂这个政策是什么意思", "模糊认识"),
    ],
)
def test_kind_of_opinion_is_suggested_with_the_words_that_say_so(analyser: Analyser, text: str, kind: str) -> None:
    found = read(analyser, text).opinion_kind
    assert found is not None
    assert found.label == kind
    assert any("文中" in reason for reason in found.reasons)
    assert any("由人确定" in reason for reason in found.reasons)


def test_a_text_that_voices_nothing_has_no_kind_of_opinion(analyser: Analyser) -> None:
    assert read(analyser, "白鹭镇油菜花节今天开幕，游客三万人", Kind.NEWS).opinion_kind is None


def test_no_text_is_ever_called_a_wrong_opinion(analyser: Analyser) -> None:
    for text in ("政府全是骗子", "官方造谣", "这个政策完全错误", "胡说八道，都是假的"):
        found = read(analyser, text, Kind.WEIBO)
        assert found.opinion_kind is None or found.opinion_kind.label != "错误看法"


@pytest.mark.parametrize(
    "text",
    [
        "听说化工厂爆炸死了十几个人，求证实",
        "网传实验小学食堂有人中毒，不知真假，速转",
        "家长群都在传自来水有毒，到底真的假的",
    ],
)
def test_an_unverified_claim_is_flagged_with_its_marks(analyser: Analyser, text: str) -> None:
    found = read(analyser, text, Kind.WEIBO).rumour
    assert found is not None
    assert found.label == "未经证实"
    assert len(found.reasons) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "气死我了，停水三天连个通知都没有，太差劲了",
        "【辟谣】网传“化工厂爆炸死了十几个人”系谣言，请不信谣不传谣",
        "通报：15日2时40分一仓库起火，2人受伤，明火已扑灭",
        "听说新开的那家面馆不错",
    ],
)
def test_anger_refutation_and_plain_report_are_no_rumour(analyser: Analyser, text: str) -> None:
    assert read(analyser, text, Kind.WEIBO).rumour is None


def test_asks_are_the_sentences_that_demand_or_ask_masked(analyser: Analyser) -> None:
    found = read(
        analyser,
        "尊敬的领导您好！我叫王建国。我家房子去年拆了。补偿款什么时候发？恳请尽快给王建国一个答复，电话13812345678。谢谢！",
    ).asks
    assert found == ("补偿款什么时候发？", "恳请尽快给王某某一个答复，电话［电话］。")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("希望不是只热这一天", Kind.WEIBO),
        ("通报很快很清楚，希望伤员早日康复", Kind.WEIBO),
        ("刚看到十几辆消防车往沙洲方向去，望平安。", Kind.WEIBO),
        ("征求意见延长至3月31日，欢迎报名。", Kind.WEIBO),
        ("宁溪望湖县环湖公路一辆客车侧翻", Kind.WEIBO),
        ("【情况通报】各单位要求落实到位，建议居民暂时关闭门窗。", Kind.WEIBO),
        ("学校要求七点二十到校。盼复。", Kind.MESSAGE),
        ("会议要求，各单位要倒排进度。", Kind.NEWS),
        ("国家市场监管总局要求各地依法从严查处。", Kind.WECHAT),
    ],
)
def test_wishes_courtesies_and_what_institutions_demand_are_no_asks(analyser: Analyser, text: str, kind: Kind) -> None:
    assert read(analyser, text, kind).asks == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("到底有没有人受伤？", Kind.WEIBO),
        ("@云港城管 请回应。", Kind.WEIBO),
        ("希望夜间十点后停止切割，白天洒水降尘。", Kind.MESSAGE),
        ("村民反映河道淤塞，望有关部门尽快清理", Kind.HOTLINE),
        ("【拆迁款拖了五个月？】镇里怎么说？", Kind.WEIBO),
    ],
)
def test_demands_and_questions_to_an_office_are_asks(analyser: Analyser, text: str, kind: Kind) -> None:
    assert read(analyser, text, kind).asks


@pytest.mark.parametrize(
    ("text", "accused"),
    [
        ("实名举报柳渡镇柳东村村支书截留补偿款，公款吃喝", "柳东村"),
        ("举报区住建局工作人员收受回扣，吃拿卡要", "区住建局"),
        ("青塘镇政府不作为乱作为", "青塘镇"),
    ],
)
def test_a_report_of_wrongdoing_never_goes_to_the_unit_it_names(analyser: Analyser, text: str, accused: str) -> None:
    found = read(analyser, text)
    assert accused in found.accusation
    assert found.departments[0].name == "区纪委监委"
    assert "不转被举报单位" in found.departments[0].reason
    assert all(guess.name not in found.accusation for guess in found.departments)


@pytest.mark.parametrize(
    ("said", "units"),
    [
        ("柳渡镇柳东村 村委会主任", ("柳渡镇柳东村", "柳渡镇")),
        ("区城管局 队员", ("区城管局",)),
        ("滨江街道 澜州市云港生态环境局", ("滨江街道", "澜州市云港生态环境局")),
        ("村支书", ()),
        ("镇政府", ()),
        ("", ()),
    ],
)
def test_the_units_that_an_accusation_names_are_known_by_their_own_names(said: str, units: tuple[str, ...]) -> None:
    assert accused_units(said) == units


@pytest.mark.parametrize(
    "text",
    [
        "举报楼下烧烤摊油烟扰民",
        "区住建局局长出席物业工作会议",
        "投诉楼上半夜装修",
        "区住建局领导：小区物业侵吞维修基金",
        "请区市场监管局查处，老板骗取老人的钱",
        "在停车场无故被殴打，已向派出所报案。打人者至今不露面",
    ],
)
def test_a_complaint_about_no_office_accuses_nobody_of_office(analyser: Analyser, text: str) -> None:
    assert read(analyser, text).accusation == ""


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("小区物业乱收费，业委会不管", "区住建局"),
        ("工地拖欠农民工工资半年，讨薪无门", "区人社局"),
        ("学校食堂饭菜变质，家长要求校长解释", "区教育局"),
        ("柳河又黑又臭，偷排污水，死鱼一片", "澜州市云港生态环境局"),
        ("房屋征收补偿款一直没有发，过渡费也停了", "区征收办"),
        ("自来水停水两天，水压一直不足", "云港水务公司"),
    ],
)
def test_the_responsible_department_comes_first_with_its_duty(analyser: Analyser, text: str, first: str) -> None:
    found = read(analyser, text).departments
    assert found[0].name == first
    assert len(found) <= 3
    assert "职责" in found[0].reason


def test_the_town_answers_for_its_own_ground(analyser: Analyser) -> None:
    found = read(analyser, "柳渡镇柳东村的补偿款一直没有发").departments
    town = next(guess for guess in found if guess.name == "柳渡镇")
    assert "属地" in town.reason
