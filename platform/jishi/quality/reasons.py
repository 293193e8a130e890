"""Why each row is refused or warned of: Great Expectations' own conditions, written in one pass (step *validate*).

``stage.<table>_bad(row_number, reasons, warnings)`` holds the ids of all rules a row fails. The counts of every rule,
and the row numbers of rules with few failing rows, must be those Great Expectations found by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.compiler import compiles

from jishi.errors import Fault, InternalError
from jishi.quality.stage import ROW_NUMBER, SCHEMA, Stage
from jishi.quality.suite import build_expectation
from jishi.registers.element import Rule, Severity

if TYPE_CHECKING:
    from great_expectations.validator.metric_configuration import MetricConfiguration

ROWS_COMPARED = 1000
"""A rule with at most so many failing rows has its row numbers compared too, not only their count."""

_COUNT, _CONDITION, _ROWS = "unexpected_count", "condition", "unexpected_index_list"
_ROWS_FORMAT = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": ROWS_COMPARED + 1,
    "unexpected_index_column_names": [ROW_NUMBER],
    "exclude_unexpected_values": True,
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of the stage table, and of these the refused and the warned."""

    rows: int
    refused: int
    warned: int


def write_reasons(stage: Stage, failed: Mapping[Rule, int], today: date) -> Counted:
    """Make the table of bad rows and hold it against ``failed``, Great Expectations' count of failing rows a rule.

    Raises ``QLT-DISAGREES`` with the rules that differ, ``QLT-REASONS`` when the statement itself could not run; both
    are ours.
    """
    conditions = unexpected_conditions(stage, failed, today)
    try:
        with stage.engine.begin() as connection:
            _write(connection, stage, conditions)
            written = _counts(connection, stage)
            _compare({rule.id: count for rule, count in failed.items()}, written)
            few = [rule for rule, count in failed.items() if 0 < count <= ROWS_COMPARED]
            rows = _rows_written(connection, stage, few)
            counted = _totals(connection, stage)
    except sa.exc.SQLAlchemyError as error:
        raise InternalError("QLT-REASONS", table=stage.table, reason=type(error).__name__) from None
    _compare(_rows_found(stage, few, today), rows)
    return counted


def unexpected_conditions(stage: Stage, rules: Iterable[Rule], today: date) -> dict[Rule, sa.ColumnElement[bool]]:
    """Rule → the predicate, over the stage table's columns, by which Great Expectations counts its failing rows.

    A pair's rows with a null side are left out by Great Expectations' own filter of the rows it looks at, which is
    therefore part of the predicate.
    """
    asked = {rule: _metric(stage, rule, today, _CONDITION) for rule in rules}
    found = _compute(stage, asked)
    conditions: dict[Rule, sa.ColumnElement[bool]] = {}
    for rule, (condition, domain, accessor) in found.items():
        looked_at = stage.executor.get_domain_records({**domain, **accessor})
        seen = getattr(getattr(looked_at, "element", None), "whereclause", None)
        conditions[rule] = condition if seen is None or rule.other is None else sa.and_(seen, condition)
    return conditions


def _write(connection: sa.Connection, stage: Stage, conditions: Mapping[Rule, sa.ColumnElement[bool]]) -> None:
    refusing = {rule: predicate for rule, predicate in conditions.items() if rule.severity is not Severity.WARN}
    warning = {rule: predicate for rule, predicate in conditions.items() if rule.severity is Severity.WARN}
    bad = (
        sa.select(sa.column(ROW_NUMBER), _ids(refusing).label("reasons"), _ids(warning).label("warnings"))
        .select_from(stage.selectable())
        .where(sa.or_(sa.false(), *conditions.values()))
    )
    connection.execute(sa.schema.DropTable(sa.Table(stage.bad_table, sa.MetaData(), schema=SCHEMA), if_exists=True))
    connection.execute(_Keep(stage.selectable(stage.bad_table), bad))


def _ids(conditions: Mapping[Rule, sa.ColumnElement[bool]]) -> sa.ColumnElement[Any]:
    """The ids of the rules whose predicate holds, as ``text[]``; empty when none does."""
    told: Any = array([sa.case((predicate, rule.id)) for rule, predicate in conditions.items()], type_=sa.Text)
    return sa.func.array_remove(sa.cast(told, ARRAY(sa.Text)), sa.null())


def _told(stage: Stage) -> Any:
    """Rule id and row number of every entry of the table of bad rows."""
    bad = stage.selectable(stage.bad_table, ROW_NUMBER, "reasons", "warnings")
    rule = sa.func.unnest(sa.func.array_cat(bad.c.reasons, bad.c.warnings)).label("rule")
    return sa.select(rule, bad.c[ROW_NUMBER]).subquery("told")


def _counts(connection: sa.Connection, stage: Stage) -> dict[str, int]:
    told = _told(stage)
    counts = connection.execute(sa.select(told.c.rule, sa.func.count().label("rows")).group_by(told.c.rule))
    return {row.rule: row.rows for row in counts}


def _rows_written(connection: sa.Connection, stage: Stage, rules: Iterable[Rule]) -> dict[str, frozenset[int]]:
    told = _told(stage)
    wanted = told.c.rule.in_([rule.id for rule in rules])
    rows = sa.select(told.c.rule, sa.func.array_agg(told.c[ROW_NUMBER])).where(wanted).group_by(told.c.rule)
    return {rule: frozenset(numbers) for rule, numbers in connection.execute(rows)}


def _rows_found(stage: Stage, rules: Iterable[Rule], today: date) -> dict[str, frozenset[int]]:
    """The row numbers Great Expectations lists by itself, with a statement of its own for each rule."""
    listed = _compute(stage, {rule: _metric(stage, rule, today, _ROWS) for rule in rules})
    # without the values an answer is one entry that holds all numbers, or none
    return {rule.id: frozenset(n for entry in entries for n in entry[ROW_NUMBER]) for rule, entries in listed.items()}


def _totals(connection: sa.Connection, stage: Stage) -> Counted:
    bad = stage.selectable(stage.bad_table, "reasons", "warnings")
    held = sa.select(
        sa.func.count().filter(sa.func.cardinality(bad.c.reasons) > 0).label("refused"),
        sa.func.count().filter(sa.func.cardinality(bad.c.warnings) > 0).label("warned"),
    ).select_from(bad)
    rows = connection.execute(sa.select(sa.func.count()).select_from(stage.selectable())).scalar_one()
    refused, warned = connection.execute(held).one()
    return Counted(rows, refused, warned)


def _compare(expected: Mapping[str, Any], written: Mapping[str, Any]) -> None:
    """Both sides by rule id; a side without a rule has no rows of it."""
    differing = [rule for rule in {**expected, **written} if (expected.get(rule) or 0) != (written.get(rule) or 0)]
    if differing:
        faults = tuple(
            Fault(rule, "QLT-COUNTS", {"expected": _size(expected.get(rule)), "found": _size(written.get(rule))})
            for rule in differing
        )
        raise InternalError("QLT-DISAGREES", rule=", ".join(differing), faults=faults)


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value or ())


def _metric(stage: Stage, rule: Rule, today: date, name: str) -> MetricConfiguration:
    """Metric ``name`` of the rule's expectation, over the domain and with the values of its count."""
    from great_expectations.validator.metric_configuration import MetricConfiguration

    expectation: Any = build_expectation(rule, today)
    needs = expectation.get_validation_dependencies(execution_engine=stage.executor, runtime_configuration={})
    count = needs.get_metric_configuration(f"{expectation.map_metric}.{_COUNT}")
    values = {**count.metric_value_kwargs, **({"result_format": _ROWS_FORMAT} if name == _ROWS else {})}
    return MetricConfiguration(f"{expectation.map_metric}.{name}", dict(count.metric_domain_kwargs), values)


def _compute(stage: Stage, asked: Mapping[Rule, MetricConfiguration]) -> dict[Rule, Any]:
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    if not asked:
        return {}
    calculator = MetricsCalculator(execution_engine=stage.executor, show_progress_bars=False)
    found, aborted = calculator.compute_metrics(list(asked.values()))
    unknown = [rule.id for rule, metric in asked.items() if metric.id not in found]
    if aborted or unknown:
        raise InternalError("QLT-COULD-NOT-RUN", rule=", ".join(unknown) or "*")
    return {rule: found[metric.id] for rule, metric in asked.items()}


class _Keep(sa.Executable, sa.ClauseElement):
    """``CREATE UNLOGGED TABLE target AS query``, the query's values bound."""

    inherit_cache = False

    def __init__(self, target: sa.TableClause, query: sa.Select[Any]) -> None:
        self.target = target
        self.query = query


@compiles(_Keep)
def _compile_keep(element: _Keep, compiler: Any, **options: Any) -> str:
    target = compiler.process(element.target, asfrom=True)
    return f"CREATE UNLOGGED TABLE {target} AS {compiler.process(element.query, **options)}"
