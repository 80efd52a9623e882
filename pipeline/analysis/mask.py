"""Masking (脱敏): phone, identity card, bank card, e-mail, account, car plate, room-level address and private people's names.

What the index, pages, mails and exports show is masked here, so this errs on the side of hiding. Short public numbers
(110, 12345, 400-…) stay. Names: only where the text itself says that a private person is named (我叫…, 联系人…, 村民…, a
name beside a phone number); then every occurrence of that name goes. Office-holders (区长…, 书记…) are not private.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.analysis.mask_names import hide_names

_DIGIT = "[0-9０-９]"
_GAP = r"[\s\-—–_·.．、*,，]{0,2}"  # how people part the digits of a number so that machines do not see it
_SPOKEN = "[零〇一二三四五六七八九幺1-9０-９0]"

_IDENTITY = re.compile(rf"(?<!{_DIGIT})[1-9１-９](?:{_GAP}{_DIGIT}){{16}}{_GAP}[0-9０-９xXｘＸ](?!{_DIGIT})")
_OLD_IDENTITY = re.compile(
    rf"(?<!{_DIGIT})[1-6]{_DIGIT}{{5}}{_DIGIT}{{2}}(?:0[1-9]|1[0-2])(?:[0-2]{_DIGIT}|3[01]){_DIGIT}{{3}}(?!{_DIGIT})"
)
_BANK = re.compile(rf"(?<!{_DIGIT})[3-6](?:[\s\-]?{_DIGIT}){{15,18}}(?!{_DIGIT})")
_MOBILE = re.compile(
    rf"(?<!{_DIGIT})(?:(?:\+|＋|00)?{_GAP}86{_GAP})?[1１]{_GAP}[3-9３-９](?:{_GAP}{_DIGIT}){{9}}(?!{_DIGIT})"
)
_GROUPED_MOBILE = re.compile(
    rf"[1１][3-9３-９]{_DIGIT}[\s\-—.·]{_DIGIT}{{4}}[\s\-—.·]{_DIGIT}{{4}}"
)  # even with a digit behind it
_LONG_NUMBER = re.compile(rf"{_DIGIT}{{11,}}")  # whatever it is, a person may be found by it
_SPOKEN_MOBILE = re.compile(rf"[一幺][三四五六七八九](?:[\s\-、]?{_SPOKEN}){{9}}(?!{_SPOKEN})")
_LANDLINE = re.compile(rf"(?<!{_DIGIT})(?:[（(]?0{_DIGIT}{{2,3}}[)）]?[\s\-—–]{{0,2}}){_DIGIT}{{7,8}}(?!{_DIGIT})")
_LOCAL_LINE = re.compile(
    rf"((?:电话|手机|座机|热线|致电|联系方式|拨打|tel|TEL|Tel)[号码是为:：\s]{{0,5}}){_DIGIT}{{3,4}}[\s\-]?{_DIGIT}{{4}}(?!{_DIGIT})"
)
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
_ACCOUNT = re.compile(
    r"((?:微信号|微信|wechat|weixin|vx|VX|QQ群|QQ号|QQ|qq|扣扣|身份证号码|身份证号|身份证|银行卡号|银行卡|卡号|账号|护照号|护照|学籍号|准考证号)"
    r"(?:号码?)?[是为:：\s]{0,4})([A-Za-z0-9_０-９\-]{5,24})"
)
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCES}]\s?[A-HJ-NP-Za-hj-np-z][\s·.•\-]?(?=[A-Za-z0-9*]{{0,5}}\d)[A-HJ-NP-Za-hj-np-z0-9*]{{5,6}}(?:[挂学警港澳])?(?![A-Za-z0-9])"
)

_NUMBER = r"[0-9０-９A-Za-z一二三四五六七八九十零〇百甲乙丙丁]{1,5}"
_BUILDING = rf"(?:第?{_NUMBER}\s?(?:号楼|#楼|#|号|栋|幢|座|期|区|巷|弄|排)\s?)"
_UNIT = rf"(?:{_NUMBER}\s?(?:单元|门洞|门|楼|层)\s?)"
_NO_ROOM = "(?![屋产子价东地租贷源型籍口主外用数均])"
_ROOM = rf"(?:{_NUMBER}\s?(?:室|房间|户{_NO_ROOM}|房{_NO_ROOM}))"
_DASHED = r"(?:[0-9０-９A-Za-z]{1,4}\s?(?:[-－—/]\s?[0-9０-９A-Za-z]{1,4}\s?){1,3})"
_ADDRESS = re.compile(
    rf"{_BUILDING}{{1,3}}{_UNIT}?{_ROOM}"
    rf"|{_BUILDING}{{0,3}}{_NUMBER}\s?单元\s?(?:{_ROOM}|{_DASHED}|[0-9０-９]{{3,4}})"
    rf"|{_BUILDING}{{1,3}}{_NUMBER}\s?单元"
    rf"|{_NUMBER}\s?(?:栋|幢|号楼|座)\s?(?:{_DASHED}|[0-9０-９]{{3,4}}(?![0-9０-９年元]))"
    rf"|(?<![0-9０-９])[0-9０-９]{{3,4}}\s?(?:室|房间|房{_NO_ROOM})"
)
_MAY_BE_ADDRESS = re.compile("[室户房元栋幢座]|号楼")
_HOME = re.compile(
    r"((?:家住|住在|住址|地址|本人住|我住|现住|居住地|户籍地|住所)[是为于在:：\s]{0,3}[^，。；！？\n]{0,24}?(?:路|街|巷|村|组|弄|道|小区|园|苑|城|庭|湾|府))"
    r"([0-9０-９一二三四五六七八九十]{1,5}\s?(?:号|组|栋|幢|号楼|弄|队)(?:\s?[0-9０-９一二三四五六七八九十]{1,5}\s?(?:号|栋|幢|楼|单元|室|户))*)"
)

HIDDEN_PHONE, HIDDEN_IDENTITY, HIDDEN_CARD, HIDDEN_NUMBER = "［电话］", "［身份证号］", "［卡号］", "［号码］"
HIDDEN_MAIL, HIDDEN_ACCOUNT, HIDDEN_PLATE, HIDDEN_ADDRESS = "［邮箱］", "［账号］", "［车牌］", "［门牌］"


def _account(found: re.Match[str]) -> str:
    return found[1] + HIDDEN_ACCOUNT if any(c.isdigit() for c in found[2]) or len(found[2]) > 6 else found[0]


_DIGITS_ONLY: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_IDENTITY, HIDDEN_IDENTITY),
    (_ACCOUNT, _account),
    (_BANK, HIDDEN_CARD),
    (_MOBILE, HIDDEN_PHONE),
    (_GROUPED_MOBILE, HIDDEN_PHONE),
    (_OLD_IDENTITY, HIDDEN_IDENTITY),
    (_LONG_NUMBER, HIDDEN_NUMBER),
    (_LANDLINE, HIDDEN_PHONE),
    (_LOCAL_LINE, lambda found: found[1] + HIDDEN_PHONE),
)
_HAS_DIGIT = re.compile(_DIGIT)


def mask(text: str) -> str:
    """The text with everything that finds a private person hidden. Idempotent; never longer than it must be."""
    if "@" in text:
        text = _MAIL.sub(HIDDEN_MAIL, text)
    if _HAS_DIGIT.search(text):
        for pattern, hidden in _DIGITS_ONLY:
            text = pattern.sub(hidden, text)
        text = _PLATE.sub(HIDDEN_PLATE, text)
    text = _SPOKEN_MOBILE.sub(HIDDEN_PHONE, text)
    if "住" in text or "地" in text:
        text = _HOME.sub(rf"\1{HIDDEN_ADDRESS}", text)
    if _MAY_BE_ADDRESS.search(text):
        text = _ADDRESS.sub(HIDDEN_ADDRESS, text)
    return hide_names(text, (HIDDEN_PHONE, HIDDEN_IDENTITY))
