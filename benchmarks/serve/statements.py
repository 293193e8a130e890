"""Our own statements as scripts of pgbench."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from jishi.access.grants import Grant, standing
from jishi.registers.catalog import register_of
from jishi_api import query, sql
from serve import seed

PERSON = (
    "full_name,sex_code,birth_date,id_type_code,id_number,hukou_division_code,hukou_address,residence_address,mobile,"
    "education_code,nationality_code,person_status_code"
)
PLACE = "place_name,division_code,address_full,addr_province,addr_city,addr_road,addr_number,county_code,category,phone"
"""What is asked for of a person and of a place, by everybody."""


def script(kind: str, scale: tuple[int, int], grant: Grant) -> str:
    """Our own statement with pgbench's variables for its values; ``grant``: on persons, whom look-ups are of. A look-up is by
    one key here, where ours asks for all keys that wait."""
    if kind.startswith("point"):
        plan = query.plan_properties(register_of(grant.register), grant, [("properties", PERSON)]).plan
        text = sql.by_uids(plan, (UUID(int=0),), ()).text
        return f"\\set n random(1, {scale[0]})\n{text.strip().replace('ANY($1::uuid[])', seed.UID_SQL)};\n"
    register = register_of("place")
    boxed = kind == "bbox"
    asked = [("properties", PLACE), ("limit", "1000" if boxed else "100")]
    asked.append(("bbox", "120,31,121,32") if boxed else ("county_code", "320505"))
    question = query.plan_items(register, standing("pgbench", register), asked, bytes(32))
    page = question.page if boxed else replace(question.page, after=sql.Position(UUID(int=1)))
    text = sql.page(question.plan, page).text.strip()
    west, south, east, north = seed.BOX
    if boxed:
        share = min(0.9, 1150 / scale[1]) ** 0.5
        width, height = (east - west) * share, (north - south) * share
        values = {"$1": ":w::float8", "$2": ":s::float8"}
        values |= {"$3": f":w::float8 + {width:.6f}", "$4": f":s::float8 + {height:.6f}", "$5": "1001"}
        sets = f"\\set w random(0, 1000000) / 1000000.0 * {east - west - width:.6f} + {west}\n"
        sets += f"\\set s random(0, 1000000) / 1000000.0 * {north - south - height:.6f} + {south}\n"
    else:
        values = {"$1": "(320505 + :c::int)::text", "$2": "101", "$3": seed.UID_SQL.replace("0193", "0192")}
        sets = f"\\set n random(1, {scale[1] // 10})\n\\set c random(0, 4)\n"
    for name, value in sorted(values.items(), reverse=True):
        text = text.replace(name, value)
    return f"{sets}{text};\n"
