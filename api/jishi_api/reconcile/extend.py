"""Data extension: values of properties for entities that were matched before, in the words of the two versions (query, road out)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jishi.dictionary.resolve import NAMES_LIMIT
from jishi.errors import CallerError, Fault
from jishi_api.reconcile import reading
from jishi_api.reconcile.entity import Entity, Reference, Value, is_text
from jishi_api.reconcile.properties import PROPERTIES, Property
from jishi_api.reconcile.query import CONDITIONS_LIMIT

if TYPE_CHECKING:
    from asyncpg import Connection

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A property to fetch; at most ``most`` values an entity, None = all."""

    property: Property
    most: int | None


@dataclass(frozen=True, slots=True)
class Wish:
    """Which entities, and which of their properties."""

    ids: tuple[str, ...]
    columns: tuple[Column, ...]


def read(body: object) -> Wish:
    """Both versions write it alike. CallerError ``DIC-RECONCILE-JSON``, or ``QRY-PARAMETERS`` with every unknown property."""
    ids, asked = (body.get("ids"), body.get("properties")) if isinstance(body, dict) else (None, None)
    if not isinstance(ids, list) or not isinstance(asked, list) or len(asked) > CONDITIONS_LIMIT:
        raise CallerError("DIC-RECONCILE-JSON")
    if len(ids) > NAMES_LIMIT:
        raise CallerError("DIC-RECONCILE-BATCH", given=len(ids), limit=NAMES_LIMIT)
    columns = []
    unknown = []
    for item in asked:
        name = item.get("id") if isinstance(item, dict) else None
        entry = PROPERTIES.get(name) if isinstance(name, str) else None
        if entry is None:
            unknown.append(Fault("properties", "DIC-RECONCILE-PROPERTY", {"given": str(name)[:60]}))
        else:
            columns.append(Column(entry, _most(item)))
    if unknown:
        raise CallerError("QRY-PARAMETERS", faults=tuple(unknown))
    return Wish(tuple(str(item) for item in ids if isinstance(item, str) and is_text(item)), tuple(columns))


async def told_0_2(connection: Connection[Any], wish: Wish, language: str) -> Json:
    found = await reading.by_id(connection, wish.ids)
    rows = {
        text: {column.property.id: _values(found.get(text), column) for column in wish.columns} for text in wish.ids
    }
    return {"meta": _meta(wish.columns, language), "rows": rows}


async def told_1_0(connection: Connection[Any], wish: Wish, language: str) -> Json:
    found = await reading.by_id(connection, wish.ids)
    rows = [
        {
            "id": text,
            "properties": [
                {"id": column.property.id, "values": _values(found.get(text), column)} for column in wish.columns
            ],
        }
        for text in wish.ids
    ]
    return {"meta": _meta(wish.columns, language), "rows": rows}


def _most(item: Mapping[str, Any]) -> int | None:
    """The setting ``limit``; what is no number of one or more means all."""
    settings = item.get("settings")
    given = settings.get("limit") if isinstance(settings, dict) else None
    try:
        most = int(given or 0)
    except (TypeError, ValueError, OverflowError):
        return None
    return most if most > 0 else None


def _meta(columns: Sequence[Column], language: str) -> list[Json]:
    return [{"id": column.property.id, "name": column.property.name(language)} for column in columns]


def _values(entity: Entity | None, column: Column) -> list[Json]:
    values = () if entity is None else entity.values.get(column.property.id, ())
    return [_value(value) for value in values[: column.most]]


def _value(value: Value) -> Json:
    if isinstance(value, Reference):
        return {"id": value.id, "name": value.name}
    if isinstance(value, date):
        return {"date": f"{value.isoformat()}T00:00:00Z"}
    return {"str": value}
