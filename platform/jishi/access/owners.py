"""Which department owns a register's data and answers who asks for it (beside the road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from jishi.errors import CallerError
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.register import Register

if TYPE_CHECKING:
    from asyncpg import Connection


async def owner_of(connection: Connection[Any], register: Register, declared: Mapping[str, str]) -> str:
    """The USCC of the owner: what the city declares, else the one department that bears the name of the catalogue's
    provider. Raises CallerError ``ACC-APPLICATION-NO-OWNER`` where that is none or several.
    """
    if register.name in declared:
        return declared[register.name]
    provider = entry_of(register).provider
    rows = await connection.fetch("SELECT uscc, name, short_name FROM jishi.department WHERE removed_at IS NULL")
    found = named(provider, [(row["uscc"], row["name"], row["short_name"]) for row in rows])
    if found is None:
        raise CallerError("ACC-APPLICATION-NO-OWNER", collection=register.collection, provider=provider)
    return found


def named(provider: str, departments: Iterable[tuple[str, str, str]]) -> str | None:
    """The USCC of the one whose short name is the provider's, or whose name holds it (和 left out); None: not exactly one.

    >>> named("发展改革", [("A", "市发展和改革委员会", "发改"), ("B", "市公安局", "公安")]), named("公安", [])
    ('A', None)
    """
    known = list(departments)
    exact = [uscc for uscc, _, short in known if short == provider]
    held = [uscc for uscc, name, _ in known if provider.replace("和", "") in name.replace("和", "")]
    found = exact or held
    return found[0] if len(found) == 1 else None
