"""JSON in all its dialects: one document, one object a line, broken, repeated, too deep, not numbers, half characters."""

from __future__ import annotations

import json
from typing import Any

from corpus_case import BORDERS, HEADERS, Case, csv_text, rows_of

RECORDS = [dict(zip(HEADERS, row, strict=True)) for row in rows_of(5)]
LINES = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
NINTH = json.dumps(dict(zip(HEADERS, rows_of(1, 9)[0], strict=True)), ensure_ascii=False)
DOCUMENT = json.dumps(RECORDS, ensure_ascii=False, indent=1)
RAGGED, REPLACED, ERROR, USCC = "ING-ROW-RAGGED", "ING-ROW-REPLACED", "ING-ROW-ERROR", "legal_entity.uscc.readable"
LOST_LINE = {RAGGED: 1, "ING-KEY-MISSING": 1, "legal_entity.entity_name.required": 1}


def case(name: str, content: str | bytes, **outcome: Any) -> Case:
    data = content.encode() if isinstance(content, str) else content
    return Case(name, lambda: data, **outcome)


def lines(*more: str, end: str = "\n") -> str:
    return "\n".join([*LINES, *more]) + end


def with_member(member: str) -> str:
    """Five records, the second of which ends in another member."""
    return "[" + ",".join([LINES[0], LINES[1][:-1] + "," + member + "}", *LINES[2:]]) + "]"


def replaced(old: str, new: str) -> str:
    return "[" + ",".join([LINES[0], LINES[1].replace(old, new), *LINES[2:]]) + "]"


def features(*geometries: str, names: tuple[str, ...] = ()) -> str:
    parts = ",".join(
        f'{{"type":"Feature","properties":{{"name":"某区{n}","gb":"15632050{n + 4}"}},"geometry":{geometry}}}'
        for n, geometry in enumerate(geometries, start=1)
    )
    return f'{{"type":"FeatureCollection","features":[{parts}]}}'


def polygon(*points: tuple[float, float]) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [[list(point) for point in points]]})


SQUARE = ((120.5, 31.2), (120.6, 31.2), (120.6, 31.3), (120.5, 31.3), (120.5, 31.2))
READABLE, REPAIRED = "place.geom.readable", "place.geom.repaired"
NESTED = '{"type":"GeometryCollection","geometries":[' * 60 + "]}" * 60

RECORD_CASES = (
    case("plain.json", DOCUMENT, received=5, format="json", encoding="utf-8"),
    case("bom.json", DOCUMENT.encode("utf-8-sig"), received=5, encoding="utf-8-sig"),
    case("gb18030.json", DOCUMENT.encode("gb18030"), received=5, encoding="gb18030"),
    case("wrapped.json", f'{{"code":0,"data":{DOCUMENT},"total":5}}', received=5),
    case("lines.json", lines(), received=5, format="ndjson", notes=("ING-NOTE-KIND",)),
    case("document.ndjson", DOCUMENT, received=5, format="json", notes=("ING-NOTE-KIND",)),
    case("records.csv", DOCUMENT, received=5, format="json", notes=("ING-NOTE-KIND",)),
    case("table.json", csv_text(rows_of(5)), received=5, format="csv", notes=("ING-NOTE-KIND",)),
    case("plain.ndjson", lines(), received=5, format="ndjson"),
    case(
        "one-bad-line.ndjson",
        lines('{"企业名称": "苏州"', NINTH),
        received=7,
        refused=LOST_LINE,
        bad=1,
    ),
    case("a-list-among-lines.ndjson", lines("[1, 2]"), received=6, refused=LOST_LINE, bad=1),
    case("cut.ndjson", lines('{"企业名称": "苏', end=""), fault="ING-READ-TRUNCATED", line=6),
    case("cut.json", DOCUMENT[:-60], fault="ING-READ-TRUNCATED", line=DOCUMENT[:-60].count("\n") + 1),
    case(
        "comma-missing.json",
        DOCUMENT.replace("},", "}", 1),
        fault="ING-READ-JSON",
        line=9,
        byte=len(DOCUMENT.split("},")[0].encode()) + 3,
    ),
    case("comments.json", "// 导出\n" + DOCUMENT, fault="ING-READ-JSON", line=1, byte=0),
    case("member-twice.json", with_member('"企业名称":"别的"'), received=5, refused={RAGGED: 1}),
    case("list-twice.json", f'{{"data":{DOCUMENT},"data":[]}}', fault="ING-READ-NAMED-TWICE"),
    case("two-lists.json", f'{{"a":{DOCUMENT},"b":{DOCUMENT}}}', fault="ING-READ-SHAPE"),
    case("scalars.json", "[1, 2, 3]", fault="ING-READ-SHAPE"),
    case("empty-list.json", "[]", fault="ING-READ-NO-ROWS"),
    case("empty.json", "", fault="ING-READ-EMPTY"),
    case("deep.json", with_member('"备注":' + "[" * 5000 + "]" * 5000), fault="ING-READ-DEEP", says="100"),
    case("deeper.json", "[" * 200_000, fault="ING-READ-DEEP"),
    case("deep-line.ndjson", lines('{"备注":' + "[" * 5000 + "]" * 5000 + "}"), received=6, refused=LOST_LINE, bad=1),
    case("brackets-in-text.json", replaced("生产、销售某某", "[{" * 200), received=5),
    case(
        "not-a-number.json",
        replaced('"100万元"', "NaN"),
        received=5,
        refused={ERROR: 1, "legal_entity.reg_capital.readable": 1},
        bad=1,
    ),
    case(
        "infinity.ndjson",
        lines(NINTH.replace('"100万元"', "-Infinity")),
        received=6,
        refused={ERROR: 1, "legal_entity.reg_capital.readable": 1},
        bad=1,
    ),
    case(
        "huge-exponent.json",
        replaced('"100万元"', "1e400"),
        received=5,
        refused={"legal_entity.reg_capital.readable": 1},
    ),
    case("half-a-character.json", replaced("生产", "\\ud800"), received=5, refused={REPLACED: 1}),
    case("half-a-character-in-a-name.json", with_member('"\\udc00x":1'), received=5),
    case("nul-in-text.json", replaced("生产", "\\u0000"), received=5, refused={REPLACED: 1}),
    case(
        "code-as-number.json",
        replaced('"91320505MA000002', '"9132050512345678'),
        received=5,
        refused={"legal_entity.uscc.check_character": 1},
        warned={"legal_entity.uscc.inner_code": 1},
    ),
)

GEODATA = (
    case("borders.geojson", features(polygon(*SQUARE)), received=1, source=BORDERS, format="geojson"),
    case(
        "crossing.geojson",
        features(polygon(SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0])),
        received=1,
        source=BORDERS,
        warned={REPAIRED: 1},
    ),
    case("unclosed.geojson", features(polygon(*SQUARE[:-1])), received=1, source=BORDERS, warned={REPAIRED: 1}),
    case("clockwise.geojson", features(polygon(*SQUARE[::-1])), received=1, source=BORDERS),
    case(
        "empty-geometry.geojson",
        features(polygon(), polygon(*SQUARE)),
        received=2,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "no-area.geojson",
        features(polygon(SQUARE[0], SQUARE[0], SQUARE[0], SQUARE[0])),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case("heights.geojson", features('{"type":"Point","coordinates":[120.6,31.3,9.5]}'), received=1, source=BORDERS),
    case(
        "collection.geojson",
        features('{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[120.6,31.3]}]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case("collections-inside.geojson", features(NESTED), fault="ING-READ-DEEP", source=BORDERS),
    case(
        "texts-as-numbers.geojson",
        features('{"type":"Point","coordinates":["120.6","31.3"]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "not-a-number.geojson",
        features('{"type":"Polygon","coordinates":[[[120.5,31.2],[120.6,NaN],[120.6,31.3],[120.5,31.2]]]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "exponent.geojson",
        features('{"type":"Point","coordinates":[1e400,31.3]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "unknown-shape.geojson",
        features('{"type":"Circle\\ud800","coordinates":[1,2]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "swapped.geojson",
        features(polygon(*((y, x) for x, y in SQUARE))),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case(
        "metres.geojson",
        features('{"type":"Point","coordinates":[559006.9,3466396.1]}'),
        received=1,
        source=BORDERS,
        refused={READABLE: 1},
    ),
    case("no-features.geojson", '{"type":"FeatureCollection","features":[]}', fault="ING-READ-NO-ROWS", source=BORDERS),
    case(
        "other-system.geojson",
        features(polygon(*SQUARE)).replace("{", '{"crs":{"type":"name","properties":{"name":"EPSG:4549"}},', 1),
        fault="ING-CRS",
        says="EPSG:4549",
        source=BORDERS,
    ),
)

CASES = (*RECORD_CASES, *GEODATA)
