"""Who is meant by a number, for looks at the disclosure log: nobody found is no error (query, road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access import who
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.numbers import number_of
from jishi_api.serving import Serving

if TYPE_CHECKING:
    from asyncpg import Connection


def numbers_of(register: Register) -> dict[str, DataElement]:
    """Elements of a register that are numbers somebody is known by."""
    return {name: element for name, element in register.elements.items() if element.kind is Kind.IDENTIFIER}


async def uids_of(
    connection: Connection[Any], serving: Serving, register: Register, element: str, text: str
) -> list[UUID]:
    """Who has, or ever had, the number; nobody where it is none. ``element`` is one of :func:`numbers_of`."""
    number = number_of(register.elements[element], text)
    if number is None:
        return []
    return await who.uids_of(connection, register.number, element, serving.sealer.tags(number))
