"""Webhooks (群机器人): DingTalk, WeCom, Feishu and a generic signed receiver. One post a notice, with its key.

Settings: webhooks (name, kind, url, secret). Signatures: 钉钉 HMAC-SHA256 of "毫秒\\n密钥" under the secret; 飞书
HMAC-SHA256 of nothing under "秒\\n密钥"; 企业微信 has its key in the address; the generic one signs "秒.正文".
The generic receiver can know a notice sent twice by the header Idempotency-Key.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote_plus

import httpx

from config.settings import Webhook
from pipeline.clock import iso
from pipeline.document import Notice
from pipeline.notices.failing import DeliveryFailed

TIMEOUT = 10.0  # seconds of silence
AT_MOST = 30.0  # seconds for the whole answer, however slowly it drips
LONGEST_ANSWER = 65_536
KINDS: Mapping[str, Literal["dingtalk", "wecom", "feishu", "generic"]] = {
    "dingtalk": "dingtalk", "wecom": "wecom", "feishu": "feishu", "webhook": "generic",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Post:
    """What goes over the line."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class Webhooks:
    """The channel of one kind: a notice goes to the receiver that it names."""

    def __init__(self, hooks: Iterable[Webhook], now: Callable[[], datetime]) -> None:
        self.hooks = {hook.name: hook for hook in hooks}
        self.now = now

    def send(self, notice: Notice) -> None:
        """Post one notice. DeliveryFailed says why it was not taken, and whether for good."""
        hook = self.hooks.get(notice.recipient)
        if hook is None:
            raise DeliveryFailed(f"设置里没有名为“{notice.recipient}”的接收端", final=True)
        post = written(hook, notice, self.now())
        try:
            status, answer = _exchange(post)
        except httpx.InvalidURL as error:
            raise DeliveryFailed("接收端地址不是网址", final=True) from error
        except httpx.HTTPError as error:
            raise DeliveryFailed(
                type(error).__name__, down=True
            ) from error  # its text may hold the address, which is a secret
        if status in (408, 429) or status >= 500:
            raise DeliveryFailed(f"HTTP {status}")
        if status >= 300:
            raise DeliveryFailed(f"HTTP {status}", final=True)
        _check(hook, answer)


def written(hook: Webhook, notice: Notice, at: datetime) -> Post:
    """The request as its kind of receiver wants it."""
    url, secret = hook.url.get_secret_value(), hook.secret.get_secret_value()
    text = notice.text if notice.subject == notice.text else f"{notice.subject}\n{notice.text}"
    headers = {"content-type": "application/json; charset=utf-8", "idempotency-key": notice.key}
    if notice.trace:
        headers["x-huiying-trace"] = notice.trace
    body: dict[str, Any]
    match hook.kind:
        case "dingtalk":
            body = {"msgtype": "text", "text": {"content": text}}
            stamp = str(int(at.timestamp() * 1000))
            if secret:
                sign = quote_plus(_hmac64(secret, f"{stamp}\n{secret}"))
                url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={sign}"
        case "wecom":
            body = {"msgtype": "text", "text": {"content": text}}
        case "feishu":
            stamp = str(int(at.timestamp()))
            body = {"msg_type": "text", "content": {"text": text}}
            if secret:
                body |= {"timestamp": stamp, "sign": _hmac64(f"{stamp}\n{secret}", "")}
        case "generic":
            body = {"key": notice.key, "at": iso(notice.at), "subject": notice.subject, "text": notice.text}
    raw = json.dumps(body, ensure_ascii=False).encode()
    if hook.kind == "generic" and secret:
        stamp = str(int(at.timestamp()))
        signed = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, sha256).hexdigest()
        headers |= {"x-huiying-timestamp": stamp, "x-huiying-signature": f"sha256={signed}"}
    return Post(url, raw, headers)


def _exchange(post: Post) -> tuple[int, bytes]:
    """Status and answer; httpx.HTTPError when the other side is down, slow, or ends before it has answered."""
    deadline = time.monotonic() + AT_MOST
    answer = b""
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", post.url, content=post.body, headers=dict(post.headers)) as response,
    ):
        for part in response.iter_bytes():
            answer += part
            if len(answer) > LONGEST_ANSWER or time.monotonic() > deadline:
                raise httpx.ReadTimeout("answer too long")
        return response.status_code, answer


def _check(hook: Webhook, answer: bytes) -> None:
    """The chat services answer 200 and put their refusal in the body."""
    if hook.kind == "generic":
        return
    try:
        said = json.loads(answer)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError) as error:
        raise DeliveryFailed("接收端的回答读不懂") from error
    if code != 0:
        reason = str(said.get("errmsg") or said.get("msg") or said.get("StatusMessage") or "")[:200]
        raise DeliveryFailed(f"{code} {reason}".strip())


def _hmac64(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), sha256).digest()).decode()
