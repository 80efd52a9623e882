"""Irony (反话): praise of an office or a service in one breath with a hardship, and nothing that says it was mended.

The models miss praise words that mean their opposite; these few marks are precise rather than many (figures in the model
card). They shift the judgement towards negative and say so in a reason; they never decide alone.
"""

from __future__ import annotations

import re

SHIFT = 4.0  # of the negative logit
LONGEST = 90  # characters: longer texts are told, not tossed off

_PRAISE = re.compile(
    "点赞|感谢|谢谢|厉害了|真棒|太棒|佩服|真行|真牛|好一个|不愧|贴心|便民|敬业|高效|周到|人性化|服务意识|文明城市"
    "|学到了|真是好|太关心|为民|水平真高|效率真高|速度真快|真快啊|太超前|太先进|辛苦了各位领导"
)
_WHO = re.compile("局|政府|领导|物业|城管|街道办|热线|专家|开发商|部门|政务|规划|电梯|修路|挖路|施工|窗口|信箱|路灯")
_HARDSHIP = re.compile(
    r"[一二两三四五六七八九十几百\d]+(?:年|个月|个多月|天|遍|次|趟|个小时|小时|回)(?:了|都|才|还|没|也|就)"
    "|[打跑等找修停拖坏排问]了[一二两三四五六七八九十几百半\\d]+"
    "|一(?:下雨|坏)就|下雨就|天天(?:堵|停|修|挖)|看海|没人(?:管|接|修)|还没|都没|打不通|在忙|白跑|一脚|掀|复制粘贴|答非所问|推来推去|又停水|又停电|坏一?[个半]"
)
_MOCKING = re.compile(r"\[(?:微笑|doge|鼓掌|二哈|笑cry|允悲|摊手|拜拜|吐|白眼|哼)\]|呵呵|🙂|👏")
_MENDED = re.compile(
    "终于|总算|修好|解决了|办好|办完|及时|平安|到账|来水|来电了|恢复|满意|耐心|热心|热情|开心|感动|暖心|救|帮|不到|只用"
)


def irony(text: str) -> bool:
    """Whether a normalised text praises somebody in charge for a hardship that was not mended."""
    if not _PRAISE.search(text) or _MENDED.search(text) or len(text) > LONGEST:
        return False
    return bool(_WHO.search(text)) and bool(_HARDSHIP.search(text) or _MOCKING.search(text))
