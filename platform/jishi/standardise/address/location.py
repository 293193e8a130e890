"""What two addresses of one door have in common, however they are written (step standardise).

By it an entity's domicile finds the standard address of the place register. It holds the county of today and what stands
below the road; names of provinces, towns and zones are left out, since addresses give or omit them at will.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_STREET = ("road", "number")
_INSIDE = ("compound", "building", "unit", "room")
_BUILDING = re.compile("(?:号楼|栋|幢|#楼|#)$")
_SPACE = re.compile(r"\s+")


def location_of(county: str | None, parts: Mapping[str, str]) -> str | None:
    """County and parts, joined by ``|``; None where the county cannot be told, or neither a road with a number nor a
    compound is named: such an address means no door.

    >>> location_of("320508", {"road": "平江路", "number": "12号", "building": "3幢", "room": "501室"})
    '320508|平江路|12号||3幢||501室'
    >>> location_of("320508", {"city": "苏州市", "road": "平江路", "number": "12号", "building": "3号楼", "room": "501室"})
    '320508|平江路|12号||3幢||501室'
    >>> location_of("320508", {"road": "平江路"}), location_of(None, {"road": "平江路", "number": "12号"})
    (None, None)
    """
    if county is None or not ("compound" in parts or all(part in parts for part in _STREET)):
        return None
    inside = {part: _SPACE.sub("", parts.get(part, "")).upper() for part in (*_STREET, *_INSIDE)}
    inside["building"] = _BUILDING.sub("幢", inside["building"])
    return "|".join((county, *inside.values()))
