"""Electronic certificate identifiers 电子证照标识 (GB/T 36904-2018): root, type, issuer, serial, version, check
character."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jishi.identifiers.normalise import normalise
from jishi.identifiers.organisation_code import ALPHABET
from jishi.identifiers.reading import Checked, Reading

ROOT = "1.2.156.3005.2"
LONGEST = 128
SHAPE = re.compile(
    rf"(?:{re.escape(ROOT)}\.)?(?P<type>[0-9A-Z]{{21}})\.(?P<issuer>[0-9A-Z]{{1,18}})"
    r"\.(?P<serial>[0-9A-Z]{1,32})\.(?P<version>[0-9]{3})\.(?P<check>[0-9A-Z])"
)


@dataclass(frozen=True, slots=True)
class CertificateId(Checked):
    """``value`` always carries the root; ``issuer_code`` is a social credit code, in older ones a division."""

    type_code: str | None = None
    issuer_code: str | None = None
    serial: str | None = None
    version: str | None = None


def check_character(body: str) -> str:
    """The check character for type, issuer, serial and version set together without dots or root: ISO 7064 MOD 37,36.

    The standard's own example is A12425GABC1234002, whose check character is M:

    >>> check_character("A12425GABC1234002")
    'M'
    """
    carry = 36
    for character in body:
        total = (carry + ALPHABET.index(character)) % 36 or 36
        carry = total * 2 % 37
    return ALPHABET[(37 - carry) % 36]


def check(raw: str | None) -> CertificateId:
    """Read a raw value as a certificate identifier, written with the root or without.

    >>> check("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U").passes
    True
    """
    value = normalise(raw or "")
    if not value:
        return CertificateId(None, None)
    if len(value) > LONGEST:
        return CertificateId(None, Reading.LENGTH)
    parts = SHAPE.fullmatch(value)
    if parts is None:
        return CertificateId(None, Reading.CHARACTERS)
    body = parts["type"] + parts["issuer"] + parts["serial"] + parts["version"]
    return CertificateId(
        value=value if value.startswith(ROOT + ".") else f"{ROOT}.{value}",
        read=Reading.OK,
        check_expected=check_character(body),
        check_actual=parts["check"],
        type_code=parts["type"],
        issuer_code=parts["issuer"],
        serial=parts["serial"],
        version=parts["version"],
    )
