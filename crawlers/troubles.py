"""Why something was missed (缺失原因): one name per reason, and the Chinese words that the ledger shows.

SourceTrouble (a HuiyingError)  the run of one source cannot go on: told loudly, others go on
└── SlowDown                    the server asked for patience (429, 503): `wait_seconds` until it may be asked again
PageTrouble                     one page cannot be had or understood: quarantined or written into the ledger
"""

from __future__ import annotations

from enum import StrEnum

from pipeline.errors import HuiyingError


class Reason(StrEnum):
    """Reasons in the coverage ledger."""

    LOGIN = "login"
    CAPTCHA = "captcha"
    FORBIDDEN = "forbidden"
    REDESIGNED = "redesigned"
    TIMEOUT = "timeout"
    ROBOTS = "robots"
    DNS = "dns"
    CONNECTION = "connection"
    SERVER = "server"
    THROTTLED = "throttled"
    MOVED = "moved"
    GONE = "gone"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    BAD_BODY = "bad_body"
    NOT_ALLOWED = "not_allowed"
    NOT_UNDERSTOOD = "not_understood"
    CAPPED = "capped"
    SILENT = "silent"
    NOT_RUN = "not_run"
    FAULT = "fault"


IN_CHINESE: dict[Reason, str] = {
    Reason.LOGIN: "登录已失效或需要登录",
    Reason.CAPTCHA: "对方要求输入验证码（不破解，请改用公开入口或自有账号）",
    Reason.FORBIDDEN: "对方拒绝访问（403）",
    Reason.REDESIGNED: "页面已改版，读不出标题、时间或正文",
    Reason.TIMEOUT: "超时",
    Reason.ROBOTS: "robots.txt 不允许",
    Reason.DNS: "域名解析失败",
    Reason.CONNECTION: "连接被中断",
    Reason.SERVER: "对方服务器出错（5xx）",
    Reason.THROTTLED: "对方要求放慢（429/503）",
    Reason.MOVED: "地址已迁移到未登记的网站",
    Reason.GONE: "页面已不存在（404/410）",
    Reason.TOO_LARGE: "内容超过大小上限",
    Reason.TRUNCATED: "内容没有传完",
    Reason.BAD_BODY: "内容损坏，无法解压或解码",
    Reason.NOT_ALLOWED: "地址不在许可范围内（内网地址或未登记的网站）",
    Reason.NOT_UNDERSTOOD: "页面内容看不懂",
    Reason.CAPPED: "结果被对方截断，只取到一部分",
    Reason.SILENT: "信源中断：远超常规时间没有新内容",
    Reason.NOT_RUN: "没有按时采集（系统停机或排队）",
    Reason.FAULT: "程序出错",
}


class SourceTrouble(HuiyingError):
    """The run of one source stops here. `reason` goes to the ledger, `detail` says more."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(IN_CHINESE[reason] + (f"：{detail}" if detail else ""))
        self.reason = reason
        self.detail = detail


class SlowDown(SourceTrouble):
    """The server said 429 or 503: ask again only after `wait_seconds`."""

    def __init__(self, wait_seconds: float, detail: str = "") -> None:
        super().__init__(Reason.THROTTLED, detail)
        self.wait_seconds = wait_seconds


class PageTrouble(HuiyingError):
    """One page could not be had or understood; the source's run goes on."""

    def __init__(self, reason: Reason, url: str, detail: str = "") -> None:
        super().__init__(IN_CHINESE[reason] + (f"：{detail}" if detail else ""))
        self.reason = reason
        self.url = url
        self.detail = detail
