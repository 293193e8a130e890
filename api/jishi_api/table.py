"""Features as a table: CSV that no spreadsheet takes for formulas, and the cells of a page (respond, road out)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Feature = Mapping[str, Any]

BYTE_ORDER_MARK = "\ufeff"
"""Without it the office programs of this country read UTF-8 as GB 18030."""

FLAG = "disputed"
"""The member of a feature that says which of its values are disputed since when."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_of(columns: Sequence[str], features: Iterable[Feature], *, geometry: bool) -> bytes:
    """RFC 4180 in UTF-8: uid, the ``columns``, where there is a ``geometry`` its text (WKT), and where any value is disputed
    which are and since when."""
    out = io.StringIO(newline="")
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, lineterminator="\r\n")
    listed = list(features)
    flags = any(FLAG in feature for feature in listed)
    writer.writerow(["uid", *columns, *(["geometry"] if geometry else []), *([FLAG] if flags else [])])
    for feature in listed:
        cells = [safe(feature["properties"].get(name)) for name in columns]
        ends = [*([wkt(feature["geometry"])] if geometry else []), *([cell(feature.get(FLAG))] if flags else [])]
        writer.writerow([feature["id"], *cells, *ends])
    return out.getvalue().encode()


def safe(value: object) -> str:
    """A cell: a text that a spreadsheet would calculate gets an apostrophe before it; numbers are left alone.

    >>> safe("=1+1"), safe("-5"), safe(-5), safe(None), safe(True)
    ("'=1+1", "'-5", '-5', '', 'true')
    """
    text = cell(value)
    return f"'{text}" if not isinstance(value, int | float) and text.startswith(_FORMULA) else text


def cell(value: object) -> str:
    """A value as text: nothing for null, JSON for lists."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def wkt(geometry: Mapping[str, Any] | None) -> str:
    """The well-known text of a GeoJSON geometry.

    >>> wkt({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]})
    'POLYGON ((0 0, 1 0, 1 1, 0 0))'
    """
    if geometry is None:
        return ""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return f"GEOMETRYCOLLECTION ({', '.join(wkt(part) for part in geometry['geometries'])})"
    coordinates = geometry["coordinates"]
    return f"{kind.upper()} ({_numbers(coordinates)})" if kind == "Point" else f"{kind.upper()} {_nested(coordinates)}"


def _nested(node: Any) -> str:
    return _numbers(node) if isinstance(node[0], int | float) else f"({', '.join(map(_nested, node))})"


def _numbers(position: Sequence[float]) -> str:
    return " ".join(f"{number}" for number in position)
