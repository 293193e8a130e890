"""How addresses are declared: the elements their parts fill, and the warnings where the county cannot be told."""

from __future__ import annotations

from jishi.registers.element import Check, DataElement, Kind, Severity, Test

BOOK = "GB/T 23705-2009"
_TRUE = (("values", (True,)),)


def county_checks(name: str) -> tuple[Check, ...]:
    """Warnings about the address in element ``name`` where its source has it read as one (``as = "address"``)."""
    return (
        Check("county_named", Test.IN_SET, "QLT-ADDRESS-COUNTY", Severity.WARN, f"{name}__county_named", params=_TRUE),
        Check(
            "county_single", Test.IN_SET, "QLT-ADDRESS-AMBIGUOUS", Severity.WARN, f"{name}__county_single", params=_TRUE
        ),
    )


def address_part(
    title: str, title_en: str, part: str, *, of: str = "address_full", standard: str = BOOK, queryable: bool = False
) -> DataElement:
    """An element that standardise fills from the address in element ``of``; a source may still map it itself."""
    return DataElement(title, Kind.TEXT, title_en, standard, queryable=queryable, address_part=(of, part))
