"""What an export reads, as SQL: the same columns, masks and rows as a page, written for COPY (query, road out).

PostgreSQL writes the lines itself wherever nothing has to be opened: CSV cells that a spreadsheet program would run are
disarmed as :func:`jishi.delivery.escape.escape_formula` does it, JSON is its own.
"""

from __future__ import annotations

from jishi.delivery.reading import CIPHER, GEOMETRY, LOOKUP, SHOWN, Field
from jishi.registers.element import Kind, Mask
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.disputes import rests_on
from jishi_api.members import members
from jishi_api.plan import Plan
from jishi_api.sql import Page, Statement
from jishi_api.temporal import CITY_ZONE

JSON_HEAD = "json"
FLAG = "disputed"
_TOLD = "flags.told"

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


def table(plan: Plan, asked: Page, names: tuple[str, ...], flagged: str = "") -> tuple[Statement, tuple[Field, ...]]:
    """The rows as columns, for Parquet: values as they are, geometry as hexadecimal WKB; and what the columns are."""
    fields = _fields(plan, names)
    columns = [_column(plan, item, _plain) for item in fields]
    flags = [f'{_TOLD}::text AS "{FLAG}"'] if flagged else []
    return _copied(plan, asked, [*columns, *flags], flagged), (*fields, *([Field(FLAG)] if flagged else []))


def csv(plan: Plan, asked: Page, names: tuple[str, ...], flagged: str = "") -> tuple[Statement, tuple[Field, ...]]:
    """The rows as texts that no spreadsheet program runs, geometry as WKT; fields only where numbers are to be opened."""
    fields = _fields(plan, names)
    columns = [_column(plan, item, _disarmed) for item in fields]
    flags = [f'{_TOLD}::text AS "{FLAG}"'] if flagged else []
    copied = _copied(plan, asked, [*columns, *flags], flagged)
    named = [*(Field(item.name) for item in fields), *([Field(FLAG)] if flagged else [])]
    return copied, tuple(named) if plan.deciphered else ()


def json_lines(plan: Plan, asked: Page, form: str, flagged: str = "") -> tuple[Statement, tuple[Field, ...]]:
    """A line a feature: of ``ndjson`` its id, members and geometry in one object, of ``geojsonseq`` a GeoJSON feature behind
    a record separator (RFC 8142). ``flagged``: of :func:`flags`, what says which values are disputed."""
    geometry = sql.geometry_of(plan)
    if form == "geojsonseq":
        flags = f"""|| coalesce(',"{FLAG}":' || {_TOLD}::text, '') """ if flagged else ""
        text = (
            f"""E'\\x1e{{"type":"Feature","id":"' || q.uid || '","geometry":' || coalesce({geometry}, 'null') """
            f"""{flags}|| ',"properties":' || {"row_to_json(p)::text" if plan.columns else "'{}'"}"""
        )
        ends = "'}'"
        lateral = f"SELECT {plan.columns}"
    else:
        shape = f', ({geometry})::json AS "{GEOMETRY}"' if plan.geometry else ""
        shape += f', {_TOLD} AS "{FLAG}"' if flagged else ""
        text, ends = "row_to_json(p)::text", "''"
        lateral = f'SELECT q.uid AS "id"{", " if plan.columns else ""}{plan.columns}{shape}'
    joins = f"{plan.joins}{flagged} CROSS JOIN LATERAL ({lateral}) p"
    if not plan.deciphered:
        return sql.selected(plan, asked, f"{text} || {ends}" if ends != "''" else text, joins), ()
    columns = [f"left({text}, -1) AS {JSON_HEAD}", *(part for name in plan.deciphered for part in _sealed(name))]
    return sql.selected(plan, asked, ", ".join(columns), joins), (Field(JSON_HEAD), *map(Field, plan.deciphered))


def flags(plan: Plan) -> str:
    """A join that says of each row which of its shown values are disputed, by name since when."""
    register = plan.register
    pairs = [(element, name) for name in (*plan.masked, *plan.clear) for element in rests_on(register.name, name)]
    named = ", ".join(f"('{element}', '{name}')" for element, name in pairs if "'" not in name)
    if not named:
        return ""
    return f"""
LEFT JOIN (
  SELECT s.uid, jsonb_object_agg(s.name, s.since) AS told
  FROM (
    SELECT l.uid, m.name, (min(d.raised_at) AT TIME ZONE '{CITY_ZONE.key}')::date AS since
    FROM jishi.dispute d
    JOIN (VALUES {named}) m (element, name) ON m.element = d.element
    JOIN jishi.{register.name}_link l ON l.contribution_id = d.contribution_id
    WHERE d.register = {register.number} AND d.resolved_at IS NULL
    GROUP BY 1, 2
  ) s
  GROUP BY 1
) flags ON flags.uid = q.uid"""  # noqa: S608  identifiers of the declaration


def _copied(plan: Plan, asked: Page, columns: list[str], flagged: str) -> Statement:
    joins = f"{plan.joins}{flagged} CROSS JOIN LATERAL (SELECT {plan.columns}) p"
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
