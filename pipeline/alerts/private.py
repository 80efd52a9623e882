"""What must not be watched (不盯人): telephone and ID numbers, accounts, and names of private persons.

A guard at the border of the rules, so it errs on the side of refusing: a word that is read only as a person's name is
refused, whoever bears it; offices and posts ("区长", "住建局") are matters of public business and may be watched.
"""

from __future__ import annotations

import re

import rjieba

_NUMBERS = (
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[\d*xX]{4}\d{4}(?!\d)"), "是手机号码"),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15}(?!\d)"), "是身份证号码"),
    (re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"), "是电话号码"),
    (re.compile(r"@\S+|^uid\s*[:：]?\s*\d+", re.IGNORECASE), "是个人账号"),
    (re.compile(r"^\d{6,}$"), "是一串号码"),
)
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍"
    "位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀"
)
_DOUBLE_SURNAMES = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
    "尉迟",
    "慕容",
    "令狐",
    "东方",
    "司徒",
    "端木",
    "夏侯",
    "公孙",
)
_HAN = re.compile(r"^[\u4e00-\u9fff]{2,4}$")
_ADDRESSED = re.compile(rf"^[{''.join(sorted(_SURNAMES))}](?:某{{1,2}}|先生|女士|小姐|大爷|大妈|阿姨)$")
_COMMON_WORDS = (  # tagged as names by the dictionary, yet ordinary words of public business
    "马拉松 黄牛 熊猫 温泉 童工 夏令营 顾客 左转 雷雨 黎明 文明 安康 康复 高峰 高温 金秋 江南 江北 江东 白云 黄河 黄山 长江 钟楼 鲁班 雷锋 "
    "包子 包公 方便 方舟 常青 向阳 阳光 洪峰 洪涝 洪灾 汛期 余震 丁香 石榴 石膏 柳絮 杨梅 杨柳 杨絮 梅雨 易燃 易爆 宁静 安宁 安居 安然 "
    "施救 单亲 单车 危房 车险 车展 车库 管道 管护 盛夏 宫颈 景观 卫健委 卫生 卫士 席位 解封 游客 游船 曲线 童车 毛毯 田径 牛肉 古筝"
)
_PLACE_ENDINGS = tuple("村镇乡路街巷道河湖江海桥苑区县市省局院校厂园站港湾岛山庄寨屯里弄楼店所馆场城塘沟坝堤会")
_MIDDLE_DOT = re.compile(r"^[\u4e00-\u9fff]{1,8}[·•][\u4e00-\u9fff]{1,8}$")


def why_private(word: str) -> str:
    """Why `word` would watch a private person, '' when it does not."""
    word = word.strip()
    for pattern, why in _NUMBERS:
        if pattern.search(word):
            return why
    return "像是个人姓名" if _is_name(word) else ""


def _is_name(word: str) -> bool:
    if len(word) > 1 and word in _COMMON_WORDS:
        return False
    if _MIDDLE_DOT.match(word) or _ADDRESSED.match(word):
        return True
    tags: list[tuple[str, str]] = rjieba.tag(word)
    if len(tags) > 1:
        return _names_somebody(tags) or (bool(_HAN.match(word)) and _spelt_as_name(word, tags))
    return bool(tags) and tags[0][1].startswith("nr") and _has_form_of_name(word)


def _names_somebody(tags: list[tuple[str, str]]) -> bool:
    """A full name among other words (“某某某打人”), not part of a place's or a unit's name."""
    following = [token for token, _ in tags[1:]] + [""]
    return any(
        tag.startswith("nr") and len(token) >= 3 and _has_form_of_name(token) and not after.endswith(_PLACE_ENDINGS)
        for (token, tag), after in zip(tags, following, strict=True)
    )


def _has_form_of_name(word: str) -> bool:
    if word.endswith(_PLACE_ENDINGS):
        return False
    return (2 <= len(word) <= 3 and word[0] in _SURNAMES) or (3 <= len(word) <= 4 and word.startswith(_DOUBLE_SURNAMES))


def _spelt_as_name(word: str, tags: list[tuple[str, str]]) -> bool:
    """A surname and one or two signs that the dictionary cuts apart, none of them a working word."""
    if not _has_form_of_name(word) or len(tags[0][0]) > 2:
        return False
    given = tags[1:] if len(tags[0][0]) == 1 else tags
    return all(
        (tag[0] in "nax" and tag not in ("ns", "nt", "n")) or (len(token) == 1 and tag[0] in "nagx")
        for token, tag in given
    )
