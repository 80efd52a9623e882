"""人员: who is in the office, the spokespersons' team, who may sign in; which systems may call the API."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select, update
from starlette.responses import Response

from dashboards.room import Administering, OfficeLooking, Posted, Visitor, back_to
from pipeline.cases import duty_desk
from pipeline.cases.people import Person, Role
from pipeline.cases.refusal import Refused
from pipeline.store import accounts
from pipeline.store import cases as case_store
from pipeline.store.accounts import Client
from pipeline.store.schema.accounts import accounts as account_table
from pipeline.store.schema.accounts import api_tokens

router = APIRouter(include_in_schema=False)
SCOPES = {"read": "读取事件、预警、处置单", "search": "检索文档", "documents": "推送文档"}


@router.get("/people")
def show(visitor: OfficeLooking) -> Response:
    return _page(visitor)


def _page(visitor: Visitor, token: str = "", secret: str = "") -> Response:
    with visitor.room.services.store.read() as connection:
        open_to = {row.person_id: row for row in connection.execute(select(account_table))}
        clients = connection.execute(select(api_tokens).order_by(api_tokens.c.name)).all()
    return visitor.show(
        "people.html", people=visitor.office.directory, open_to=open_to, clients=clients, roles=list(Role), scopes=SCOPES,
        token=token, secret=secret, may=visitor.person.has(Role.ADMINISTRATOR),
    )  # fmt: skip


@router.post("/people/save")
def save(sent: Posted) -> Response:
    """Enter somebody, or change them; inactive people keep their name in old histories."""
    visitor = _administering(sent)
    key = sent.text("id")
    known = visitor.office.directory.find(key)
    given = {
        "id": key, "name": sent.text("name"), "title": sent.text("title"), "unit": sent.text("unit"),
        "roles": sent.all("roles"), "mail": sent.text("mail"), "telephone": sent.text("telephone"),
        "team": bool(sent.text("team")), "head": bool(sent.text("head")), "active": bool(sent.text("active")),
    }  # fmt: skip
    try:
        person = Person.model_validate((known.model_dump() if known else {}) | given)
    except ValueError as error:
        raise Refused("编号须是小写字母、数字、点、横线；姓名不能为空；角色须在所列之中。") from error
    with visitor.room.services.store.write() as connection:
        duty_desk.save_people(connection, visitor.room.desk.shipped, [person], visitor.person, visitor.now)
    return back_to("/people", f"{person.name}：已保存。")


@router.post("/people/password")
def password(sent: Posted) -> Response:
    """Give a new password; the person's open sessions end."""
    visitor = _administering(sent)
    person = visitor.office.directory.get(sent.text("id"))
    with visitor.room.services.store.write() as connection:
        accounts.set_password(connection, person.id, str(sent.form.get("password", "")), visitor.room.wall_clock.now())
        case_store.audit(connection, visitor.now, visitor.person.id, "people", "", f"重设密码 {person.id}")
    return back_to("/people", f"{person.name}：密码已设。")


@router.post("/people/code")
def one_time_code(sent: Posted) -> Response:
    """Ask for a one-time code too (the secret is shown once), or no longer."""
    import pyotp

    visitor = _administering(sent)
    person = visitor.office.directory.get(sent.text("id"))
    secret = "" if sent.text("off") else str(pyotp.random_base32())
    with visitor.room.services.store.write() as connection:
        if not accounts.has_account(connection, person.id):
            raise Refused("请先为此人设密码。")
        accounts.set_totp(connection, person.id, secret)
        case_store.audit(connection, visitor.now, visitor.person.id, "people", "", f"动态码 {person.id}")
    return _page(visitor, secret=f"{person.name}：{secret}" if secret else "")


@router.post("/people/token")
def token(sent: Posted) -> Response:
    """A token for another system, shown once."""
    visitor = _administering(sent)
    name, scopes = sent.text("name"), tuple(scope for scope in sent.all("scopes") if scope in SCOPES)
    rate = int(sent.text("per_minute")) if sent.text("per_minute").isdigit() else 120
    if not name or not scopes:
        raise Refused("请写系统名称并至少选一项权限。")
    with visitor.room.services.store.write() as connection:
        if connection.execute(select(api_tokens.c.name).where(api_tokens.c.name == name)).first():
            raise Refused("已有同名的系统；请换一个名称，或先停用旧的。")
        made = accounts.make_token(
            connection, Client(name[:80], scopes, max(1, min(rate, 6000))), visitor.person.id, visitor.now
        )
        case_store.audit(connection, visitor.now, visitor.person.id, "people", "", f"发放接口令牌 {name[:80]}")
    return _page(visitor, token=f"{name}：{made}")


@router.post("/people/revoke")
def revoke(sent: Posted) -> Response:
    visitor = _administering(sent)
    with visitor.room.services.store.write() as connection:
        connection.execute(
            update(api_tokens).where(api_tokens.c.name == sent.text("name")).values(revoked_at=visitor.now)
        )
        case_store.audit(
            connection, visitor.now, visitor.person.id, "people", "", f"停用接口令牌 {sent.text('name')[:80]}"
        )
    return back_to("/people", "令牌已停用。")


@router.get("/people/{person_id}")
def one(visitor: Administering, person_id: str) -> Response:
    person = visitor.office.directory.find(person_id)
    return visitor.show("person.html", one=person, key=person_id, roles=list(Role))


def _administering(sent: Posted) -> Visitor:
    if not sent.by.person.has(Role.ADMINISTRATOR):
        raise Refused("人员、密码和令牌由管理员办理。")
    return sent.by
