"""`huiying watch` and `huiying trace`: for the people who run the machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.services import Services


def watch(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON：{running, told, line}")] = False,
) -> None:
    """看一眼研判流程是否在运行，停了就直接发信给管理员；由定时器每几分钟运行一次。例：huiying watch"""
    from pipeline.cases.people import Role, load_people
    from pipeline.notices.failing import DeliveryFailed
    from pipeline.notices.mail import Mail
    from pipeline.store.duty import directory
    from pipeline.watching import Watch

    services: Services = context.obj()
    settings = services.settings
    with services.store.read() as connection:
        people = directory(connection, load_people(settings.file("people.toml")))
    recipients = [person.mail for person in people.with_role(Role.ADMINISTRATOR) if person.mail]
    mail = Mail(settings.mail) if settings.mail.host else None
    try:
        look = Watch(services.store, mail, recipients, settings.data_dir / "watch.json").look(services.clock.now())
    except DeliveryFailed as error:
        sys.stderr.write(f"huiying: 停摆告警发不出去：{error}；下次再试。\n")
        raise typer.Exit(1) from error
    line = json.dumps(asdict(look), ensure_ascii=False) if as_json else (look.line or "研判流程在运行。")
    sys.stdout.write(line + "\n")
    raise typer.Exit(0 if look.running else 1)


def trace(
    context: typer.Context,
    document: Annotated[str, typer.Argument(help="文档编号，或邮件头、日志里的追踪号")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """一篇文档从采集到邮件经过了什么。例：huiying trace weibo-5206158134440874"""
    from pipeline.clock import iso
    from pipeline.tracing import trace as steps_of

    services: Services = context.obj()
    with services.store.read() as connection:
        steps = steps_of(connection, document)
    if as_json:
        rows = [asdict(step) | {"at": iso(step.at) if step.at else None} for step in steps]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    for step in steps:
        at = iso(step.at)[:19] if step.at else " " * 19
        text = f"{at}  {step.what:<12} {step.subject}  {step.detail}"
        sys.stdout.write("".join(char if char.isprintable() else " " for char in text) + "\n")
