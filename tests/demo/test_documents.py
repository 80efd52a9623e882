"""The documents straight: complete truth, order, no leaks from the future, the public format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from demo.documents import collected_at, documents, observations
from demo.export import write
from demo.stories import load_pieces
from demo.truth import load_truth, truth_of
from pipeline.document import Document, Kind

DOCUMENTS = list(documents())


def test_every_document_has_its_truth() -> None:
    assert len(DOCUMENTS) == len(load_pieces())
    assert all(truth_of(document) is not None for document in DOCUMENTS)


def test_truth_is_found_by_address_whatever_host_served_it() -> None:
    for document in DOCUMENTS:
        elsewhere = document.url.replace(document.url.split("/")[2], "127.0.0.1:4711")
        assert truth_of(replace(document, id="0123abcd", url=elsewhere)) == truth_of(document)


def test_truth_is_found_by_native_id_alone() -> None:
    for native_id, truth in load_truth().items():
        if not native_id.startswith("/"):
            assert truth_of(Document(id=f"demo:{native_id}", text="…")) == truth


def test_a_stranger_has_no_truth() -> None:
    assert truth_of(Document(id="n1", text="别处的事", url="http://example.test/a/1.html")) is None


def test_documents_come_in_the_order_of_the_flow() -> None:
    keys = [(document.known_at, document.id) for document in DOCUMENTS]
    assert keys == sorted(keys)


def test_collected_after_published_and_no_reply_from_the_future() -> None:
    for document in DOCUMENTS:
        assert document.published_at is not None
        assert document.known_at > document.published_at
        assert document.reply is None or document.reply.at is None or document.reply.at <= document.known_at


def test_authors_of_letters_and_callers_are_never_named() -> None:
    private = (Kind.MESSAGE, Kind.HOTLINE, Kind.DISCLOSURE)
    assert all(not document.author for document in DOCUMENTS if document.kind in private)


def test_observations_follow_their_document_and_never_fall() -> None:
    last = {document.id: (document.known_at, document.counts.likes or 0) for document in DOCUMENTS}
    for look in observations():
        at, likes = last[look.document_id]
        assert look.at > at
        assert (look.counts.likes or 0) >= likes
        last[look.document_id] = (look.at, look.counts.likes or 0)


def test_the_deleted_post_is_seen_to_be_gone_once() -> None:
    gone = [look for look in observations() if look.deleted]
    deleted = next(piece for piece in load_pieces() if piece.gone_at)
    assert [look.document_id for look in gone] == [f"weibo-{deleted.native_id}"]
    assert deleted.gone_at is not None
    assert collected_at(deleted) < deleted.gone_at <= gone[0].at


def test_two_readings_are_the_same() -> None:
    assert list(documents()) == DOCUMENTS


def test_export_writes_the_public_format(tmp_path: Path) -> None:
    lines, truths = write(tmp_path / "docs.jsonl", tmp_path / "truth.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "docs.jsonl").read_text(encoding="utf-8").splitlines()]
    labels = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == lines > len(DOCUMENTS)
    assert len(labels) == truths == len(DOCUMENTS)
    assert {row["id"] for row in rows} == {label["id"] for label in labels}
    assert [row["collected_at"] for row in rows] == sorted(row["collected_at"] for row in rows)
    allowed = {"id", "kind", "source", "url", "title", "text", "author", "published_at", "collected_at", "likes", "reposts", "comments",
               "reads", "repost_of", "place", "reply", "deleted"}  # fmt: skip
    assert {key for row in rows for key in row} <= allowed
