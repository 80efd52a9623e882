"""Webhooks to a real receiver: signed as each kind wants it, and what is said when they are not taken."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import Webhook
from pipeline.document import Secrecy
from pipeline.notices import webhooks
from pipeline.notices.failing import DeliveryFailed
from pipeline.notices.webhooks import Webhooks
from tests.notices.conftest import AT, Receiver, Talk, free_port, notice

PUBLIC = notice(channel="webhook", recipient="值班群", secrecy=Secrecy.PUBLIC)


def _send(hook: Webhook) -> None:
    Webhooks([hook], lambda: AT).send(PUBLIC)


def test_dingtalk_is_signed_in_the_address(receiver: Receiver) -> None:
    _send(receiver.hook("dingtalk", secret="SEC1"))
    path, _, body = receiver.posts[0]
    query = parse_qs(urlsplit(path).query)
    stamp = str(int(AT.timestamp() * 1000))
    expected = base64.b64encode(hmac.digest(b"SEC1", f"{stamp}\nSEC1".encode(), "sha256")).decode()
    assert query == {"access_token": ["t"], "timestamp": [stamp], "sign": [expected]}
    assert json.loads(body)["text"]["content"] == f"{PUBLIC.subject}\n{PUBLIC.text}"


def test_feishu_is_signed_in_the_body(receiver: Receiver) -> None:
    _send(receiver.hook("feishu", secret="SEC2"))
    said = json.loads(receiver.posts[0][2])
    stamp = str(int(AT.timestamp()))
    expected = base64.b64encode(hmac.digest(f"{stamp}\nSEC2".encode(), b"", "sha256")).decode()
    assert (said["timestamp"], said["sign"], said["msg_type"]) == (stamp, expected, "text")


def test_wecom_gets_its_text(receiver: Receiver) -> None:
    _send(receiver.hook("wecom"))
    path, _, body = receiver.posts[0]
    assert path == "/hook?access_token=t"
    assert json.loads(body)["msgtype"] == "text"


def test_the_generic_receiver_can_check_the_sender_and_know_a_repetition(receiver: Receiver) -> None:
    _send(receiver.hook("generic", secret="SEC3"))
    _, headers, body = receiver.posts[0]
    signed = hmac.new(b"SEC3", headers["x-huiying-timestamp"].encode() + b"." + body, sha256).hexdigest()
    assert headers["x-huiying-signature"] == f"sha256={signed}"
    assert headers["idempotency-key"] == json.loads(body)["key"] == PUBLIC.key


@pytest.mark.parametrize(
    ("status", "final"), [(500, False), (503, False), (429, False), (408, False), (403, True), (404, True), (302, True)]
)
def test_an_answer_that_refuses_says_whether_it_is_for_good(receiver: Receiver, status: int, final: bool) -> None:
    receiver.status = status
    with pytest.raises(DeliveryFailed, match=str(status)) as caught:
        _send(receiver.hook())
    assert caught.value.final is final


@pytest.mark.parametrize("kind", ["dingtalk", "wecom", "feishu"])
@pytest.mark.parametrize(
    "body", [b'{"errcode":310000,"errmsg":"sign not match"}', b'{"code":19021,"msg":"sign"}', b"<html>", b"[]", b"{}"]
)
def test_a_refusal_behind_a_200_is_a_refusal(receiver: Receiver, kind: str, body: bytes) -> None:
    receiver.body = body
    with pytest.raises(DeliveryFailed) as caught:
        _send(receiver.hook(kind))
    assert not caught.value.final


def test_a_receiver_that_is_down_is_tried_again_and_its_address_is_kept_secret() -> None:
    url = f"http://127.0.0.1:{free_port()}/robot?access_token=SECRET"
    with pytest.raises(DeliveryFailed) as caught:
        _send(Webhook.model_validate({"name": "值班群", "kind": "dingtalk", "url": url}))
    assert not caught.value.final
    assert "SECRET" not in str(caught.value)


def _read_and_close(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.shutdown(socket.SHUT_WR)


def _half_an_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"errcode":0')


def _silence(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(1)


def _drip(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(20):
        connection.sendall(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [_read_and_close, _half_an_answer, _silence, _drip])
def test_half_closed_and_slow_receivers_are_tried_again(
    line: Callable[[Talk], int], talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", 0.3)
    monkeypatch.setattr(webhooks, "AT_MOST", 0.3)
    url = f"http://127.0.0.1:{line(talk)}/"
    with pytest.raises(DeliveryFailed) as caught:
        _send(Webhook.model_validate({"name": "值班群", "kind": "generic", "url": url}))
    assert not caught.value.final


def test_a_receiver_that_is_no_longer_set_is_refused_for_good(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed) as caught:
        Webhooks([receiver.hook(name="旧群")], lambda: AT).send(PUBLIC)
    assert caught.value.final
