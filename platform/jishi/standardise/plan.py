"""What one delivery's raw columns mean: the plan that standardise follows, made from a source and a file's headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from jishi.dictionary.codes import CodeList
from jishi.registers.register import Register
from jishi.settings import City

if TYPE_CHECKING:
    from jishi.dictionary.calendar import Calendar
    from jishi.dictionary.credit import CreditRules
    from jishi.identifiers.sealing import Sealer
    from jishi.standardise.address.gazetteer import Gazetteer

ROW_HASH = ("row-hash",)
"""The key of a source without one: the row's own standardised values."""

NULLS = ("", "N/A", "NULL", "null", "无", "-", "--", "/", "—")
"""Spellings of "no value" unless a source declares its own."""

Crs = Literal["cgcs2000", "gcj02", "wgs84", "bd09"]
DateOrder = Literal["ymd", "dmy", "mdy"]
OrderKind = Literal["date", "number", "text"]

TRANSFORMS: Mapping[str, str] = MappingProxyType(
    {
        "text": "tidied text",
        "person_name": "name of a person 人名: no blanks inside, one middle dot",
        "entity_name": "name of an entity 单位名称: full-width brackets",
        "phone": "telephone without the country prefix of a mobile number",
        "items": "list of names; params separator, member",
        "money": "amount in 万元 of its currency; params unit (元, 万元)",
        "money_currency": "currency of such an amount; params currency where the spelling names none",
        "money_yuan": "amount in yuan, in digits or words; params unit of a bare number (万元, 元)",
        "narrative": "tidied text in which citizen numbers are masked",
        "document_number": "number of an official document 文号: brackets 〔〕, no blanks",
        "category": "category, without what is written behind 其他",
        "item": "several columns as one item of the list, one a member",
        "face_fields": "fields on the face of a certificate as JSON; identity numbers in them are masked",
        "uscc": "unified social credit code; a number of 13 or 15 digits belongs to registration_number",
        "registration_number": "number of 13 or 15 digits; everything else belongs to uscc",
        "uscc_or_none": "the code where it is a well-formed one, otherwise nothing and no fault",
        "uscc_division": "positions 3 to 8 of a well-formed code",
        "uscc_category": "first two characters of a well-formed code",
        "uscc_org_code": "positions 9 to 17 of a well-formed code",
        "division_code": "division code of 2, 4, 6, 9 or 12 digits",
        "division_level": "level of a division code; params digits = by_length, or by_deep: 0 province … 3 town",
        "address": "an address: its parts fill the elements declared as such, as far as the source does not map them itself",
        "address_part": "one part of an address; params part",
        "point": "two columns, longitude then latitude, in degrees",
        "wkb": "geometry as WKB (binary or hexadecimal)",
        "wkt": "geometry as WKT or GeoJSON text",
    }
)
"""Transform name → what it makes; a take without one is read by the kind of its element."""


@dataclass(frozen=True, slots=True)
class Take:
    """Where one element's value comes from.

    ``columns`` are raw headers: the first that is not empty in a row gives the value, headers the file lacks are passed
    over (``point`` reads exactly two, longitude and latitude). ``constant`` stands in every row instead; that of
    ``crs_source_code`` is always the plan's ``crs``. ``params``: those of :data:`TRANSFORMS`, and for dates
    ``excel_serial = "true"`` (spreadsheet serials) and ``open_ended = "true"`` (长期 is no date; on for ``…_to``).
    """

    element: str
    columns: tuple[str, ...] = ()
    transform: str | None = None
    constant: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Everything :func:`jishi.standardise.batch.standardise` needs to know about a delivery beside its rows.

    ``key``: raw headers, or :data:`ROW_HASH`. ``origin``, ``effective``: raw headers, None = no sub-sources, and the
    delivery's instant. ``scope``: raw headers or element names, () = none. ``deleted``: raw header and the values that
    mark a row as a deletion. ``order``: raw headers that tell the newest row of a key, each with how it is compared (None:
    as all values of the key allow). ``known_divisions``: six-digit codes ever valid. ``today``: the city's day.
    ``calendar``, ``credit``: working days and rules of credit publicity; None = what needs them is not known.
    ``gazetteer`` is needed where a take is an address.
    """

    register: Register
    takes: tuple[Take, ...]
    key: tuple[str, ...]
    delivered_at: datetime
    code_lists: Mapping[str, CodeList]
    known_divisions: frozenset[str]
    sealer: Sealer
    city: City
    today: date
    origin: str | None = None
    scope: tuple[str, ...] = ()
    effective: str | None = None
    deleted: tuple[str, tuple[str, ...]] | None = None
    order: tuple[tuple[str, OrderKind | None], ...] = ()
    nulls: tuple[str, ...] = NULLS
    crs: Crs = "cgcs2000"
    date_order: DateOrder | None = None
    calendar: Calendar | None = None
    credit: CreditRules | None = None
    gazetteer: Gazetteer | None = None

    @property
    def mapped(self) -> dict[str, Take]:
        """Element name → its take, in the order of the register; an element the register lacks is left out.

        Derived elements are always there, without anything to take: the register's own step fills them. An address brings the
        elements that are declared as its parts.
        """
        takes = {name: part for take in self.takes if take.transform == "address" for name, part in self._parts(take)}
        takes |= {take.element: take for take in self.takes}
        takes |= {name: Take(name, constant="") for name, element in self.register.elements.items() if element.derived}
        return {name: takes[name] for name in self.register.elements if name in takes}

    def _parts(self, address: Take) -> Iterator[tuple[str, Take]]:
        for name, element in self.register.elements.items():
            if element.address_part is not None and element.address_part[0] == address.element:
                params = {"address_part": element.address_part[1]}
                yield name, Take(name, address.columns, "address_part", address.constant, params)
