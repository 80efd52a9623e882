"""Private people's names (姓名脱敏): hidden where the text itself says that a private person is named.

Cues: 我叫…, 联系人…, 村民…, a signature, a name beside a number that was hidden. Once a name is known, every occurrence of it
in the text goes. Office-holders (区长…, 书记…) are not private and stay; so do ordinary words that begin like a surname.
"""

from __future__ import annotations

import re

from pipeline.analysis.words import tagged

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季"
    "裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦"
    "戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻"
    "苑迟邝"
)
_DOUBLE = "欧阳|上官|司马|诸葛|皇甫|司徒|东方|令狐|慕容|尉迟|夏侯"
_GIVEN = r"(?!联系|电话|手机|身份|住址|反映|举报|投诉)[\u4e00-\u9fff]"
_NAME = rf"(?:(?:{_DOUBLE}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}})"
_WORDS = frozenset(
    re.findall("..", "陈述钱财孙子宁静石头高度周边马上白天常年万一方便安全严重明确全部单位成员任何何时管理")
)
_TITLES = frozenset(
    (
        "先生",
        "女士",
        "某",
        "某某",
        "某某某",
        "小姐",
        "师傅",
        "大爷",
        "大妈",
        "阿姨",
        "老师",
        "同学",
        "同志",
        "局长",
        "书记",
        "镇长",
        "区长",
        "主任",
        "医生",
        "经理",
    )
)
_NOT_A_NAME = frozenset(
    "的了是在有和与就不也都要对被把给让向从到请说讲问住家村组镇县市区路街号年月日户因为于我你他她们这那该其及或等会能可已将没无未只又再很最"
)
_NAME_END = (
    r"(?=[，。；、！？：:,.;!?\s（(）)“”\"'《》]|$|电话|手机|联系|身份证|等人|同志|先生|女士|反映|一家"
    r"|[男女今现的是于在因系家住被向说从我户和与诉称之要已患来本])"
)
_SURE_ROLES = (
    "我叫|我的名字叫|名叫|名字是|姓名|申请人|投诉人|举报人|反映人|诉求人|来电人|联系人|联络人|收件人|户主|法人代表"
)
_ROLES = (
    "当事人|受害人|死者|伤者|患者|家属|业主|房主|车主|村民|居民|市民|租客|学生|职工|员工|工友|邻居|老板|房东|包工头|老人|我是|本人"
    "|我?(?:父亲|母亲|爸爸|妈妈|爸|妈|丈夫|妻子|老公|老婆|儿子|女儿|爱人|爷爷|奶奶|哥哥|弟弟|姐姐|妹妹)"
)
_SAYS_A_NAME = ("我叫", "我的名字叫", "名叫", "名字是")
_LINK = r"(?:为|是|叫|系|：|:|\s|名叫|叫做|[（(]){0,2}"
_SIGNED = re.compile(
    rf"(?:此致[\s，,！!。]{{0,3}})?敬礼[\s！!。，,]{{0,4}}({_NAME})(?=[\s，。,.]{{0,3}}(?:\d|$|☎|电话|二))"
)
_CUED_SURELY = re.compile(rf"(?:(?:{_SURE_ROLES})(?P<link>{_LINK})|(?:我叫|名叫|名字是))({_NAME}){_NAME_END}")
_CUED = re.compile(rf"(?:{_ROLES}){_LINK}({_NAME}){_NAME_END}")
_BESIDE_PHONE = re.compile(
    rf"(?<![\u4e00-\u9fff])({_NAME})(?:先生|女士|同志)?[\s，,：:（(]{{0,2}}(?:的?(?:电话|手机|联系方式|联系电话|手机号)[号码是为:：\s]{{0,4}})?(?=☎)"
)
_BEHIND_PHONE = re.compile(rf"☎[\s，,：:（(]{{0,2}}({_NAME})(?![\u4e00-\u9fff])")
_PHONE_MARK = "☎"


def hide_names(text: str, hidden_numbers: tuple[str, ...]) -> str:
    """Private names, wherever in the text they occur once known; `hidden_numbers` mark where a number stood."""
    cued = [
        (found[2], found["link"] != "" or found[0].startswith(_SAYS_A_NAME)) for found in _CUED_SURELY.finditer(text)
    ]
    introduced = {name for name, surely in cued if surely}
    names = {name for name, surely in cued if not surely and _like_a_name(name)}
    names |= {found[1] for found in _SIGNED.finditer(text)}
    names |= {found[1] for found in _CUED.finditer(text) if _like_a_name(found[1])}
    marked = text
    for hidden in hidden_numbers:
        marked = marked.replace(hidden, _PHONE_MARK)
    if _PHONE_MARK in marked:
        for pattern in (_BESIDE_PHONE, _BEHIND_PHONE):
            names |= {found[1] for found in pattern.finditer(marked) if _like_a_name(found[1])}
    private = set(filter(_introduced, introduced)) | set(filter(_plausible, names))
    for name in sorted(private, key=lambda one: (-len(one), one)):
        family = name[:2] if name[:2] in _DOUBLE.split("|") else name[0]
        text = text.replace(name, f"{family}某某" if len(name) - len(family) > 1 else f"{family}某")
    return text


def _introduced(name: str) -> bool:
    """A name that the text itself introduces may hold a function word (赵大有, 李家明), but not only such, and no title."""
    return name[1:] not in _TITLES and any(character not in _NOT_A_NAME for character in name[1:])


def _plausible(name: str) -> bool:
    """Not a surname-like character followed by a function word, nor already hidden (于是, 和我, 王某某, 王女士)."""
    return not any(character in _NOT_A_NAME for character in name[1:]) and name[1:] not in _TITLES


def _like_a_name(name: str) -> bool:
    """Not the beginning of ordinary words (高兴, 房屋居, 和小孩, 应拿): what the dictionary says of its first word."""
    if name in _WORDS or name[:2] in _DOUBLE.split("|"):
        return name not in _WORDS
    word, tag = tagged(name)[0]
    return tag.startswith(("nr", "x", "eng")) or (
        len(word) == 1 and tag not in ("c", "p", "d", "v", "vn", "r", "m", "u")
    )
