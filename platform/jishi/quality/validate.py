"""Whether a delivery satisfies its register: Great Expectations' verdicts and every row's reasons (step *validate*).

A rule that fails says how many rows; a rule that could not run says nothing about the data and ends the batch as our
fault. Results hold counts only: no sample of a value is ever asked for.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from jishi.errors import Fault, InternalError
from jishi.quality.counted_results import document_of, kind_of_fault, raised
from jishi.quality.override import Override, overridden
from jishi.quality.reasons import write_reasons
from jishi.quality.stage import SCHEMA, Stage, open_stage
from jishi.quality.suite import META_RULE, applicable, build_expectation, build_suite
from jishi.registers.element import Rule, Severity
from jishi.registers.register import Register

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

COUNTS_ONLY: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""BASIC is the least format that counts; with a sample of 0 its sample queries are ``LIMIT 0`` and cost nothing."""

_AT_ONCE = Override(severity=Severity.REFUSE_BATCH)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule's verdict: ``failed`` of ``evaluated`` rows did not satisfy it.

    Rows without a value are not evaluated, save by NOT_NULL, nor are pairs with an empty side.
    """

    rule: Rule
    evaluated: int
    failed: int
    could_not_run: str | None = None  # class of the error that ended it; then both counts are 0 and say nothing

    @property
    def passed(self) -> int:
        return self.evaluated - self.failed


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What Great Expectations said of every rule, and its own document of it (counts only)."""

    outcomes: tuple[Outcome, ...]
    document: Mapping[str, Any]


class RulesRaisedError(InternalError):
    """``QLT-COULD-NOT-RUN``: rules that raised, by our fault; ``verdicts`` holds those that were asked beside them too."""

    def __init__(self, verdicts: Verdicts, rules_version: str) -> None:
        self.verdicts = verdicts
        self.rules_version = rules_version
        faults = tuple(
            Fault(outcome.rule.id, "QLT-RULE-RAISED", {"reason": outcome.could_not_run})
            for outcome in verdicts.outcomes
            if outcome.could_not_run is not None
        )
        super().__init__("QLT-COULD-NOT-RUN", rule=", ".join(fault.name for fault in faults), faults=faults)


@dataclass(frozen=True, slots=True)
class Validation:
    """What one validation found; ``stage.<bad_table>(row_number, reasons, warnings)`` holds the rows."""

    register: str
    rules_version: str
    bad_table: str
    rows: int
    refused: int  # rows with at least one reason
    warned: int  # rows with warnings, refused or not
    outcomes: tuple[Outcome, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)  # by part: open, expectations, reasons
    received: int = 0  # rows of the delivery, those that were settled without the table included
    overrides: Mapping[str, Override] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)  # Great Expectations' own, counts only

    @property
    def reasons(self) -> dict[str, int]:
        """Rule id → refused rows, rules that failed only."""
        return {o.rule.id: o.failed for o in self.outcomes if o.failed and o.rule.severity is not Severity.WARN}

    @property
    def warnings(self) -> dict[str, int]:
        """Rule id → warned rows, rules that failed only."""
        return {o.rule.id: o.failed for o in self.outcomes if o.failed and o.rule.severity is Severity.WARN}

    @property
    def refusing(self) -> tuple[Rule, ...]:
        """The failed rules that refuse the whole batch: by one row, or by as many as the source says."""
        return tuple(
            outcome.rule
            for outcome in self.outcomes
            if outcome.failed
            and outcome.rule.severity is Severity.REFUSE_BATCH
            and self.overrides.get(outcome.rule.id, _AT_ONCE).refuses(outcome.failed, self.received)
        )


def validate(
    psycopg_url: str,
    table: str,
    register: Register,
    columns: Collection[str],
    today: date,
    *,
    overrides: Mapping[str, Override] | None = None,
    received: int | None = None,
) -> Validation:
    """Evaluate the register's rules on ``stage.<table>`` and write ``stage.<table>_bad``.

    ``columns`` are the stage table's columns, ``today`` the batch's day; ``overrides`` by rule id are the source's own
    severities, ``received`` the delivery's rows where the table does not hold them all. All errors are ours:
    ``QLT-COULD-NOT-RUN`` (a RulesRaisedError) names the rules that raised, ``QLT-DISAGREES`` a rule whose rows differ from Great
    Expectations' own, ``QLT-STAGE`` a table that is not there.
    """
    clock = [time.perf_counter()]
    rules = overridden(applicable(register, columns), overrides or {})
    with open_stage(psycopg_url, table) as stage:
        clock.append(time.perf_counter())
        verdicts = evaluate(stage, rules, today)
        outcomes = verdicts.outcomes
        if any(outcome.could_not_run for outcome in outcomes):
            raise RulesRaisedError(verdicts, register.rules_version)
        clock.append(time.perf_counter())
        counted = write_reasons(stage, {outcome.rule: outcome.failed for outcome in outcomes}, today)
        clock.append(time.perf_counter())
    spent = (round(after - before, 3) for before, after in pairwise(clock))
    return Validation(
        register=register.name,
        rules_version=register.rules_version,
        bad_table=f"{SCHEMA}.{stage.bad_table}",
        rows=counted.rows,
        refused=counted.refused,
        warned=counted.warned,
        outcomes=outcomes,
        seconds=dict(zip(("open", "expectations", "reasons"), spent, strict=True)),
        received=counted.rows if received is None else received,
        overrides=overrides or {},
        document=verdicts.document,
    )


def evaluate(stage: Stage, rules: Sequence[Rule], today: date) -> Verdicts:
    """Great Expectations' verdict on each rule, in order of the rules; one that raised says so in its outcome."""
    results = _ask(stage, rules, today)
    missing = [rule for rule in rules if _is_raised(results.get(rule.id))]
    if missing:
        results |= _ask_apart(stage, rules, missing, today)
    outcomes = tuple(_outcome(rule, results[rule.id]) for rule in rules)
    return Verdicts(outcomes, document_of(stage.table, [results[rule.id] for rule in rules], today))


def _ask(stage: Stage, rules: Sequence[Rule], today: date) -> dict[str, ExpectationValidationResult]:
    suite = build_suite(stage.table, rules, today)
    results = stage.batch.validate(suite, result_format=COUNTS_ONLY).results
    return {result.expectation_config.meta[META_RULE]: result for result in results if result.expectation_config}


def _ask_apart(
    stage: Stage, rules: Sequence[Rule], missing: Sequence[Rule], today: date
) -> dict[str, ExpectationValidationResult]:
    """One raising rule takes its whole aggregate statement down with it: each is run alone to name the ones at fault, and
    those that are not get their verdict."""
    return {
        rule.id: stage.batch.validate(build_expectation(rule, today), result_format=COUNTS_ONLY)
        for rule in rules
        if rule in missing
    }


def _outcome(rule: Rule, result: ExpectationValidationResult) -> Outcome:
    if _is_raised(result):
        return Outcome(rule, 0, 0, kind_of_fault(result.exception_info))
    counts: Mapping[str, Any] = result.result
    # a table without rows has no sum: Great Expectations then leaves the count out or null
    failed = int(counts.get("unexpected_count") or 0)
    evaluated = int(counts["element_count"]) - int(counts.get("missing_count") or 0)
    if bool(result.success) is not (failed == 0):
        raise InternalError("QLT-DISAGREES", rule=rule.id, expected=failed, found=int(not result.success))
    return Outcome(rule, evaluated, failed)


def _is_raised(result: ExpectationValidationResult | None) -> bool:
    """Whether the expectation raised: it then shows as not successful, without a count."""
    return result is None or raised(result.exception_info) or "element_count" not in result.result
