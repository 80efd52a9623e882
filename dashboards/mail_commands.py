"""`huiying mail …`: the daily mail, to look at or to send."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.services import Services

app = typer.Typer(help="邮件。例：huiying mail daily --out 今天.html", no_args_is_help=True)


@app.command("daily")
def daily(
    context: typer.Context,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="哪一天，默认今天")] = None,
    out: Annotated[Path | None, typer.Option(help="只写成网页文件来看，不发送")] = None,
    to: Annotated[str, typer.Option(help="按谁的权限写（人员编号），与 --out 合用")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """写当天的每日邮件并放进发件箱；同一天同一人只有一封。例：huiying mail daily --out 今天.html"""
    from dashboards.daily_mail import day_of
    from dashboards.daily_round import DailyRound
    from pipeline.cases.commands import show
    from pipeline.errors import HuiyingError

    services: Services = context.obj()
    wanted = day.date() if day else day_of(services.clock.now())
    if to and not out:
        raise HuiyingError("--to 只与 --out 合用：发送时按设置里的角色分送。")
    if out:
        _preview(services, wanted, out, to)
        show({"day": wanted, "file": out}, as_json, lambda: [f"已写入 {out}"])
        return
    if not services.settings.mail.host:
        raise HuiyingError("没有设置邮件服务器：请先设置 mail.host，或用 --out 写成文件来看。")
    new = DailyRound(services).write(wanted)
    show({"day": wanted, "new": new}, as_json, lambda: [f"{wanted} 的每日邮件：新放进发件箱 {new} 封"])


def _preview(services: Services, day: date, out: Path, to: str) -> None:
    import base64

    from dashboards import daily_mail
    from dashboards.pages import Pages
    from pipeline.cases.desk import Desk
    from pipeline.cases.people import Person, Role

    with services.store.read() as connection:
        directory = Desk.of(services.settings).office(connection).directory
        reader = directory.get(to) if to else Person(id="reader", name="读者", roles=frozenset({Role.SPOKESPERSON}))
        mail = daily_mail.write(connection, services.settings, day)
    reader = reader.model_copy(update={"mail": reader.mail or "reader@localhost"})
    page = daily_mail.addressed(mail, reader, services.settings, Pages()).html
    inside = f"data:image/png;base64,{base64.b64encode(mail.chart).decode()}"
    out.write_text(page.replace(f"cid:{daily_mail.CHART}", inside), encoding="utf-8")
