"""The measure of quality as data: dimensions and sub-indicators of GB/T 36344-2018, weights, grades, and what each rule
counts for (behind the road in).

``dictionaries/quality/indicators.toml`` says it; a city may lay a file of its own over it, which then stands alone.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jishi.errors import DeclarationError, Fault
from jishi.registers.element import Rule
from jishi.settings import Settings

FILE = "indicators.toml"

Weight = Annotated[Decimal, Field(ge=0, le=1000)]
Code = Annotated[str, Field(pattern=r"^0[1-6]\d{2}$")]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Titled(_Declared):
    """A dimension or a sub-indicator; ``weight`` counts among its like."""

    title: str
    title_en: str
    weight: Weight = Decimal(1)

    def told(self, language: str) -> str:
        return self.title_en if language.startswith("en") else self.title


class Grade(_Declared):
    """``from_``: the least score, 0 to 1."""

    title_en: str
    from_: Annotated[Decimal, Field(alias="from", ge=0, le=1)]


class Indicators(_Declared):
    """All of it; every code a rule or measure names is declared."""

    dimensions: dict[Annotated[str, Field(pattern=r"^0[1-6]$")], Titled] = Field(min_length=1)
    indicators: dict[Code, Titled] = Field(min_length=1)
    grades: dict[str, Grade] = Field(min_length=5, max_length=5)
    measures: dict[str, Code]
    messages: dict[str, Code]
    rules: dict[str, Code] = {}

    @model_validator(mode="after")
    def _known(self) -> Indicators:
        named = {*self.measures.values(), *self.messages.values(), *self.rules.values()}
        if strange := sorted(named - set(self.indicators)):
            raise ValueError(f"no such indicator: {', '.join(strange)}")
        if strange := sorted({code[:2] for code in self.indicators} - set(self.dimensions)):
            raise ValueError(f"no such dimension: {', '.join(strange)}")
        bounds = [grade.from_ for grade in self.grades.values()]
        if bounds != sorted(bounds, reverse=True) or bounds[-1] != 0:
            raise ValueError("grades stand from the best to the worst, which begins at 0")
        return self

    def of_rule(self, rule: Rule) -> str | None:
        """The sub-indicator a rule counts for; None where nobody assigned it."""
        return self.rules.get(rule.id) or self.messages.get(rule.message)

    def of_dimension(self, dimension: str) -> Mapping[str, Titled]:
        return {code: indicator for code, indicator in self.indicators.items() if code[:2] == dimension}

    def grade_of(self, score: Decimal | None) -> str | None:
        """None where there is no score."""
        if score is None:
            return None
        return next(name for name, grade in self.grades.items() if score >= grade.from_)

    @property
    def version(self) -> str:
        """Digest of everything that decides a score."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Share:
    """Passing of asked; a score exists only where something was asked: nothing asked is no 100 %."""

    numerator: int
    denominator: int

    @property
    def score(self) -> Decimal | None:
        return Decimal(self.numerator) / self.denominator if self.denominator else None


def load_indicators(settings: Settings) -> Indicators:
    """Read once a process. Raises DeclarationError ``QLT-INDICATORS`` with every fault."""
    own = settings.home_dir / "dictionaries" / "quality" / FILE
    return _load(own if own.is_file() else settings.dictionaries_dir / "quality" / FILE)


@cache
def _load(path: Path) -> Indicators:
    try:
        return Indicators.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError("QLT-INDICATORS", path=path.name, reason=str(error)) from error
    except ValidationError as error:
        faults = tuple(
            Fault(".".join(map(str, item["loc"])) or path.name, "SET-VALUE", {"reason": item["msg"]})
            for item in error.errors()
        )
        raise DeclarationError("QLT-INDICATORS", path=path.name, reason="", faults=faults) from error
