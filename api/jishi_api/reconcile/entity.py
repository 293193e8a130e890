"""What the reconciliation service calls an entity: a concept or the value of a code list, under one id (query, road out).

A concept of the project schemes goes by its code, anything else by ``scheme:code``; both stand in the address of a concept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jishi.dictionary.resolve import PROJECT_SCHEMES

SEPARATOR = ":"
ID_LIMIT = 200

Known = tuple[str, str]
"""Scheme and code."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Another entity, as the value of a property."""

    id: str
    name: str


Value = str | date | Reference


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity as it stands in the dictionary now. ``values``: property → its values, as :mod:`.properties` names them."""

    scheme: str
    code: str
    name: str
    name_en: str
    description: str
    values: Mapping[str, tuple[Value, ...]]

    @property
    def id(self) -> str:
        return id_of(self.scheme, self.code)


def id_of(scheme: str, code: str) -> str:
    """
    >>> id_of("project-nodes", "0301"), id_of("crs_source", "EPSG:4490")
    ('0301', 'crs_source:EPSG:4490')
    """
    return code if scheme in PROJECT_SCHEMES else f"{scheme}{SEPARATOR}{code}"


def known_by(text: str) -> tuple[Known, ...]:
    """The schemes and codes an id may mean, none where it can be no id.

    >>> known_by("sex:1"), known_by("0301")[0]
    ((('sex', '1'),), ('project-nodes', '0301'))
    """
    if not text or len(text) > ID_LIMIT or "\0" in text or not is_text(text):
        return ()
    scheme, separator, code = text.partition(SEPARATOR)
    if separator:
        return ((scheme, code),)
    return tuple((scheme, text) for scheme in PROJECT_SCHEMES)


def is_text(text: str) -> bool:
    """Whether a database can take it: no lone half of a character pair, which JSON can express."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
