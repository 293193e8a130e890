"""Our own statements as scripts of pgbench."""

from __future__ import annotations

from uuid import UUID

from jishi.registers.catalog import register_of
from jishi_api import query, sql
from serve import seed

PERSON = (
    "full_name,sex_code,birth_date,id_type_code,id_number,hukou_division_code,hukou_address,residence_address,mobile,"
    "education_code,nationality_code,person_status_code"
)
PLACE = "place_name,division_code,address_full,addr_province,addr_city,addr_road,addr_number,county_code,category,phone"
"""What is asked for of a person and of a place, by everybody."""


def script(kind: str, scale: tuple[int, int], point: tuple[str, str]) -> str:
    """Our own statement with pgbench's variables for its values; ``point``: register and members of the look-up."""
    if kind.startswith("point"):
        register = register_of(point[0])
        members = query.plan_properties(register, [("properties", point[1])])
        text = sql.by_uid(register, UUID(int=0), members).text
        total = scale[0] if point[0] == "natural_person" else scale[1]
        key = seed.UID_SQL if point[0] == "natural_person" else seed.UID_SQL.replace("0193", "0192")
        return f"\\set n random(1, {total})\n{text.strip().replace('$1', key)};\n"
    register = register_of("place")
    boxed = kind == "bbox"
    asked = [("properties", PLACE), ("limit", "1000" if boxed else "100")]
    asked.append(("bbox", "120,31,121,32") if boxed else ("county_code", "320505"))
    plan = query.plan_items(register, asked, b"")
    text = sql.page(plan).text.strip()
    west, south, east, north = seed.BOX
    if boxed:
        share = min(0.9, 1150 / scale[1]) ** 0.5
        width, height = (east - west) * share, (north - south) * share
        values = {
            "$1": "'00000000-0000-0000-0000-000000000000'::uuid",
            "$2": "1001",
            "$3": ":w::float8",
            "$4": ":s::float8",
        }
        values |= {"$5": f":w::float8 + {width:.6f}", "$6": f":s::float8 + {height:.6f}"}
        sets = f"\\set w random(0, 1000000) / 1000000.0 * {east - west - width:.6f} + {west}\n"
        sets += f"\\set s random(0, 1000000) / 1000000.0 * {north - south - height:.6f} + {south}\n"
    else:
        values = {"$1": seed.UID_SQL.replace("0193", "0192"), "$2": "101", "$3": "(320505 + :c::int)::text"}
        sets = f"\\set n random(1, {scale[1] // 10})\n\\set c random(0, 4)\n"
    for name, value in sorted(values.items(), reverse=True):
        text = text.replace(name, value)
    return f"{sets}{text};\n"
