"""Numbers of personal documents 证件号码: which scheme a number belongs to, told by its form alone (step standardise).

:data:`RULES` is the whole knowledge; the columnar form walks the same table. The forms of passports, Taiwan permits and
officers' cards are common knowledge, not taken from a standard, so a document type is claimed only where the form
leaves no doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from jishi.identifiers import citizen_id
from jishi.identifiers.normalise import PRECISION_LOST, normalise
from jishi.identifiers.reading import Checked, Reading

# Codes of the list ``identity_document`` (GA/T 517-2004 and this project's 970).
CITIZEN, PERMANENT_RESIDENT, RESIDENCE_PERMIT = "111", "553", "970"
HK_MACAU_PERMIT, PASSPORT = "516", "414"


class Scheme(StrEnum):
    """Kinds of numbers a person may be known by; a number means the same person only within its scheme."""

    CITIZEN = "citizen"  # 18 characters, 15 upgraded; residence permits and the 2023 card of foreigners share the form
    FOREIGN_PR = "foreign_pr"  # foreign permanent resident card of 2017
    HK_MACAU_PERMIT = "hk_macau_permit"
    TAIWAN_PERMIT = "taiwan_permit"
    PASSPORT = "passport"
    MILITARY = "military"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Form:
    """One form a normalised number may have; ``keep`` is the part that stays with the holder, as a regex group."""

    pattern: str
    scheme: Scheme | None = None
    fault: Reading | None = None
    type: str | None = None
    keep: str = "^(.*)$"


# The first form that fits decides. Patterns mean the same to Python and to Polars.
RULES = (
    Form(PRECISION_LOST, fault=Reading.PRECISION_LOST),
    Form("^(?:[0-9]{17}[0-9X]|[0-9]{15})$", Scheme.CITIZEN),
    Form("^[A-Z]{3}[0-9]{12}$", Scheme.FOREIGN_PR, type=PERMANENT_RESIDENT),
    # No other document has 18 characters, and none of 13 or more begins with a digit: this was a citizen number.
    Form("^(?:[0-9A-Z]{18}|[0-9].{14}|[0-9]{6}.{12})$", fault=Reading.CHARACTERS),
    Form("^(?:[0-9]{11,}|[0-9][0-9A-Z]{12,}|[0-9A-Z]{18,})$", fault=Reading.LENGTH),
    # Nine characters for life; the card of 1999 adds two digits that count its renewals.
    Form("^[HM][0-9]{8}(?:[0-9]{2})?$", Scheme.HK_MACAU_PERMIT, type=HK_MACAU_PERMIT, keep="^(.{9})"),
    # Eight digits; the booklet of before 2015 has ten and an issuer in brackets.
    Form(r"^(?:[0-9]{8}|[0-9]{10}(?:\([0-9A-Z]\))?)$", Scheme.TAIWAN_PERMIT, keep="^([0-9]+)"),
    Form("^(?:[EG][0-9]{8}|E[A-HJ-NP-Z][0-9]{7})$", Scheme.PASSPORT, type=PASSPORT),
    Form("^[\u4e00-\u9fa5]{1,4}字第?[0-9]{4,10}号?$", Scheme.MILITARY),
    Form("^.{1,4}$", fault=Reading.LENGTH),
    Form("^[^0-9]*$", fault=Reading.CHARACTERS),
    Form("^[0-9]{5,10}$", Scheme.OTHER),
    Form("^[0-9A-Z]{5,17}$", Scheme.PASSPORT),
    Form("^.{31,}$", fault=Reading.LENGTH),
    Form(r"^[0-9A-Z()/.-]{5,14}$", Scheme.OTHER),
    Form("", fault=Reading.CHARACTERS),
)


@dataclass(frozen=True, slots=True)
class PersonDocument(Checked):
    """A document number and what it says; check, birth, sex and division are those of the citizen form, else None.

    ``birth`` is yyyymmdd as written, ``birth_real`` whether that is a day between 1850 and the batch's day;
    ``type`` the document type's code where the form tells it.
    """

    scheme: Scheme | None = None
    birth: str | None = None
    birth_real: bool | None = None
    sex: str | None = None
    division_known: bool | None = None
    type: str | None = None


def check(raw: str | None, known_divisions: frozenset[str], today: date) -> PersonDocument:
    """Read a raw document number; ``known_divisions`` are 6-digit codes of any time.

    >>> day = date(2026, 1, 1)
    >>> check("110105491231002", frozenset({"110105"}), day).value
    '11010519491231002X'
    >>> permit = check("h1234567802", frozenset(), day)
    >>> permit.scheme.value, permit.value, permit.type
    ('hk_macau_permit', 'H12345678', '516')
    >>> check("3.2E+17", frozenset(), day).read.value, check("32050519491231OO2X", frozenset(), day).read.value
    ('precision_lost', 'characters')
    """
    text = normalise(raw or "")
    if not text:
        return PersonDocument(None, None)
    form = next(form for form, pattern in _compiled() if pattern.search(text))
    if form.scheme is None:
        return PersonDocument(None, form.fault)
    if form.scheme is not Scheme.CITIZEN:
        kept = re.search(form.keep, text)
        return PersonDocument(kept[1] if kept else text, Reading.OK, scheme=form.scheme, type=form.type)
    number = citizen_id.describe(text)
    return PersonDocument(
        value=number.value,
        read=Reading.OK,
        check_expected=number.check_expected,
        check_actual=number.check_actual,
        scheme=Scheme.CITIZEN,
        birth=number.birth,
        birth_real=None if number.birth is None else citizen_id.birth_real(number.birth, today),
        sex=number.sex,
        division_known=None if number.division is None else number.division in known_divisions,
        type=_citizen_type(number),
    )


def _citizen_type(number: citizen_id.CitizenId) -> str:
    if number.birth is None:
        return PERMANENT_RESIDENT
    return CITIZEN if number.division is not None else RESIDENCE_PERMIT


@cache
def _compiled() -> tuple[tuple[Form, re.Pattern[str]], ...]:
    return tuple((form, re.compile(form.pattern)) for form in RULES)
