"""How one data element 数据元 is declared; everything else (tables, rules, masks, schema, handbook) is derived from it.

An element is the metadata of one annotated field of a register's SQLModel class::

    full_name: Annotated[str | None, DataElement(title="姓名", kind=Kind.TEXT, ...)] = None
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a value is; decides its columns, its standardisation, its facts and its basic rules."""

    TEXT = "text"
    CODE = "code"  # a value of ``code_list``
    DATE = "date"
    PARTIAL_DATE = "partial_date"  # columns NAME (low), NAME_high, NAME_precision (year, month, day)
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    GEOMETRY = "geometry"  # EPSG:4490, longitude first
    ITEMS = "items"  # list of a declared item model, JSONB
    IDENTIFIER = "identifier"  # a number that names the entity; sealed when its sensitivity is SPI


class Sensitivity(StrEnum):
    """PIPL reading of facts: N not personal, PI personal information, SPI sensitive personal information."""

    N = "N"
    PI = "PI"
    SPI = "SPI"


class Mask(StrEnum):
    """How a value looks without a clear grant; deterministic and the same on every channel."""

    NONE = "none"
    HIDE = "hide"  # null
    NAME = "name"  # 张**
    IDENTIFIER = "identifier"  # first 3, last 4
    PHONE = "phone"  # 138****5678
    YEAR = "year"  # year of a date
    COUNTY = "county"  # first 6 digits of a division code
    STREET = "street"  # address up to the street, rest ***
    LAST4 = "last4"
    EMAIL = "email"
    PARTY = "party"  # a person's name as NAME, an organisation's whole


class Severity(StrEnum):
    REFUSE_ROW = "refuse_row"
    REFUSE_BATCH = "refuse_batch"
    WARN = "warn"


class Test(StrEnum):
    """The closed set of assertions a rule may make; each maps to one Great Expectations expectation over stage columns."""

    __test__ = False  # not a test, whatever its name tells a test runner

    NOT_NULL = "not_null"
    IN_SET = "in_set"  # params: values (tuple)
    MAX_LENGTH = "max_length"  # params: max
    REGEX = "regex"  # params: regex (POSIX, valid in PostgreSQL)
    BETWEEN = "between"  # params: min, max; the text "today" stands for the batch's day
    PAIR_EQUAL = "pair_equal"  # params: other; passes when either side is null
    PAIR_NOT_BEFORE = "pair_not_before"  # params: other; column >= other; passes when either side is null


@dataclass(frozen=True, slots=True)
class Check:
    """A rule over the columns of the standard batch, written under its element.

    ``name`` becomes the last part of the rule id ``register.element.name``; ``column`` and ``other`` name stage columns
    (element or fact columns), ``column`` None = the element's own. ``message`` is a code of ``jishi/messages``.
    """

    name: str
    test: Test
    message: str
    severity: Severity = Severity.REFUSE_ROW
    column: str | None = None
    other: str | None = None
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class DataElement:
    """The declaration of one element; see the attributes' comments for what each drives."""

    title: str  # Chinese title
    kind: Kind
    title_en: str = ""
    standard: str = "P"  # standard and clause; "P" = a proposal of this project
    max_length: int | None = None  # characters
    digits: tuple[int, int] | None = None  # DECIMAL: precision, scale
    code_list: str | None = None  # id in dictionaries/codes
    code_label: str | None = None  # name of the label member served beside the code, e.g. sex for sex_code
    sensitivity: Sensitivity = Sensitivity.N
    mask: Mask = Mask.NONE
    queryable: bool = False
    required: Severity | None = None  # severity when it is missing; None = may be missing
    authority: str = ""  # class of the authoritative source 一数一源
    unit: str = ""
    geometry_type: str = "GEOMETRY"
    scheme: str | None = None  # IDENTIFIER: scheme, or None when standardise decides it a row
    strong: bool = False  # IDENTIFIER: links records by itself
    item: tuple[tuple[str, str], ...] = ()  # ITEMS: (member, title) of the item model
    refers: tuple[str, ...] = ()  # IDENTIFIER: kind of relation, then the registers in which its target may stand
    derived: bool = False  # standardise computes it from other elements of the row; no source maps it
    checks: tuple[Check, ...] = field(default=())
    address_part: tuple[str, str] | None = None  # TEXT: the element that holds an address, and which part of it this is

    @property
    def sealed(self) -> bool:
        """Whether the value itself is kept only in the identifier table, encrypted; rows hold the mask."""
        return self.kind is Kind.IDENTIFIER and self.sensitivity is Sensitivity.SPI


@dataclass(frozen=True, slots=True)
class Rule:
    """A check bound to its register: what quality evaluates and what a refused row is told."""

    id: str
    register: str
    element: str
    test: Test
    column: str
    severity: Severity
    message: str
    title: str
    other: str | None = None
    params: tuple[tuple[str, Any], ...] = ()

    def param(self, name: str, default: Any = None) -> Any:
        return dict(self.params).get(name, default)
