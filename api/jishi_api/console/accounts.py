"""Clients and users 客户端与用户: who may ask and who may log in; secrets are shown once (authenticate, road out)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from jishi.access import clients, grant_store, users
from jishi.errors import CallerError, NotFoundError
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.departments import Department, departments

section = Section()

ADMIN = ("admin",)

ROLES = {
    "steward": words("steward"),
    "auditor": words("auditor"),
    "admin": words("administrator"),
    "counter": words("citizens' counter"),
}


@section.page("/clients", words("Clients"), roles=ADMIN, menu=Menu.ACCESS)
async def client_list(visit: Visit) -> Response:
    found = await clients.everyone(visit.connection)
    known = await departments(visit.connection)
    return visit.show("clients.html", clients=found, roles=ROLES, departments=known, names=_names(known))


@section.act("/clients", roles=ADMIN, again=client_list)
async def create_client(visit: Visit) -> Response:
    name, department, roles = _asked(visit, "name", required_roles=False)
    detail: dict[str, object] = {"department": department, "roles": sorted(roles)}
    async with visit.doing("client.create", name, **detail) as entry:
        made = await clients.create(visit.connection, visit.keys, name, department, roles)
        entry.target, entry.detail["name"] = made.client_id, name
    return _shown_once(visit, name, f"/clients/{made.client_id}", made)


@section.page("/clients/{client}", words("Client"), roles=ADMIN)
async def one_client(visit: Visit) -> Response:
    found = await _client(visit)
    granted = await grant_store.listed(visit.connection, client_id=found.client_id, revoked=True)
    names = _names(await departments(visit.connection))
    return visit.show("client.html", client=found, grants=granted[::-1], roles=ROLES, names=names)


@section.act("/clients/{client}/{step}", roles=ADMIN, again=one_client)
async def change_client(visit: Visit) -> Response:
    found, step = await _client(visit), visit.text("step")
    if step == "rotate":
        async with visit.doing("client.rotate", found.client_id):
            made = await clients.rotate(visit.connection, visit.keys, found.client_id)
        return _shown_once(visit, found.name, f"/clients/{found.client_id}", made)
    change = {"disable": clients.disable, "enable": clients.enable}.get(step)
    if change is None:
        raise NotFoundError("QRY-NOT-FOUND")
    async with visit.doing(f"client.{step}", found.client_id):
        await change(visit.connection, found.client_id)
    return visit.see(f"/clients/{found.client_id}", words("Done."))


@section.page("/users", words("Users"), roles=ADMIN, menu=Menu.ACCESS)
async def user_list(visit: Visit) -> Response:
    known = await departments(visit.connection)
    found = await users.everyone(visit.connection)
    return visit.show("users.html", users=found, roles=ROLES, departments=known, names=_names(known))


@section.act("/users", roles=ADMIN, again=user_list)
async def create_user(visit: Visit) -> Response:
    login, department, roles = _asked(visit, "login", required_roles=True)
    async with visit.doing("user.create", login, department=department, roles=sorted(roles)):
        made = await users.create(visit.connection, login, roles, department)
    return visit.show("secret.html", name=login, back="/users", secrets=[("password", made.password)])


@section.page("/users/{login}", words("User"), roles=ADMIN)
async def one_user(visit: Visit) -> Response:
    names = _names(await departments(visit.connection))
    return visit.show("user.html", user=await _user(visit), roles=ROLES, names=names)


@section.act("/users/{login}/{step}", roles=ADMIN, again=one_user)
async def change_user(visit: Visit) -> Response:
    """Nobody changes himself: the last administrator cannot lock himself out, and two know of every promotion."""
    found, step = await _user(visit), visit.text("step")
    if found.login == visit.officer.actor.name:
        raise CallerError("ACC-USER-SELF")
    if step == "password":
        async with visit.doing("user.password", found.login):
            made = await users.set_password(visit.connection, found.login)
        secrets = [("password", made.password)]
        return visit.show("secret.html", name=found.login, back=f"/users/{found.login}", secrets=secrets)
    if step == "roles":
        roles = visit.form.choices("roles", ROLES)
        async with visit.doing("user.role", found.login, roles=sorted(roles)):
            await users.set_roles(visit.connection, found.login, roles)
        return visit.see(f"/users/{found.login}", words("Done."))
    change = {"disable": users.disable, "enable": users.enable}.get(step)
    if change is None:
        raise NotFoundError("QRY-NOT-FOUND")
    async with visit.doing(f"user.{step}", found.login):
        await change(visit.connection, found.login)
    return visit.see(f"/users/{found.login}", words("Done."))


def _asked(visit: Visit, name: str, *, required_roles: bool) -> tuple[str, str | None, tuple[str, ...]]:
    form = visit.form
    given = form.text(name, required=True, most=100)
    department = form.text("department", most=18) or None
    roles = form.choices("roles", ROLES)
    if required_roles and not roles:
        form.fault("roles", "CON-REQUIRED")
    form.check()
    return given, department, roles


def _shown_once(visit: Visit, name: str, back: str, made: clients.NewClient) -> Response:
    secrets = [("client_id", made.client_id), ("client_secret", made.client_secret), ("api_key", made.api_key)]
    return visit.show("secret.html", name=name, back=back, secrets=secrets)


async def _client(visit: Visit) -> clients.Client:
    return await clients.named(visit.connection, visit.text("client"))


async def _user(visit: Visit) -> users.User:
    login = visit.text("login")
    for user in await users.everyone(visit.connection):
        if user.login == login:
            return user
    raise NotFoundError("ACC-NO-USER", login=login)


def _names(known: Sequence[Department]) -> dict[str | None, str]:
    return {one.uscc: one.name for one in known}
