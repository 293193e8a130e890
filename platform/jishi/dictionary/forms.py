"""The forms a concept 概念 takes: as a dictionary file writes it, and as the database keeps and exchanges it.

Beside the road: the loader reads :class:`Scheme`, export and import carry :class:`KeptScheme`, which also holds what only the
database knows: who said a thing, since when no file holds it, which revision it is.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from jishi.dictionary.spelling import fold

ANY = "any"
Status = Literal["draft", "review", "approved", "deprecated"]
AliasStatus = Literal["draft", "approved", "rejected", "ended"]
Origin = Literal["dictionary", "steward"]

_SCHEME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def _readable(text: str) -> str:
    """Without characters nobody can see: controls (but for a line's end), surrogates and such as are no characters."""
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn") and letter != "\n" for letter in text):
        raise ValueError("control characters are no text")
    return text


def _set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\n]*$"), AfterValidator(_readable)]
Prose = Annotated[str, Field(max_length=4000), AfterValidator(_readable)]
Lines = tuple[Line, ...]
LineSet = Annotated[tuple[Line, ...], AfterValidator(_set)]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\s|]+$"), AfterValidator(_readable)]
Codes = Annotated[tuple[Code, ...], AfterValidator(_set)]


class Form(BaseModel):
    """A table of a file; unknown members are a fault, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class _Dated(Form):
    """What holds from a day on until a day; ``valid_to`` is the first day it no longer does."""

    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ValueError("valid_from is not before valid_to")
        return self


class Alias(_Dated):
    """Another name of a concept; ``places`` and ``departments`` that use it (empty: all), and when.

    ``negative``: a decision that the name does *not* mean this concept, however alike they look.
    """

    name: Line
    places: LineSet = ()
    departments: LineSet = ()
    negative: bool = False

    @property
    def scope(self) -> tuple[object, ...]:
        """What tells two entries of one name apart."""
        return (fold(self.name), self.negative, self.places, self.departments, self.valid_from)


class Edge(_Dated):
    """In the ``procedure`` of one ``place``, ``code`` comes after ``predecessor``; ``removes``: it does not, there."""

    code: Code
    predecessor: Code
    place: Line
    procedure: Line
    removes: bool = False
    note: Prose = ""


class Concept(_Dated):
    """One entry of a scheme; ``predecessors`` are codes of the same scheme, or ``any``.

    ``status`` of a file counts when the concept is first loaded: later it is people's to change.
    """

    code: Code
    name: Line
    name_en: Annotated[str, Field(max_length=200, pattern=r"^[^\n]*$"), AfterValidator(_readable)] = ""
    definition: Prose = ""
    scope_note: Prose = ""
    stage_code: Code | None = None
    stage_name: Line | None = None
    predecessors: Codes = ()
    responsible: Line | None = None
    documents: Lines = ()
    legal_basis: Lines = ()
    note: Prose = ""
    status: Status = "approved"
    status_reason: Prose = ""
    successors: Codes = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """A set of concepts under one id, as the contract's ``/dictionary/schemes/{s}``."""

    id: str
    title: str
    title_en: str
    description: str
    concepts: tuple[Concept, ...]
    edges: tuple[Edge, ...] = ()

    def version(self) -> str:
        """SHA-256 over everything the scheme says."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


class KeptAlias(Alias):
    """An alias as the database has it."""

    status: AliasStatus = "approved"
    origin: Origin = "dictionary"
    removed_at: datetime | None = None


class KeptEdge(Edge):
    """An edge as the database has it."""

    origin: Origin = "dictionary"
    removed_at: datetime | None = None


class KeptConcept(Concept):
    """A concept as the database has it; ``revision``: how many versions of it there are."""

    status_origin: Origin = "dictionary"
    origin: Origin = "dictionary"
    removed_at: datetime | None = None
    revision: Annotated[int, Field(ge=1)] = 1
    aliases: tuple[KeptAlias, ...] = ()


class KeptScheme(Form):
    """A scheme as the database has it, whole."""

    id: Annotated[str, Field(pattern=_SCHEME.pattern + "$")]
    title: Line
    title_en: Line
    description: Prose = ""
    origin: Origin = "dictionary"
    removed_at: datetime | None = None
    revision: Annotated[int, Field(ge=1)] = 1
    concepts: tuple[KeptConcept, ...] = ()
    edges: tuple[KeptEdge, ...] = ()

    def plain(self) -> Scheme:
        """What the checks of a file's scheme look at: entries that are no longer held are left out."""
        return Scheme(
            self.id,
            self.title,
            self.title_en,
            self.description,
            tuple(concept for concept in self.concepts if concept.removed_at is None),
            tuple(edge for edge in self.edges if edge.removed_at is None),
        )
