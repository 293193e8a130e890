"""A small invented city: districts, roads and a few thousand places on a grid, and some organisations with dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from jishi.storage import engine

CITY_TOML = 'name = "苏州市"\nname_en = "Suzhou"\nprojected_srid = 4549\nbbox = [119.85, 30.70, 121.45, 32.15]\n'
POINTS = 3000
COLUMNS = 60
"""Points stand in rows of so many, a hundredth of a degree apart, from 120.4 and 31.0 on."""

WITHOUT_GEOMETRY = 5
INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
CATEGORIES = ("公园", "学校", "医院", "Straße", "STRASSE", "50%_off", "a\\b", None)


def _square(west: float, south: float, side: float) -> str:
    east, north = round(west + side, 2), round(south + side, 2)
    return f"(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"


_RING = _square(120.5, 31.1, 0.2)[:-1]
DISTRICTS = {
    1: f"POLYGON{_square(120.4, 31.0, 0.2)}",
    2: f"POLYGON{_square(120.6, 31.0, 0.2)}",
    3: f"POLYGON{_square(120.45, 31.05, 0.1)}",
    4: f"MULTIPOLYGON({_square(121.0, 31.0, 0.1)},{_square(121.2, 31.2, 0.1)})",
    5: f"POLYGON{_RING},{_square(120.55, 31.15, 0.1)[1:]}",
    6: "LINESTRING(120.30 31.10,120.90 31.10)",
    7: "MULTIPOINT((120.41 31.01),(121.05 31.05))",
}
"""Number of a division → its geometry, some of kinds a division has only here."""

ORGANISATIONS = 400


def point(number: int) -> tuple[float, float]:
    """Longitude and latitude of place ``number`` (0 to POINTS - 1)."""
    return round(120.4 + number % COLUMNS * 0.01, 2), round(31.0 + number // COLUMNS * 0.01, 2)


def places() -> list[dict[str, Any]]:
    """Every place: uid, type, name, category, geometry as WKT or None."""
    found: list[dict[str, Any]] = []
    for number in range(POINTS):
        east, north = point(number)
        found.append(_place(number, "poi", CATEGORIES[number % len(CATEGORIES)], f"POINT({east} {north})"))
    found += [_place(POINTS + number, "poi", "无处", None) for number in range(WITHOUT_GEOMETRY)]
    found += [_place(9000 + number, "division", None, shape) for number, shape in DISTRICTS.items()]
    return found


def organisations() -> list[dict[str, Any]]:
    """Every organisation: uid, name, city, the dates of its founding and its term, capital."""
    return [
        {
            "uid": uid(20000 + number),
            "entity_name": f"测试{number}有限公司" if number % 3 else f"Test {number} Ltd",
            "city": ("苏州", "昆山", None)[number % 3],
            "establish_date": None if number % 10 == 9 else date(1990 + number % 30, number % 12 + 1, number % 28 + 1),
            "term_from": None if number % 7 == 6 else date(2000 + number % 10, 1, 1),
            "term_to": None if number % 5 == 4 else date(2010 + number % 10, 1, 1),
            "reg_capital": number * 10,
        }
        for number in range(ORGANISATIONS)
    ]


def uid(number: int) -> str:
    return f"01920000-0000-7000-8000-{number:012d}"


async def fill(url: str) -> None:
    """Put it all in."""
    connection = await engine.connect(url)
    try:
        await connection.executemany(
            """
            INSERT INTO jishi.place
              (uid, place_type, place_name, category, geom, effective_from, recorded_at, state, in_version, batch_id)
            VALUES ($1, $2, $3, $4, ST_GeomFromText($5, 4490), $6, $6, 'active', false, 1)
            """,
            [
                (row["uid"], row["place_type"], row["place_name"], row["category"], row["geom"], INSTANT)
                for row in places()
            ],
        )
        await connection.executemany(
            """
            INSERT INTO jishi.legal_entity
              (uid, entity_name, city, establish_date, term_from, term_to, reg_capital, entity_status_code,
               effective_from, recorded_at, state, in_version, batch_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, '1', $8, $8, 'active', false, 1)
            """,
            [(*row.values(), INSTANT) for row in organisations()],
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _place(number: int, kind: str, category: str | None, shape: str | None) -> dict[str, Any]:
    return {
        "uid": uid(number),
        "place_type": kind,
        "place_name": f"地点 {number}",
        "category": category,
        "geom": shape,
    }
