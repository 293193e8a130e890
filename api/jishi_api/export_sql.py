"""What an export reads, as SQL: the same columns, masks and rows as a page, written for COPY (query, road out).

PostgreSQL writes the lines itself wherever nothing has to be opened: CSV cells that a spreadsheet program would run are
disarmed as :func:`jishi.delivery.escape.escape_formula` does it, JSON is its own.
"""

from __future__ import annotations

from jishi.delivery.reading import CIPHER, GEOMETRY, LOOKUP, SHOWN, Field
from jishi.registers.element import Kind, Mask
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.members import members
from jishi_api.plan import Plan
from jishi_api.sql import Page, Statement

JSON_HEAD = "json"

_TYPED = frozenset({Kind.DATE, Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN})
_STARTS = "43,45,61,64,124,9,10,13,65291,65293,65309,65312"
_BLANKS = "32,160,12288,8203,65279"
_BARE = r"E' \u00a0\u3000\u200b\ufeff'"
_NUMBER = r"'^[+-]?[0-9]+([.,][0-9]+)*([Ee][+-]?[0-9]+)?%?$'"


def keys(plan: Plan, asked: Page) -> Statement:
    """The uids of all rows."""
    return sql.selected(
        plan, asked, "q.uid", f" CROSS JOIN LATERAL (SELECT {plan.computed}) p" if plan.computed else ""
    )


def table(plan: Plan, asked: Page, names: tuple[str, ...]) -> tuple[Statement, tuple[Field, ...]]:
    """The rows as columns, for Parquet: values as they are, geometry as hexadecimal WKB; and what the columns are."""
    fields = _fields(plan, names)
    return _copied(plan, asked, [_column(plan, item, _plain) for item in fields]), fields


def csv(plan: Plan, asked: Page, names: tuple[str, ...]) -> tuple[Statement, tuple[Field, ...]]:
    """The rows as texts that no spreadsheet program runs, geometry as WKT; fields only where numbers are to be opened."""
    fields = _fields(plan, names)
    copied = _copied(plan, asked, [_column(plan, item, _disarmed) for item in fields])
    return copied, tuple(Field(item.name) for item in fields) if plan.deciphered else ()


def json_lines(plan: Plan, asked: Page, form: str) -> tuple[Statement, tuple[Field, ...]]:
    """A line a feature: of ``ndjson`` its id, members and geometry in one object, of ``geojsonseq`` a GeoJSON feature behind
    a record separator (RFC 8142)."""
    geometry = sql.geometry_of(plan)
    if form == "geojsonseq":
        text = (
            f"""E'\\x1e{{"type":"Feature","id":"' || q.uid || '","geometry":' || coalesce({geometry}, 'null') """
            f"""|| ',"properties":' || {"row_to_json(p)::text" if plan.columns else "'{}'"}"""
        )
        ends = "'}'"
        lateral = f"SELECT {plan.columns}"
    else:
        shape = f', ({geometry})::json AS "{GEOMETRY}"' if plan.geometry else ""
        text, ends = "row_to_json(p)::text", "''"
        lateral = f'SELECT q.uid AS "id"{", " if plan.columns else ""}{plan.columns}{shape}'
    joins = f"{plan.joins} CROSS JOIN LATERAL ({lateral}) p"
    if not plan.deciphered:
        return sql.selected(plan, asked, f"{text} || {ends}" if ends != "''" else text, joins), ()
    columns = [f"left({text}, -1) AS {JSON_HEAD}", *(part for name in plan.deciphered for part in _sealed(name))]
    return sql.selected(plan, asked, ", ".join(columns), joins), (Field(JSON_HEAD), *map(Field, plan.deciphered))


def _copied(plan: Plan, asked: Page, columns: list[str]) -> Statement:
    joins = f"{plan.joins} CROSS JOIN LATERAL (SELECT {plan.columns}) p"
    return sql.selected(plan, asked, ", ".join(columns), joins)


def _fields(plan: Plan, names: tuple[str, ...]) -> tuple[Field, ...]:
    """uid, the members in order, derived ones last, the geometry."""
    known = members(plan.register.name)
    own = [_field(plan.register, name, plan.masked) for name in names if name in known]
    more = [Field(name) for name in sorted(name for name in names if name not in known)]
    shape = [Field(GEOMETRY, Kind.GEOMETRY)] if plan.geometry else []
    return (Field("uid"), *own, *more, *shape)


def _field(register: Register, name: str, masked: tuple[str, ...]) -> Field:
    member = members(register.name)[name]
    element = register.elements[member.element]
    hidden = member.element in masked and element.mask is not Mask.NONE
    if member.label or hidden or element.kind not in _TYPED:
        return Field(name)
    return Field(name, element.kind, element.digits)


def _column(plan: Plan, item: Field, write: object) -> str:
    if item.name in plan.deciphered:
        return ", ".join(_sealed(item.name))
    if item.name == "uid":
        return 'q.uid AS "uid"'
    if item.kind is Kind.GEOMETRY:
        column = f"q.{plan.register.geometry}"
        shape = (
            f"ST_AsText({column}, {plan.crs.decimals})"
            if write is _disarmed
            else f"encode(ST_AsBinary({column}), 'hex')"
        )
        return f'{shape} AS "{GEOMETRY}"'
    value = f'p."{item.name}"'
    if item.kind is Kind.BOOLEAN:
        value = f"CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END"
    elif item.kind is None and write is _disarmed:
        value = _disarmed(f"{value}::text")
    return f'{value} AS "{item.name}"'


def _plain(value: str) -> str:
    return value


def _disarmed(value: str) -> str:
    """The first character decides for almost all cells; only where it might begin a formula is the rest looked at."""
    bare = f"ltrim({value}, {_BARE})"
    formula = f"ascii({bare}) IN ({_STARTS}) AND {bare} !~ {_NUMBER}"
    return f"CASE WHEN ascii({value}) IN ({_STARTS},{_BLANKS}) AND {formula} THEN '''' || {value} ELSE {value} END"


def _sealed(name: str) -> list[str]:
    return [
        f'number_of_{name}.lookup AS "{name}{LOOKUP}"',
        f'number_of_{name}.cipher AS "{name}{CIPHER}"',
        f'q.{name} AS "{name}{SHOWN}"',
    ]
