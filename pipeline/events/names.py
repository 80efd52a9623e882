"""Proper names by their endings (专名): housing estates, companies, schools, roads… that no gazetteer lists.

A name is kept as its ending and the two characters before it (丽发新城小区 → 新城小区, 丽发新城), because where a name begins
cannot be known without knowing it. Words that stand before any such ending (这个小区, 我们学校) are no names.
"""

from __future__ import annotations

import re

_ENDINGS = (
    "小区|社区|花园|家园|嘉园|公寓|公馆|新城|雅苑|名苑|佳苑|华庭|豪庭|丽都|国际|大厦|广场|商城|公司|集团|厂|小学|中学|学校|学院|大学|幼儿园|医院|"
    "酒店|搅拌站|大道|大桥|水库|景区|苑|(?<!政)府|湾|村"
)
_NAME = re.compile(rf"(?=([一-鿿a-z0-9]{{2}}(?:{_ENDINGS})))")
_NOT_BEFORE = re.compile(
    r"[的了在是这那我你他她它们本该某个家条所有到从和与及等被把对向为就也都还不没去来住很多少几两各每全其此上下里外内前后旁边近附周另给让请]"
    r"|小区|学校|公司|医院|社区|居民|业主|农村|城市|国家|政府|城镇|高档|老旧|新建|安置|商品|开发|物业|建筑|有限|责任|股份|民办|公办|重点|中心|"
    r"劳务|房产|置业|装饰|工程|科技|实业|地产|管理|服务|投资|发展|建设|集团|附属|第一|第二|人民|中医|妇幼|职业|技术|实验|农家|乡镇|一个|县城|行政|贫困|自然|"
    r"影响|导致|进入|进出|占用|配套|公立|大型|培训|惠性|当地|公交|燃气|供水|电力|街道|中小|城中|二期|一期|三期"
)


def names(cleaned: str) -> frozenset[str]:
    """The names in a cleaned text."""
    return frozenset(name for name in _NAME.findall(cleaned) if not _NOT_BEFORE.search(name[:2]))
