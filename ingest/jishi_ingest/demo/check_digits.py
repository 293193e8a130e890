"""Computes the check characters of invented numbers, in bulk for persons; the demo city's own arithmetic, off the road.

``jishi.identifiers`` examines numbers; this module only makes them, so that a fault in one is not hidden by the other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]

_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CITIZEN_CHECKS = "10X98765432"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def citizen_numbers(division: Ints, birth: Ints, serial: Ints) -> pl.Series:
    """Citizen numbers 公民身份号码 from division (6 digits), birth (yyyymmdd) and serial; GB 11643, ISO 7064 MOD 11-2.

    >>> one = [np.array([n], np.int64) for n in (110105, 19491231, 2)]
    >>> citizen_numbers(*one)[0]
    '11010519491231002X'
    """
    digits = np.empty((len(division), 18), np.uint8)
    for values, first, width in ((division, 0, 6), (birth, 6, 8), (serial, 14, 3)):
        for place in range(width):
            digits[:, first + place] = values // 10 ** (width - 1 - place) % 10
    remainder = digits[:, :17].astype(np.int64) @ np.array(_CITIZEN_WEIGHTS, np.int64) % 11
    digits[:, :17] += ord("0")
    digits[:, 17] = np.frombuffer(_CITIZEN_CHECKS.encode(), np.uint8)[remainder]
    return pl.Series(digits.reshape(-1).view("S18").astype("U18"), dtype=pl.String)


def citizen_check(body: str) -> str:
    """The 18th character of 17 digits.

    >>> citizen_check("34052419800101001")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(body[:17], _CITIZEN_WEIGHTS, strict=True))
    return _CITIZEN_CHECKS[total % 11]


def organisation_check(body: str) -> str:
    """The ninth character of an organisation code 组织机构代码; GB 11714, MOD 11.

    >>> organisation_check("19220382"), organisation_check("10169286"), organisation_check("MB160192")
    ('1', 'X', '4')
    """
    total = sum(_ALPHANUMERIC.index(char) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def uscc_check(body: str) -> str:
    """The 18th character of a unified social credit code 统一社会信用代码; GB 32100-2015, MOD 31.

    >>> uscc_check("91440300192203821")
    '6'
    """
    total = sum(USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return USCC_ALPHABET[-total % 31]


def registration_check(body: str) -> str:
    """The 15th digit of a registration number 工商注册号 of before 2015; GS 15, ISO 7064 MOD 11,10.

    >>> registration_check("32059900000017")
    '0'
    """
    value = 10
    for digit in body:
        value = (value + int(digit)) % 10 or 10
        value = value * 2 % 11
    return str((11 - value) % 10)


def certificate_check(body: str) -> str:
    """The check character of an electronic certificate identifier: GB/T 36904-2018, ISO 7064 MOD 37,36.

    ``body``: type, issuer, serial and version set together; the standard's own example:

    >>> certificate_check("A12425GABC1234002")
    'M'
    """
    value = 36
    for char in body:
        value = (value + _ALPHANUMERIC.index(char)) % 36 or 36
        value = value * 2 % 37
    return _ALPHANUMERIC[(37 - value) % 36]
