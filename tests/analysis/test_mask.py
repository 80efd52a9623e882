"""What index, pages, mails and exports show never finds a private person."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.clean import clean
from pipeline.analysis.mask import mask

MOBILE = "13812345678"


@pytest.mark.parametrize(
    "written",
    [
        MOBILE,
        "138-1234-5678",
        "138 1234 5678",
        "+86 13812345678",
        "86-138-1234-5678",
        "１３８１２３４５６７８",
        "1 3 8 1 2 3 4 5 6 7 8",
        "138.1234.5678",
        "一三八一二三四五六七八",
        "0523-86961234",
        "(0523)86961234",
        "电话：8696 1234",
    ],
)
def test_a_phone_number_goes_however_it_is_written(written: str) -> None:
    masked = mask(f"请回电{written}，谢谢")
    assert not re.search(r"\d{4}", masked)
    assert "［电话］" in masked


@pytest.mark.parametrize("public", ["110", "12345", "12315", "400-800-1234"])
def test_a_short_public_number_stays(public: str) -> None:
    assert public in mask(f"请拨打{public}反映")


@pytest.mark.parametrize(
    "number", ["320123199001011234", "32012319900101123X", "320123 19900101 1234", "320123900101123"]
)
def test_an_identity_card_goes(number: str) -> None:
    masked = mask(f"身份证号：{number}")
    assert not re.search(r"\d{6}", masked)


@pytest.mark.parametrize("plate", ["苏A12345", "苏A·12345", "苏MD12345", "沪B 8K3C2", "浙A·Q12F3"])
def test_a_car_plate_goes(plate: str) -> None:
    assert mask(f"一辆{plate}的货车") == "一辆［车牌］的货车"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("锦绣江南小区3栋2单元501室漏水", "锦绣江南小区［门牌］漏水"),
        ("家住振兴路12号", "家住振兴路［门牌］"),
        ("住在柳东村3组12号", "住在柳东村［门牌］"),
        ("5栋1203渗水", "［门牌］渗水"),
        ("5栋1-1203渗水", "［门牌］渗水"),
    ],
)
def test_an_address_loses_its_door_and_keeps_its_street(written: str, shown: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "3号楼停水三天",
        "2019年3月5日",
        "补偿款100080元",
        "12路公交",
        "3月15日2时40分",
        "5000户居民",
        "一户一表改造",
        "房价涨了",
    ],
)
def test_what_is_no_address_or_number_of_a_person_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("我叫王建国，求帮助", "我叫王某某，求帮助"),
        ("我叫赵大有，求帮助", "我叫赵某某，求帮助"),
        ("联系人：李家明，请回电", "联系人：李某某，请回电"),
        ("联系人：李小梅 13812345678", "联系人：李某某 ［电话］"),
        ("我是柳渡镇的村民赵大海，我家被拆", "我是柳渡镇的村民赵某某，我家被拆"),
        ("老板张三电话：13812345678", "老板张某电话：［电话］"),
        ("13812345678 欧阳文静", "［电话］ 欧阳某某"),
        ("我叫王建国。昨天王建国去了镇里", "我叫王某某。昨天王某某去了镇里"),
    ],
)
def test_a_private_name_goes_everywhere_in_the_text(written: str, shown: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "区长王强出席会议",
        "胡书记您好",
        "业主高兴地说",
        "业主和物业吵架",
        "业主王女士说电梯坏了",
        "村民应当按时缴费",
        "老人和小孩都病了",
    ],
)
def test_office_holders_titles_and_ordinary_words_stay(text: str) -> None:
    assert mask(text) == text


def test_an_account_and_an_address_of_mail_go() -> None:
    assert mask("微信号：abc_12345，邮箱 zhang.san@mail.example.com") == "微信号：［账号］，邮箱 ［邮箱］"


@given(
    st.text(alphabet="我叫住在云港区3栋，。 \n", max_size=40),
    st.text(alphabet=" -·.", max_size=1),
    st.text(max_size=20),
)
def test_no_mobile_number_survives_wherever_it_stands(before: str, gap: str, after: str) -> None:
    number = gap.join("13812345678")
    masked = mask(clean(f"{before}，{number}，{after.translate(dict.fromkeys(range(48, 58)))}"))
    assert "13812345678" not in re.sub(r"[\s\-·.]", "", masked)


@given(st.text(alphabet="我叫王建国联系人电话138123456780栋单元室住路村号，。：张苏A ", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


def test_numbers_planted_anywhere_in_real_messages_are_all_hidden(shared_data: Path) -> None:
    chance = random.Random(3)
    with (shared_data / "messages" / "hot_issue_messages.tsv").open(encoding="utf-8", newline="") as handle:
        texts = [clean(row["留言详情"]) for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)][:800]
    for text in texts:
        number = "1" + chance.choice("3456789") + "".join(chance.choice("0123456789") for _ in range(9))
        written = chance.choice((number, f"{number[:3]}-{number[3:7]}-{number[7:]}", f"+86 {number}", f"({number})"))
        at = chance.randint(0, len(text))
        masked = mask(text[:at] + written + text[at:])
        assert number not in re.sub(r"\D", "", masked)
