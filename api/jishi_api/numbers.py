"""Numbers as the identifier table was given them: a caller's number normalised by its element's scheme (plan, road out)."""

from __future__ import annotations

from datetime import UTC, datetime

from jishi.identifiers import certificate_id, document, organisation_code, registration_number, uscc
from jishi.identifiers.normalise import normalise
from jishi.identifiers.sealing import LONGEST
from jishi.registers.element import DataElement


def number_of(element: DataElement, text: str) -> str | None:
    """The number full-width folded and 15 digits upgraded to 18, None where it can be nobody's. The check character is
    not looked at: a wrong number simply finds nobody.

    >>> from jishi.registers.element import Kind, Sensitivity
    >>> sealed = DataElement("", Kind.IDENTIFIER, sensitivity=Sensitivity.SPI)
    >>> number_of(sealed, "１１０１０５491231002"), number_of(sealed, "3.2E+17")
    ('11010519491231002X', None)
    """
    if "\0" in text or len(text) > LONGEST:
        return None
    value = _read(element, text)
    return value if value and len(value.encode("utf-8", "surrogatepass")) <= LONGEST and value.isprintable() else None


def _read(element: DataElement, text: str) -> str | None:
    match element.scheme:
        case "uscc":
            return uscc.check(text).value
        case "registration_number":
            return registration_number.check(text).value
        case "organisation_code":
            return organisation_code.check(text).value
        case "certificate":
            return certificate_id.check(text).value
        case None if element.sealed:
            return _holder(text) if element.refers and "legal_entity" in element.refers else _document(text)
        case _:
            return normalise(text)


def _document(text: str) -> str | None:
    return document.check(text, frozenset(), datetime.now(UTC).date()).value


def _holder(text: str) -> str | None:
    """A person's or an organisation's; a right credit code is the latter's, any other text may be a code of its own."""
    code = uscc.check(text)
    return code.value if code.passes else _document(text) or normalise(text)
