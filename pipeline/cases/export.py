"""A whole case as one folder (案卷): forms, texts, files, history with its chain, and digests to check it by."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from pipeline.cases.forms import assessment_form, assignment_form, case_form
from pipeline.cases.line import PAPER_NAMES
from pipeline.cases.office import Office
from pipeline.cases.refusal import Refused
from pipeline.cases.state import CaseState
from pipeline.clock import iso
from pipeline.store import case_files, cases

CHECKS = "校验.txt"


def write_folder(
    connection: Connection,
    case_id: str,
    folder: Path,
    data_dir: Path,
    office: Office,
    at: datetime,
    by: str,
    reason: str,
) -> list[Path]:
    """Write the case's folder and audit that it was exported. Refused when the folder is in use or the case unknown."""
    case = cases.load(connection, case_id)
    if case is None:
        raise Refused("没有这件处置单，或其内容已到期销毁：请核对编号。")
    target = folder / _safe(f"{case.number} {case.title}")
    if target.exists() and any(target.iterdir()):
        raise Refused(f"目录 {target} 已有内容：请换一个输出目录，或先移走旧的。")
    written = []
    for name, content in _contents(connection, case, data_dir, office, at):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    written.append(_write_checks(connection, target, written, at))
    cases.audit(connection, at, by, "export", case_id, reason)
    return written


def _contents(
    connection: Connection, case: CaseState, data_dir: Path, office: Office, at: datetime
) -> Iterator[tuple[str, bytes]]:
    yield "处置单.docx", case_form(case, cases.entries(connection, case.id), office, at)
    if case.assessment:
        yield "研判表.docx", assessment_form(case, office, at)
    for assignment in case.assignments:
        yield f"交办单/{_safe(assignment.number)}.docx", assignment_form(case, assignment, office)
    for draft in case.drafts:
        yield f"文稿/{PAPER_NAMES[draft.paper]}第{draft.version}版.txt", draft.text.encode()
    for response in case.responses:
        if response.archive_sha256:
            kept = case_files.read(data_dir, response.archive_sha256)
            name = f"回应/{response.id}-{_safe(response.archive or '存档件')}"
            yield (name, kept) if kept else (f"{name}.缺失.txt", "存档件不在库中或已变化".encode())
    for instruction in case.instructions:
        kept = case_files.read(data_dir, instruction.scan) if re.fullmatch("[0-9a-f]{64}", instruction.scan) else None
        if kept:
            yield f"批示/{instruction.id}", kept
    yield "历史.jsonl", _history(connection, case.id)


def _history(connection: Connection, case_id: str) -> bytes:
    lines = []
    for row in cases.chain_of(connection, case_id):
        line = {
            "position": row.position, "seq": row.seq, "at": iso(row.at), "by": row.by, "kind": row.kind,
            "content": row.content, "salt": row.salt, "content_digest": row.content_digest,
            "previous": row.previous, "digest": row.digest,
        }  # fmt: skip
        lines.append(json.dumps(line, ensure_ascii=False))
    return ("\n".join(lines) + "\n").encode()


def _write_checks(connection: Connection, target: Path, written: list[Path], at: datetime) -> Path:
    head = cases.head(connection)
    lines = [
        f"导出时间 {iso(at)}",
        f"历史链尾 第{head.position}条 {head.digest}",
        "以后用 huiying verify --anchor 本文件 核对：历史如被改动或删除，核对不过。",
        f"anchor {head.position} {head.digest}",
        "",
    ]
    lines += [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(target)}" for path in written]
    path = target / CHECKS
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _safe(name: str) -> str:
    """A file name on every system."""
    return re.sub(r'[\\/:*?"<>|\s]+', "_", name).strip("._")[:80] or "案卷"
