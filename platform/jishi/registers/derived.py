"""Derived elements 衍生数据元: answers computed from elements of a golden record that need no grant on those elements.

Declared beside the registers as plain data (plan, road out): a grant names them, a plan writes their SQL. They tell less
than what they are computed from, so none takes an argument by which that could be found out step by step: ``age`` knows
no other day than today. What the record does not say for sure is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from jishi.errors import Fault
from jishi.identifiers import division_code
from jishi.identifiers.division_code import Level
from jishi.registers.element import Kind
from jishi.registers.register import Register

ADULT_YEARS = 18
"""Full age: Civil Code 民法典 article 17."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """The one argument of a derived element. ``read``: its text → the text it is written by and the value to bind; None
    where it is none.
    """

    name: str
    title: str
    example: str
    sql_type: str
    read: Callable[[str], tuple[str, object] | None]


@dataclass(frozen=True, slots=True)
class DerivedElement:
    """``needs``: elements it is computed from. ``template``: SQL over ``{q}``, the golden row; ``{today}`` and ``{given}``
    stand for bound values, the day in the city and the argument.
    """

    name: str
    register: str
    title: str
    title_en: str
    kind: Kind
    needs: tuple[str, ...]
    template: str
    parameter: Parameter | None = None

    @property
    def spelling(self) -> str:
        """How it is asked for: ``age``, ``resident_of(320505)``."""
        return self.name if self.parameter is None else f"{self.name}({self.parameter.example})"


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL and the values of its placeholders, numbered from the start that was asked for. The text depends on nothing
    but alias and start, so it may be kept; the values are those of one request.
    """

    text: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A derived element as somebody asks for it; ``text`` is its canonical spelling and the name of its member."""

    element: DerivedElement
    text: str
    argument: object | None = None

    def sql(self, alias: str, start: int, today: date) -> Expression:
        """Its expression over the golden row called ``alias``. ``today``: the day in the city (Asia/Shanghai)."""
        template, names = self.element.template, {"q": alias}
        values: list[object] = []
        if "{today}" in template:
            names["today"] = f"${start}::date"
            values.append(today)
        if "{given}" in template and self.element.parameter is not None:
            names["given"] = f"${start + len(values)}::{self.element.parameter.sql_type}"
            values.append(self.argument)
        return Expression(template.format_map(names), tuple(values))


def derived_of(register: Register) -> Mapping[str, DerivedElement]:
    """Name → derived element of ``register``, in the order declared."""
    return {element.name: element for element in ELEMENTS if element.register == register.name}


def base_of(text: str) -> str:
    """The name without its argument."""
    return text.partition("(")[0]


def read(register: Register, text: str) -> Asked | Fault:
    """What ``text`` asks for, or why it asks for nothing: ``ACC-DERIVED``, ``ACC-DERIVED-ARGUMENT``."""
    known = derived_of(register)
    found = _SHAPE.fullmatch(text)
    element = known.get(found["name"]) if found else None
    if found is None or element is None:
        return Fault(_short(text), "ACC-DERIVED", {"known": ", ".join(item.spelling for item in known.values()) or "-"})
    given, parameter = found["given"], element.parameter
    if parameter is None:
        return Asked(element, element.name) if given is None else _argument_fault(text, element)
    argument = None if given is None else parameter.read(given.strip())
    if argument is None:
        return _argument_fault(text, element)
    return Asked(element, f"{element.name}({argument[0]})", argument[1])


_SHAPE = re.compile(r"(?P<name>[a-z_]{1,60})(?:\((?P<given>[^()\0]{0,60})\))?")


def _argument_fault(text: str, element: DerivedElement) -> Fault:
    return Fault(_short(text), "ACC-DERIVED-ARGUMENT", {"example": element.spelling})


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"


_SIGNIFICANT = {Level.PROVINCE: 2, Level.PREFECTURE: 4, Level.COUNTY: 6, Level.TOWN: 9, Level.VILLAGE: 12}


def _division(text: str) -> tuple[str, object] | None:
    """The code as written, and the digits with which every code inside it begins."""
    checked = division_code.check(text)
    if checked.value is None or checked.level is None:
        return None
    prefix = checked.value[: _SIGNIFICANT[checked.level]]
    return prefix.ljust(6, "0"), prefix


def _day(text: str) -> tuple[str, object] | None:
    try:
        day = date.fromisoformat(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None
    return None if day is None else (day.isoformat(), day)


_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _attained(birth: str, years: str) -> str:
    """The day on which ``years`` are full: the birthday; who was born on 29 February attains them in a common year on the
    28th, the last day of the month (Civil Code article 202: no corresponding day, then the month's last).
    """
    return f"({birth} + make_interval(years => {years}))::date"


def _full_years(birth: str) -> str:
    years = f"(extract(year FROM {{today}}) - extract(year FROM {birth}))::int"
    return f"({years} - ({{today}} < {_attained(birth, years)})::int)"


_LOW = "{q}.birth_date"
_HIGH = "COALESCE({q}.birth_date_high, {q}.birth_date)"
_NOT_LIVING = "({q}.person_status_code = '2' OR {q}.death_date <= {today})"
_UNKNOWN_BIRTH = f"{_LOW} IS NULL OR {_HIGH} > {{today}}"

_AGE = f"""CASE
    WHEN {_UNKNOWN_BIRTH} OR {_NOT_LIVING} THEN NULL
    WHEN {_full_years(_LOW)} = {_full_years(_HIGH)} THEN {_full_years(_LOW)}
  END"""

_IS_ADULT = f"""CASE
    WHEN {_LOW} IS NULL OR {_LOW} > {{today}} OR {_NOT_LIVING} THEN NULL
    WHEN {_attained(_HIGH, str(ADULT_YEARS))} <= {{today}} THEN true
    WHEN {_attained(_LOW, str(ADULT_YEARS))} > {{today}} THEN false
  END"""


def _significant(code: str) -> str:
    """A division code without the zeros that only fill it up: 320500 and 3205 lie in the same place."""
    for digits, zeros in ((9, 3), (6, 3), (4, 2), (2, 2)):
        code = rf"regexp_replace({code}, '^(\d{{{{{digits}}}}})0{{{{{zeros}}}}}$', '\1')"
    return code


_HUKOU = _significant("{q}.hukou_division_code")
_RESIDENT_OF = f"""CASE
    WHEN starts_with({_HUKOU}, {{given}}) THEN true
    WHEN {{q}}.hukou_division_code IS NULL OR starts_with({{given}}, {_HUKOU}) THEN NULL
    WHEN {{q}}.residence_address IS DISTINCT FROM {{q}}.hukou_address AND {{q}}.residence_address IS NOT NULL THEN NULL
    ELSE false
  END"""

_START = "COALESCE({q}.valid_from, {q}.issue_date)"
_VALID_ON = f"""CASE
    WHEN {{given}} < {_START} OR {{given}} > {{q}}.valid_to THEN false
    WHEN {_START} IS NULL THEN NULL
    WHEN {{q}}.cert_status = '01' THEN true
    WHEN {{q}}.cert_status IN ('02', '03', '04', '05', '06', '07') AND {{given}} >= {{today}} THEN false
    WHEN {{q}}.cert_status = '05' AND {{given}} <= {{q}}.valid_to THEN true
  END"""

ELEMENTS = (
    DerivedElement(
        "age",
        "natural_person",
        "周岁年龄",
        "Full years of age today; null of a partial date of birth that leaves it open, and of the dead",
        Kind.INTEGER,
        ("birth_date", "death_date", "person_status_code"),
        _AGE,
    ),
    DerivedElement(
        "is_adult",
        "natural_person",
        "是否成年",
        "Whether eighteen years are full today (Civil Code article 17)",
        Kind.BOOLEAN,
        ("birth_date", "death_date", "person_status_code"),
        _IS_ADULT,
    ),
    DerivedElement(
        "resident_of",
        "natural_person",
        "是否户籍在（区划）",
        "Whether the household registration lies in the division; null where the record is not as fine, or names another "
        "residence, which carries no code",
        Kind.BOOLEAN,
        ("hukou_division_code", "hukou_address", "residence_address"),
        _RESIDENT_OF,
        Parameter("division", "行政区划代码 division code", "320505", "text", _division),
    ),
    DerivedElement(
        "certificate_valid_on",
        "certificate",
        "证照在该日是否有效",
        "Whether the certificate is valid on the day, as its status stands now; null where it was revoked or suspended since "
        "a day the record does not say",
        Kind.BOOLEAN,
        ("valid_from", "valid_to", "issue_date", "cert_status"),
        _VALID_ON,
        Parameter("day", "日期 day", "2026-01-31", "date", _day),
    ),
)
"""All derived elements of all registers."""
