"""A register 基础库 as derived from its SQLModel class: elements in order, columns, facts and rules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

from sqlmodel import SQLModel

from jishi.registers.clock import ClockRule
from jishi.registers.element import Check, DataElement, Kind, Rule, Test
from jishi.registers.reference import Reference
from jishi.registers.survivorship import Survivorship


@dataclass(frozen=True, slots=True)
class Contradiction:
    """When a strong identifier must not link: declared per register, evaluated by ``matching``.

    ``names`` and ``dates``: elements of which *all* differ at once; ``name_floor``: similarity (0–1) of ``names`` at or
    under which two records contradict each other even if nothing else differs.
    """

    names: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    name_floor: float = 0.0


@dataclass(frozen=True, slots=True)
class FreeText:
    """What a search by words looks in, indexed by the characters it holds: ``names``, ``former`` (lists of items) and
    ``addresses``.

    Only of registers that are not personal: persons are looked for in shapes.
    """

    names: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def elements(self) -> tuple[str, ...]:
        return (*self.names, *self.former, *self.addresses)


@dataclass(frozen=True)
class Register:
    """One register; ``name`` is the table and module name, ``collection`` the name in URLs."""

    name: str
    title: str
    collection: str
    number: int  # stable small number in shared tables
    model: type[SQLModel]
    personal: bool
    natural_key: str | None  # element usable in place of the uid in URLs
    contradiction: Contradiction
    survivorship: Survivorship
    partition_by: str | None = None  # element whose values list-partition the golden table
    partitions: tuple[str, ...] = ()
    clocks: tuple[ClockRule, ...] = ()
    referring: tuple[Reference, ...] = ()  # references by value; those by number stand at their elements
    searched: tuple[str, ...] = ()  # TEXT elements a search of persons begins with; indexed by their characters
    free_text: FreeText = field(default_factory=FreeText)
    version: str = "1"

    @cached_property
    def elements(self) -> dict[str, DataElement]:
        """Element name → declaration, in the order of the class."""
        found: dict[str, DataElement] = {}
        for name, info in self.model.model_fields.items():
            declared = [meta for meta in info.metadata if isinstance(meta, DataElement)]
            if len(declared) != 1:
                raise TypeError(f"{self.name}.{name} must carry exactly one DataElement")
            found[name] = declared[0]
        return found

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """All value columns in order; a partial date has three."""
        return tuple(column for name, element in self.elements.items() for column in element_columns(name, element))

    @cached_property
    def identifiers(self) -> tuple[str, ...]:
        """Names of the IDENTIFIER elements in order."""
        return tuple(name for name, element in self.elements.items() if element.kind is Kind.IDENTIFIER)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """All references to entities of this and other registers."""
        numbered = [
            Reference(element.refers[0], name, element.refers[1:])
            for name, element in self.elements.items()
            if element.refers
        ]
        return (*numbered, *self.referring)

    @cached_property
    def geometry(self) -> str | None:
        """Name of the geometry element, if any."""
        return next((name for name, element in self.elements.items() if element.kind is Kind.GEOMETRY), None)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the register: the road's own, then those that follow from kinds, then the declared checks."""
        rules = [self._bind("row", check, "") for check in ROW_CHECKS]
        for name, element in self.elements.items():
            rules += [
                self._bind(name, check, element.title) for check in (*implied_checks(name, element), *element.checks)
            ]
        return tuple(rules)

    @cached_property
    def rules_version(self) -> str:
        """Digest of all rules; a delivery is re-examined when it changes."""
        return hashlib.sha256(repr((self.version, self.rules)).encode()).hexdigest()[:16]

    def _bind(self, name: str, check: Check, title: str) -> Rule:
        is_row = name == "row"
        return Rule(
            id=check.name if is_row else f"{self.name}.{name}.{check.name}",
            register=self.name,
            element=name,
            test=check.test,
            column=check.column or name,
            severity=check.severity,
            message=check.message,
            title=title,
            other=check.other,
            params=check.params,
        )


ROW_CHECKS = (
    Check("ING-ROW-RAGGED", Test.IN_SET, "ING-ROW-RAGGED", column="row__ragged", params=(("values", (False,)),)),
    Check("ING-ROW-REPLACED", Test.IN_SET, "ING-ROW-REPLACED", column="row__replaced", params=(("values", (False,)),)),
    Check("ING-ROW-ERROR", Test.IN_SET, "ING-ROW-ERROR", column="row__error", params=(("values", (False,)),)),
    Check("ING-KEY-MISSING", Test.IN_SET, "ING-KEY-MISSING", column="row__key_missing", params=(("values", (False,)),)),
    Check(
        "ING-KEY-CONFLICT", Test.IN_SET, "ING-KEY-CONFLICT", column="row__key_conflict", params=(("values", (False,)),)
    ),
)
"""Rules of every register about the row as such; their facts are the ``row__…`` columns of the standard batch."""


def element_columns(name: str, element: DataElement) -> tuple[str, ...]:
    """The columns one element owns in golden, version and contribution tables."""
    if element.kind is Kind.PARTIAL_DATE:
        return (name, f"{name}_high", f"{name}_precision")
    return (name,)


def implied_checks(name: str, element: DataElement) -> tuple[Check, ...]:
    """Rules that follow from required, kind, length and code list; facts are computed by ``standardise``."""
    checks: list[Check] = []
    if element.required is not None:
        column = f"{name}__present" if element.kind is Kind.GEOMETRY else name
        if element.kind is Kind.GEOMETRY:
            checks.append(
                Check("required", Test.IN_SET, "QLT-REQUIRED", element.required, column, params=(("values", (True,)),))
            )
        else:
            checks.append(Check("required", Test.NOT_NULL, "QLT-REQUIRED", element.required, column))
    if element.kind in READ_KINDS:
        # fact NAME__read: null when empty, else ok | unreadable | ambiguous | precision_lost | …
        checks.append(
            Check("readable", Test.IN_SET, "QLT-READABLE", column=f"{name}__read", params=(("values", ("ok",)),))
        )
    if element.kind is Kind.CODE:
        # fact NAME__known: null when empty, else true | false
        checks.append(Check("code", Test.IN_SET, "QLT-CODE", column=f"{name}__known", params=(("values", (True,)),)))
    if element.max_length is not None and element.kind in (Kind.TEXT, Kind.CODE):
        checks.append(Check("length", Test.MAX_LENGTH, "QLT-LENGTH", params=(("max", element.max_length),)))
    return tuple(checks)


READ_KINDS = frozenset(
    {Kind.DATE, Kind.PARTIAL_DATE, Kind.DECIMAL, Kind.INTEGER, Kind.BOOLEAN, Kind.GEOMETRY, Kind.IDENTIFIER}
)
"""Kinds whose text can fail to be read; standardise gives each a fact column NAME__read."""
