"""What an export reads: statements, columns and the numbers to be opened, as the road out planned them (plan, road out).

Who plans it knows grants, masks and filters; who runs it knows none of them and only carries it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.grants import Grant
from jishi.delivery.export_store import Export
from jishi.errors import InternalError
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

LOOKUP, CIPHER, SHOWN = "__lookup", "__cipher", "__shown"
"""Endings of the columns that stand for a number to be opened: its tag, its cipher, and the mask where there is none."""

GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table: ``kind`` None = text, whatever it was before its mask."""

    name: str
    kind: Kind | None = None
    digits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """``keys`` and ``rows`` are read in one snapshot with the same ``values``: first the uids, then the rows of them all.

    ``rows`` gives lines ready to be written where ``fields`` is empty; else a table of ``fields``, and for each of
    ``deciphered`` the three columns it takes to open it, in the place of its field. ``watched``: uids whose disclosure the
    auditors are told of.
    """

    register: Register
    grant: Grant
    department: str | None
    keys: str
    rows: str
    values: tuple[object, ...] = field(repr=False)
    masked: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    deciphered: tuple[str, ...] = ()
    watched: frozenset[UUID] = frozenset()


Planner = Callable[["Connection[Any]", Settings, Export], Awaitable[Reading]]
"""Plans an export anew when it is run: what was revoked or hidden since it was asked for is so in the file too."""


def planner() -> Planner:
    """The one the road out publishes; ``RUN-UNAVAILABLE`` where it is not installed."""
    for found in entry_points(group="jishi.export"):
        load: Planner = found.load()
        return load
    raise InternalError("RUN-UNAVAILABLE", command="work", module="jishi_api")
