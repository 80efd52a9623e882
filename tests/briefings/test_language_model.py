"""A language model may only put given facts in other words: against a real server that speaks well, badly and slowly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from config.settings import LanguageModelSettings
from dashboards.briefings import daily
from dashboards.briefings.language_model import helped, objections
from pipeline.services import Services

Answer = Callable[[list[str]], bytes]
DAY = date(2026, 3, 15)


@contextmanager
def speaking(answer: Answer) -> Iterator[tuple[LanguageModelSettings, list[dict[str, object]]]]:
    """A server of the protocol; what it was asked is kept."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.append(body | {"authorization": self.headers["authorization"], "path": self.path})
            content = answer(json.loads(body["messages"][1]["content"])["sentences"])
            try:
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                return  # the asker did not wait

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield LanguageModelSettings(base_url=address, key=SecretStr("k"), model="m", timeout_seconds=1), asked
    finally:
        server.shutdown()
        server.server_close()


def said(sentences: list[str]) -> bytes:
    inner = json.dumps({"sentences": sentences}, ensure_ascii=False)
    return json.dumps({"choices": [{"message": {"content": inner}}]}).encode()


def slowly(sentences: list[str]) -> bytes:
    time.sleep(1.6)
    return said(sentences)


def test_off_by_default(services: Services) -> None:
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
        assert helped(made, services.settings.language_model, connection) is made


def test_good_words_are_taken_and_the_paper_says_so(services: Services) -> None:
    with (
        speaking(lambda given: said([one.replace("共监测到信息", "监测到信息共") for one in given])) as (
            settings,
            asked,
        ),
        services.store.read() as connection,
    ):
        made = daily.write(connection, services.settings, DAY)
        after = helped(made, settings, connection)
    assert "监测到信息共" in next(after.sentences()).text
    assert "语言模型改写1句" in after.notes[-1]
    assert after.draft
    assert list(after.figures()) == list(made.figures())
    assert asked[0]["authorization"] == "Bearer k"
    assert asked[0]["path"] == "/v1/chat/completions"
    assert "13812345678" not in json.dumps(asked, ensure_ascii=False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda given: said([one.replace("负面", "负面9999条，") for one in given]), "改写0句"),
        (lambda given: said(given[:-1]), "返回的句数不对"),
        (lambda given: b"<html>502</html>", "返回的内容读不懂"),
        (slowly, "超时"),
    ],
)
def test_wrong_numbers_nonsense_and_slowness_leave_the_template(services: Services, answer: Answer, why: str) -> None:
    with speaking(answer) as (settings, _), services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
        after = helped(made, settings, connection)
    assert after.blocks == made.blocks
    assert why in after.notes[-1]


def test_nobody_at_the_address_leaves_the_template(services: Services) -> None:
    settings = LanguageModelSettings(base_url="http://127.0.0.1:9/v1", model="m", timeout_seconds=1)
    with services.store.read() as connection:
        made = daily.write(connection, services.settings, DAY)
        after = helped(made, settings, connection)
    assert after.blocks == made.blocks
    assert "语言模型未采用" in after.notes[-1]


FACTS = "3月15日，沙洲镇监测到信息61条，负面42条，没有人员死亡。"


@pytest.mark.parametrize(
    "wrong",
    [
        "3月15日，沙洲镇监测到信息62条，负面42条，没有人员死亡。",
        "3月16日，沙洲镇监测到信息61条，负面42条，没有人员死亡。",
        "3月15日，青塘镇监测到信息61条，负面42条，没有人员死亡。",
        "3月15日，沙洲镇监测到信息61条，负面42条，有人员死亡。",
        "3月15日，沙洲镇监测到信息61条，没有人员死亡。",
        "3月15日，沙洲镇迅速处置，监测到信息61条，负面42条，没有人员死亡。",
        "3月15日，王建国表示，沙洲镇信息61条，负面42条，没有人员死亡。",
        "",
    ],
)
def test_a_changed_fact_is_objected_to(wrong: str) -> None:
    assert objections(wrong, FACTS)


def test_the_same_facts_in_other_words_pass() -> None:
    assert objections("沙洲镇3月15日监测到信息61条，其中负面42条；没有人员死亡。", FACTS) == []
