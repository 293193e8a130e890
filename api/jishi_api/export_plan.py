"""Plans an export: what its body asks, and, when a worker runs it, what of that its grant still opens (plan, authorise).

Published as the entry point ``jishi.export``: the worker plans an export at the moment it reads, so that what was revoked,
masked or hidden since the request is so in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jishi.access import holders, protection
from jishi.access.authorise import authorise
from jishi.access.grants import Grant, standing
from jishi.access.protection import Visibility, visible
from jishi.delivery.export_store import FORMATS, Export
from jishi.delivery.reading import Reading
from jishi.errors import CallerError, DeniedError, Fault
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.settings import Settings
from jishi.stewardship import disputes
from jishi_api import export_sql
from jishi_api.binding import bound
from jishi_api.caller import Stated
from jishi_api.members import queryables
from jishi_api.protected import hidden_from
from jishi_api.query import Question, plan_items

if TYPE_CHECKING:
    from asyncpg import Connection

EXPORT = "export"
"""The right that takes a personal collection as a whole."""

OWN = frozenset({"collection", "collections", "format"})
QUERY = frozenset({"properties", "filter", "filter-lang", "bbox", "include"})


@dataclass(frozen=True, slots=True)
class Wish:
    """An export asked for: of which register, in which form, and the members that say which rows and elements."""

    register: Register
    form: str
    members: Mapping[str, Any]


def known_members() -> frozenset[str]:
    """Whatever may stand in the body of an export of any collection."""
    return OWN | QUERY | frozenset(name for register in registers().values() for name in queryables(register.name))


def wish_of(body: Mapping[str, Any]) -> Wish:
    """The wish in a body; CallerError ``QRY-PARAMETERS`` with every fault of what does not depend on a grant."""
    faults: list[Fault] = []
    named = body.get("collections", [])
    names = [*(named if isinstance(named, list) else [named]), *([body["collection"]] if "collection" in body else [])]
    found = {register.collection: register for register in registers().values()}
    register = found.get(names[0]) if len(names) == 1 and isinstance(names[0], str) else None
    if register is None:
        faults.append(Fault("collection", "QRY-COLLECTION" if len(names) == 1 else "QRY-VALUE-EXPORT-COLLECTION"))
    form = body.get("format", "csv")
    if not isinstance(form, str) or form not in FORMATS:
        faults.append(Fault("format", "QRY-VALUE-EXPORT-FORMAT", {"known": ", ".join(FORMATS)}))
    members = {name: value for name, value in body.items() if name not in OWN | {"purpose", "case_no"}}
    if register is not None and register.personal and "properties" not in members:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    if faults or register is None:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
    return Wish(register, str(form), members)


def question_of(register: Register, grant: Grant, members: Mapping[str, Any]) -> Question:
    """What is asked, as a search's body would ask it; ``wanted`` demands the right that a personal collection takes."""
    question = plan_items(register, grant, (), b"", posted=members)
    rights = question.wanted.rights | (frozenset({EXPORT}) if register.personal else frozenset())
    return replace(question, wanted=replace(question.wanted, rights=rights))


async def reading_of(connection: Connection[Any], settings: Settings, export: Export) -> Reading:
    """What the worker reads now. DeniedError ``QRY-EXPORT-GRANT`` where the grant is over, ``ACC-DENIED`` where it permits
    less than was thought."""
    now = datetime.now(UTC)
    register = next(item for item in registers().values() if item.number == export.register)
    holder = await holders.by_id(connection, export.client_id)
    if holder is None or holder.client.disabled:
        raise DeniedError("QRY-EXPORT-GRANT")
    grant = holder.grants.get(register.name)
    if grant is None and not register.personal:
        grant = standing(export.client_id, register)
    if grant is None or grant.grant_id != export.grant_id or not grant.in_force(now):
        raise DeniedError("QRY-EXPORT-GRANT")
    question = question_of(register, grant, export.request)
    stated = Stated(export.purpose, export.case_no)
    authorise(register, grant, replace(question.wanted, purpose=stated.purpose, case_no=stated.case_no), now)
    protections = await protection.load(connection)
    unseen = {uid for uid, kept in protections.items() if visible(kept, grant, stated.purpose) is Visibility.PURPOSE}
    hidden = unseen | set(hidden_from(protections, register, grant, stated))
    page = replace(
        question.page, hidden=tuple(sorted(uid for uid in hidden if protections[uid].register == register.name))
    )
    plan, names = question.plan, question.names
    flagged = export_sql.flags(plan) if await disputes.any_standing(connection, register) else ""
    match export.format:
        case "parquet":
            rows, fields = export_sql.table(plan, page, names, flagged)
        case "csv":
            rows, fields = export_sql.csv(plan, page, names, flagged)
        case _:
            rows, fields = export_sql.json_lines(plan, page, export.format, flagged)
    sealer = Sealer(load_or_create(settings.key_path), settings.cipher)
    return Reading(
        register,
        grant,
        holder.client.department,
        export_sql.keys(plan, page).text,
        rows.text,
        tuple(bound(rows.values, sealer)),
        masked=plan.masked,
        clear=plan.clear,
        fields=fields,
        deciphered=plan.deciphered,
        watched=frozenset(protections),
    )
