"""What one source says differently about its register's rules: how grave they are for its deliveries (step *validate*).

A steward declares it in the source's TOML, by rule id::

    [rules]
    "legal_entity.establish_date.range" = "warn"
    "natural_person.id_number.readable" = { severity = "refuse_batch", above = 0.5, rows = 20 }
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jishi.registers.element import Kind, Rule, Severity
from jishi.registers.register import Register


class Override(BaseModel):
    """The severity of one rule for one source; ``above`` and ``rows`` say from when on ``refuse_batch`` refuses all.

    Up to that bound the rows that fail are refused alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity
    above: float = Field(0.0, ge=0, lt=1, description="Share (0–1) of the received rows; that very share is within.")
    rows: int = Field(1, ge=1, description="Fewer failing rows than this never refuse a delivery.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"severity": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _bound_of_a_batch(self) -> Override:
        if self.severity is not Severity.REFUSE_BATCH and self.model_fields_set & {"above", "rows"}:
            raise ValueError("`above` and `rows` belong to refuse_batch")
        return self

    def refuses(self, failed: int, received: int) -> bool:
        """Whether ``failed`` of ``received`` rows refuse the delivery."""
        return self.severity is Severity.REFUSE_BATCH and failed >= self.rows and failed > self.above * received


def overridden(rules: Iterable[Rule], overrides: Mapping[str, Override]) -> tuple[Rule, ...]:
    """The rules with the severities that ``overrides`` (by rule id) give them."""
    return tuple(
        replace(rule, severity=overrides[rule.id].severity) if rule.id in overrides else rule for rule in rules
    )


def must_refuse(register: Register, rule: Rule) -> bool:
    """Whether no source may turn the rule into a warning: rules of the row as such, of numbers that name an entity
    (design §4: a number that fails its check digit refuses the row), and of the element that says where a record lies."""
    if rule.severity is Severity.WARN:
        return False
    if rule.element not in register.elements:
        return True
    return register.elements[rule.element].kind is Kind.IDENTIFIER or rule.element == register.partition_by
