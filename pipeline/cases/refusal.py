"""What the rules refuse (拒绝): the one exception of this room, and how a wrong field is said in Chinese."""

from __future__ import annotations

from pydantic import ValidationError

from pipeline.errors import HuiyingError


class Refused(HuiyingError):
    """An action the rules do not allow; the message is one Chinese line that says why and what to do instead."""


def say(error: ValidationError, skip: int = 0) -> str:
    """The first thing wrong with a form or file: field and mend, in Chinese. `skip`: leading parts of the path to drop."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][skip:])
    value = str(first.get("input"))[:40]
    allowed = str(first.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", "、").replace(", ", "、")
    said = {
        "missing": "没有填写",
        "extra_forbidden": "没有这一项，请检查拼写",
        "literal_error": f"不能是“{value}”，可填 {allowed}",
        "enum": f"不能是“{value}”，可填 {allowed}",
        "union_tag_invalid": "没有这种动作，请核对动作名",
        "string_too_short": "不能为空",
        "string_too_long": "太长",
        "timezone_aware": "时间须带时区，如 2026-03-15T08:30:00+08:00",
        "string_pattern_mismatch": f"“{value}”的写法不对",
        "value_error": str(first.get("ctx", {}).get("error", first["msg"])),
    }.get(first["type"])
    if said is None and first["type"].startswith("datetime"):
        said = f"“{value}”不是时间，应写成 2026-03-15T08:30:00+08:00"
    if said is None and first["type"].startswith(("greater", "less", "int", "float")):
        said = f"“{value}”不在允许的范围内"
    return f"“{field}”{said or f'的值“{value}”不行'}" if field else str(said or first["msg"])
