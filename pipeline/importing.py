"""Files that offices really have → Documents (导入): JSONL, CSV, TSV, XLSX; UTF-8 or GB18030; columns recognised by name.

A bad row goes to FILE.rejected with its reason, the good ones are kept. Callers' names and telephone numbers
(`CALLER_COLUMNS`) are dropped here, before anything is stored.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.clock import SHANGHAI, parse_time
from pipeline.document import Counts, Document, Kind, Reply, Secrecy, Ticket
from pipeline.errors import HuiyingError
from pipeline.intake import derived_id
from pipeline.tickets import FIELDS, ticket_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("留言编号", "工单编号", "编号", "序号", "申请编号", "eid", "note_id", "aweme_id", "mid"),
    "title": ("留言主题", "标题", "主题", "工单标题", "诉求标题", "申请标题"),
    "text": (
        "留言详情",
        "正文",
        "内容",
        "留言内容",
        "诉求内容",
        "工单内容",
        "申请内容",
        "微博正文",
        "描述",
        "desc",
        "content",
    ),
    "published_at": (
        "留言时间",
        "发布时间",
        "来电时间",
        "受理时间",
        "登记时间",
        "申请时间",
        "时间",
        "日期",
        "time",
        "create_time",
    ),
    "author": ("留言用户", "作者", "用户昵称", "nickname", "screen_name"),
    "likes": ("点赞数", "赞", "liked_count"),
    "dislikes": ("反对数",),
    "reposts": ("转发数", "转发", "share_count"),
    "comments": ("评论数", "评论", "comment_count"),
    "reads": ("阅读数", "浏览数", "播放数"),
    "source": ("来源", "信源", "渠道"),
    "url": ("链接", "网址", "微博链接", "note_url", "aweme_url"),
    "place": ("地点", "地址区域", "所属镇街", "ip_location"),
    "kind": ("类别", "信源类别"),
    "reply.text": ("答复意见", "回复内容", "答复内容", "办理结果"),
    "reply.department": ("答复单位", "办理单位"),
    "reply.at": ("答复时间", "回复时间"),
    "ticket.category": ("诉求类型", "诉求类别", "工单类型", "问题类型"),
    "ticket.unit": ("承办单位", "主办单位", "责任单位"),
    "ticket.term": ("办理时限", "办结时限", "截止时间", "要求办结时间"),
    "ticket.done_at": ("办结时间", "办结日期"),
    "ticket.status": ("工单状态", "办理状态"),
    "ticket.satisfaction": ("满意度", "满意情况", "回访结果", "办理结果满意度"),
}
CALLER_COLUMNS = (
    "来电人",
    "来电人姓名",
    "联系人",
    "姓名",
    "申请人",
    "联系电话",
    "来电号码",
    "手机",
    "手机号",
    "电话",
    "身份证号",
    "联系地址",
)
_OURS = {theirs: ours for ours, names in COLUMNS.items() for theirs in (ours, *names)}
_COUNTERS = ("likes", "reposts", "comments", "reads", "dislikes")
_KINDS_BY_COLUMN = {"留言编号": Kind.MESSAGE, "工单编号": Kind.HOTLINE, "申请编号": Kind.DISCLOSURE, "eid": Kind.WEIBO,
                    "note_id": Kind.FORUM, "aweme_id": Kind.VIDEO}  # fmt: skip
_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
    "%a %b %d %H:%M:%S %z %Y",  # Weibo
)
_LONGEST_TEXT = 2_000_000


class ImportRefused(HuiyingError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its number (1 = first row of data), why, and the row itself."""

    row: int
    reason: str
    values: Mapping[str, Any] = field(default_factory=dict)


class _BadRow(ValueError):
    """Why this row cannot be a document."""


def read_documents(
    path: Path, kind: Kind | None = None, columns: Mapping[str, str] | None = None
) -> Iterator[Document | Rejected]:
    """Documents of a file in its order, and the rows that are none. `columns` maps our field to their column.

    ImportRefused when the file cannot be read at all or has no column for the text.
    """
    if not path.is_file():
        raise ImportRefused(f"没有这个文件：{path}；请检查路径。")
    rows = _json_rows(path) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _table_rows(path)
    names = {theirs: ours for ours, theirs in (columns or {}).items()}
    checked = False
    for number, row in enumerate(rows, 1):
        if isinstance(row, str):
            yield Rejected(number, row)
            continue
        if not checked and not path.suffix.lower().startswith(".json"):
            _check_columns(path, row, names)
            checked = True
        try:
            yield _document(row, names, kind)
        except _BadRow as error:
            yield Rejected(number, str(error), row)


def write_rejected(path: Path, rejected: list[Rejected]) -> Path:
    """Write refused rows beside the file, one JSON object a line: row, reason, values. Callers' columns are left out."""
    out = path.with_name(path.name + ".rejected")
    with out.open("w", encoding="utf-8") as file:
        for item in rejected:
            values = {key: value for key, value in item.values.items() if key not in CALLER_COLUMNS}
            line = {"row": item.row, "reason": item.reason, "values": values}
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    return out


def document_from_json(row: Mapping[str, Any]) -> Document:
    """One document in the public JSON form. HuiyingError when it is none."""
    try:
        return _document(row, {}, None)
    except _BadRow as error:
        raise HuiyingError(str(error)) from error


# ---------------------------------------------------------------------- rows
def _json_rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    with path.open("rb") as file:
        for raw in file:
            if not raw.strip():
                continue
            try:
                row = json.loads(_decode(raw))
            except (json.JSONDecodeError, RecursionError) as error:
                yield f"不是 JSON：{error}"
                continue
            yield row if isinstance(row, dict) else "这一行不是 JSON 对象"


def _table_rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        yield from _xlsx_rows(path)
        return
    text = _decode(path.read_bytes())
    tabbed = path.suffix.lower() == ".tsv" or "\t" in text.split("\n", 1)[0]
    csv.field_size_limit(1 << 30)
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter="\t" if tabbed else ",",
        quoting=csv.QUOTE_NONE if tabbed else csv.QUOTE_MINIMAL,
    )
    try:
        for row in reader:
            if None in row:
                yield "列数比表头多；请检查这一行的分隔符和引号"
                continue
            yield {(key or "").strip().lstrip("\ufeff"): value for key, value in row.items()}
    except csv.Error as error:
        yield f"读不下去了：{error}"


def _xlsx_rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    from pipeline.workbooks import NotASpreadsheet, rows_of

    try:
        rows = rows_of(path)
        header = next((row for row in rows if sum(value is not None for value in row) >= 2), ())
        names = [str(value or "").strip() for value in header]
        for row in rows:
            if any(value is not None for value in row):
                yield dict(zip(names, row, strict=False))
    except NotASpreadsheet as error:
        raise ImportRefused(f"{path} 不是能读的 XLSX：{error}；请另存为 .xlsx 或 .csv 再导入。") from error


def _decode(raw: bytes) -> str:
    """UTF-8 when it is, else GB18030, else what can be read of it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", errors="replace")


# ---------------------------------------------------------------------- fields
def _check_columns(path: Path, row: Mapping[str, Any], names: Mapping[str, str]) -> None:
    ours = {names.get(key) or _OURS.get(key) for key in row}
    if "text" not in ours and "title" not in ours:
        columns = "、".join(list(row)[:12])
        raise ImportRefused(f"{path} 里认不出正文列（有：{columns}）；请用 --map text=列名 指明。")
    for theirs in names:
        if theirs not in row:
            raise ImportRefused(f"{path} 里没有 --map 指的列“{theirs}”；有：{'、'.join(list(row)[:12])}。")


def _document(row: Mapping[str, Any], names: Mapping[str, str], kind: Kind | None) -> Document:
    values: dict[str, Any] = {}
    for theirs, value in row.items():
        ours = names.get(theirs) or _OURS.get(theirs) or theirs
        if value not in (None, "") and theirs not in CALLER_COLUMNS and ours not in values:
            values[ours] = value
    text, title = _text(values.get("text")), _text(values.get("title"))
    if not text and not title:
        raise _BadRow("没有正文也没有标题")
    actual = _kind(values.get("kind"), kind, row)
    source, url = _text(values.get("source")), _text(values.get("url"))
    published, reply = _time(values.get("published_at"), "published_at"), _reply(values)
    return Document(
        id=_text(values.get("id")) or derived_id(actual, source, url or f"{title}\x1f{text}"),
        text=text or title,
        kind=actual,
        source=source,
        url=url,
        title=title,
        author=_text(values.get("author")),
        published_at=published,
        collected_at=_time(values.get("collected_at"), "collected_at"),
        counts=Counts(**{name: _count(values.get(name), name) for name in _COUNTERS}),
        repost_of=_text(values.get("repost_of")),
        place=_text(values.get("place")),
        reply=reply,
        secrecy=_secrecy(values.get("secrecy")),
        ticket=_ticket(values, published, reply) if actual is Kind.HOTLINE else None,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
    if len(text) > _LONGEST_TEXT:
        raise _BadRow(f"文字超过 {_LONGEST_TEXT} 字")
    return text


def _kind(value: Any, asked: Kind | None, row: Mapping[str, Any]) -> Kind:
    if value:
        try:
            return Kind(str(value).strip())
        except ValueError:
            if asked is None:
                raise _BadRow(f"kind“{value}”不认识；可用：{'、'.join(Kind)}") from None
    if asked:
        return asked
    return next((kind for column, kind in _KINDS_BY_COLUMN.items() if column in row), Kind.NEWS)


def _time(value: Any, name: str) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=SHANGHAI)
    text = str(value).strip()
    moment = _number_time(text) or _written_time(text)
    if moment is None or not 1990 <= moment.year <= 2100:
        raise _BadRow(f"{name} 的时间“{text[:40]}”读不懂")
    return moment


def _number_time(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970, as open tools write them."""
    if not text.replace(".", "", 1).isdigit() or len(text) < 9:
        return None
    seconds = float(text)
    try:
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, SHANGHAI)
    except (ValueError, OverflowError, OSError):
        return None


def _written_time(text: str) -> datetime | None:
    try:
        return parse_time(text.replace("/", "-")) if "/" not in text else parse_time(text)
    except ValueError:
        pass
    for form in _FORMATS:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 (the next line says which zone)
            return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    return None


def _count(value: Any, name: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = int(float(str(value).replace(",", "").removesuffix("+")))
    except (ValueError, OverflowError):
        raise _BadRow(f"{name} 的值“{str(value)[:20]}”不是数") from None
    if not 0 <= number < 2**31:
        raise _BadRow(f"{name} 的值 {number} 不在 0 到 21 亿之间")
    return number


def _reply(values: Mapping[str, Any]) -> Reply | None:
    nested = values.get("reply")
    if isinstance(nested, Mapping):
        text, department, at = nested.get("text"), nested.get("department"), nested.get("at")
    else:
        text = values.get("reply.text")
        department = values.get("reply.department") or values.get("ticket.unit")
        at = values.get("reply.at") or values.get("ticket.done_at")
    return Reply(_text(text), _text(department), _time(at, "reply.at")) if text else None


def _ticket(values: Mapping[str, Any], called_at: datetime | None, reply: Reply | None) -> Ticket | None:
    def read(written: str) -> datetime | None:
        try:
            return _time(written, "ticket")
        except _BadRow:
            return None  # such a cell often holds words; the row is no worse for it

    nested = values.get("ticket")
    given = nested if isinstance(nested, Mapping) else {}
    said = {name: _written(given.get(name) or values.get(f"ticket.{name}")) for name in FIELDS}
    return ticket_of({**said, "number": said["number"] or _text(values.get("id"))}, read, called_at, reply)


def _written(value: Any) -> str:
    """A cell in words: workbooks hold times as such."""
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else _text(value)


def _secrecy(value: Any) -> Secrecy:
    names = {"公开": Secrecy.PUBLIC, "内部": Secrecy.INTERNAL, "工作秘密": Secrecy.WORK_SECRET}
    if value in (None, ""):
        return Secrecy.PUBLIC
    text = str(value).strip()
    if any(word in text for word in ("绝密", "机密", "秘密")) and text != "工作秘密":
        raise _BadRow("标为国家秘密的内容不得进入本系统；请移出并按保密规定处理")
    try:
        return names.get(text) or Secrecy(text)
    except ValueError:
        raise _BadRow(f"secrecy“{text}”不认识；可用：公开、内部、工作秘密") from None
