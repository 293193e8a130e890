"""The masks of :mod:`jishi.identifiers.masks` as PostgreSQL expressions, for answers the database itself writes."""

from __future__ import annotations

from jishi.errors import InternalError
from jishi.identifiers.masks import COUNTY_OF_ADDRESS, PARTY, REST, STREET

_NAME = "CASE WHEN {length} > 1 THEN left({column}, 1) || '**' WHEN {column} IS NOT NULL THEN '**' END"

_TEMPLATES = {
    "none": "{column}",
    "hide": "CAST(NULL AS text)",
    "name": _NAME,
    "party": f"CASE WHEN {{column}} ~ '^({{party}})$' THEN {{column}} ELSE {_NAME} END",
    "identifier": "CASE WHEN {length} >= 14 THEN {ends_3_4} ELSE {ends_quarter} END",
    "phone": (
        "CASE WHEN {length} >= 11 THEN {ends_3_4} WHEN {length} >= 7 THEN {ends_0_4} ELSE repeat('*', {length}) END"
    ),
    "year": "substring(CAST({column} AS text) FROM '^[0-9]{{4}}')",
    "county": "left({column}, 6)",
    "street": (
        "CASE WHEN {column} IS NOT NULL THEN coalesce(substring({column} FROM '{street}'),"
        " substring({column} FROM '{county}'), '') || '{rest}' END"
    ),
    "last4": "{ends_half}",
    "email": (
        "CASE WHEN {column} ~ '^[^@]+@[^@]+$' THEN left({column}, 1) || '{rest}@' || split_part({column}, '@', 2)"
        " WHEN {column} IS NOT NULL THEN '{rest}' END"
    ),
}


def mask_sql(column: str, mask: str) -> str:
    """The expression that masks ``column``, which is itself an SQL expression from a declaration, never from a request.

    The column is text, or for ``year`` also a date (DateStyle ISO). Raises ``REG-MASK`` for a mask nobody declared.
    """
    if mask not in _TEMPLATES:
        raise InternalError("REG-MASK", mask=mask)
    length = f"char_length({column})"
    return _TEMPLATES[mask].format(
        column=column,
        length=length,
        rest=REST,
        street=STREET,
        county=COUNTY_OF_ADDRESS,
        party=PARTY,
        ends_3_4=_ends(column, "3", "4"),
        ends_0_4=_ends(column, "0", "4"),
        ends_quarter=_ends(column, f"{length} / 4", f"{length} / 4"),
        ends_half=_ends(column, "0", f"least(4, {length} / 2)"),
    )


def _ends(column: str, head: str, tail: str) -> str:
    """Clear at both ends, stars between."""
    hidden = f"char_length({column}) - {head} - {tail}"
    return f"left({column}, {head}) || repeat('*', {hidden}) || right({column}, {tail})"
