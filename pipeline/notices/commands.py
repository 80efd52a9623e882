"""`huiying notices …`: what waits, what went out, what died, another try, and a test of every way out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.services import Services

app = typer.Typer(help="通知与发件箱。例：huiying notices list --state dead", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


class State(StrEnum):
    """How a notice stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@app.command("list")
def list_notices(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="只看这一种")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """发件箱：待发、已发、退信各多少，最近的是哪些。例：huiying notices list --state dead"""
    from pipeline.cases.commands import show
    from pipeline.clock import iso, shanghai
    from pipeline.notices import outbox
    from pipeline.notices.channels import configured, unserved_words

    services: Services = context.obj()
    with services.store.read() as connection:
        counts = outbox.counts(connection)
        rows = outbox.listed(connection, state or "", limit)
        unserved = unserved_words(outbox.unserved(connection, configured(services.settings)))
    listed = [
        {"key": r.key, "at": iso(r.at), "channel": r.channel, "recipient": r.recipient, "subject": r.subject,
         "state": r.state, "tries": r.tries, "next_try_at": iso(r.next_try_at), "error": r.error}
        for r in rows
    ]  # fmt: skip
    lines = [
        f"{shanghai(r.at):%m-%d %H:%M}\t{outbox.STATE_NAMES[r.state]}\t{r.channel}\t{r.recipient}\t{r.subject}"
        + (f"\t第{r.tries}次：{r.error}" if r.error else "")
        + f"\t{r.key}"
        for r in rows
    ]
    head = "，".join(f"{name} {counts[key]}" for key, name in outbox.STATE_NAMES.items())
    heads = [head, unserved] if unserved else [head]
    show({"counts": counts, "unserved": unserved, "notices": listed}, as_json, lambda: [*heads, *lines])


@app.command("retry")
def retry(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="通知的编号；不写则全部退信")] = "",
    as_json: Json = False,
) -> None:
    """让退信再发一次。例：huiying notices retry"""
    from pipeline.cases.commands import show
    from pipeline.errors import HuiyingError
    from pipeline.notices import outbox

    services: Services = context.obj()
    with services.store.write() as connection:
        number = outbox.retry_dead(connection, services.clock.now(), key)
    if key and not number:
        raise HuiyingError(f"退信里没有编号“{key}”：请用 huiying notices list --state dead 查。")
    show({"retried": number}, as_json, lambda: [f"{number} 封退信将再发"])


@app.command("test")
def try_channels(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="试发邮件的收件地址")] = "",
    as_json: Json = False,
) -> None:
    """向每个已设置的渠道发一条测试通知。例：huiying notices test --to zhiban@yungang.example"""
    from pipeline.cases.commands import show
    from pipeline.errors import HuiyingError
    from pipeline.notices.trying import try_all

    services: Services = context.obj()
    found = try_all(services, to)
    if not found:
        raise HuiyingError("还没有可试的渠道：请设置 mail.host 并用 --to 写收件地址，或在 webhooks 里登记群机器人。")
    lines = [f"{one.channel} {one.recipient}：{one.failure or '已送达'}" for one in found]
    results = [{"channel": one.channel, "recipient": one.recipient, "failure": one.failure} for one in found]
    show({"results": results}, as_json, lambda: lines)
    if any(one.failure for one in found):
        raise typer.Exit(1)
