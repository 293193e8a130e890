"""Validation as such: what is counted, what is our fault, and what never leaves the database."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from jishi.errors import InternalError
from jishi.quality import reasons, stage, validate
from jishi.registers import element, legal_entity, natural_person, place
from jishi.registers.register import Contradiction, Register
from jishi.registers.survivorship import Survivorship
from jishi.storage.engine import psycopg_url

PERSON, ENTITY, PLACE = natural_person.REGISTER, legal_entity.REGISTER, place.REGISTER
NAME, CHECK, LENGTH = (
    f"natural_person.{rule}" for rule in ("full_name.required", "id_number.check_character", "full_name.length")
)


def test_a_row_without_a_value_is_evaluated_only_by_the_rule_that_asks_for_one(forge: Any) -> None:
    good = forge.good_row(PERSON)
    rows = [good, {**good, "full_name": None}, {**good, "id_number__check_expected": None}]

    validation = forge.table(PERSON, rows).validate()

    found = {outcome.rule.id: (outcome.evaluated, outcome.passed, outcome.failed) for outcome in validation.outcomes}
    assert found[NAME] == (3, 2, 1)
    assert found[LENGTH] == (2, 2, 0)
    assert found[CHECK] == (2, 2, 0)
    assert (validation.rows, validation.refused, validation.warned) == (3, 1, 0)
    assert validation.reasons == {NAME: 1}


def test_a_table_without_rows_is_valid(forge: Any) -> None:
    table = forge.table(PLACE, [])

    validation = table.validate()

    assert validation.rows == validation.refused == 0
    assert {(outcome.evaluated, outcome.failed) for outcome in validation.outcomes} == {(0, 0)}
    assert table.bad() == {}


def test_a_rule_applies_only_where_the_stage_table_has_its_columns(forge: Any) -> None:
    table = forge.table(PERSON, [forge.good_row(PERSON)])
    mapped = replace(table, columns=dict.fromkeys(("full_name", "id_number__check_actual", "row__ragged"), "text"))

    ids = [outcome.rule.id for outcome in mapped.validate().outcomes]

    assert ids == ["ING-ROW-RAGGED", NAME, LENGTH]


def test_a_batch_is_validated_anew_over_what_an_earlier_run_left(forge: Any) -> None:
    good = forge.good_row(PERSON)
    table = forge.table(PERSON, [{**good, "full_name": None}, good])
    table.validate()
    table.execute("UPDATE stage.b_1 SET full_name = 'A', row__ragged = row_number = 2")

    table.validate()

    assert table.bad() == {2: (frozenset({"ING-ROW-RAGGED"}), frozenset())}


def test_the_name_of_a_table_is_quoted(forge: Any) -> None:
    table = forge.table(PERSON, [{**forge.good_row(PERSON), "full_name": None}], name="b_0192-A b")

    assert table.validate().refused == 1
    assert set(table.bad()) == {1}


@pytest.mark.parametrize(
    ("column", "rule"), [("full_name", LENGTH), ("id_number__check_actual", CHECK)], ids=["one column", "a pair"]
)
def test_a_rule_that_cannot_run_is_our_fault_and_named_alone(forge: Any, column: str, rule: str) -> None:
    row = {**forge.good_row(PERSON), column: 19620305, "row__ragged": True}
    table = forge.table(PERSON, [row], types={column: "bigint"})

    with pytest.raises(InternalError) as caught:
        table.validate()

    assert caught.value.code == "QLT-COULD-NOT-RUN"
    assert [fault.name for fault in caught.value.faults] == [rule]
    assert caught.value.values == {"rule": rule}
    assert "UndefinedFunction" in caught.value.text("en")
    with pytest.raises(sa.exc.ProgrammingError):
        table.bad()


def test_an_error_carries_no_value_of_the_delivery(forge: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    table = forge.table(PERSON, [{**forge.good_row(PERSON), "full_name": "张三丰"}])
    # the cast quotes the value it stumbles over
    table.execute("CREATE FUNCTION jishi.length(text) RETURNS integer LANGUAGE sql AS 'SELECT CAST($1 AS integer)'")
    url = psycopg_url(forge.plain_url).replace("jishi%2Cstage%2Cpublic", "jishi%2Cpg_catalog")

    with pytest.raises(InternalError) as caught:
        replace(table, url=url).validate()

    assert caught.value.code == "QLT-COULD-NOT-RUN"
    assert "InvalidTextRepresentation" in caught.value.text("en")
    told = caught.value.text("zh-CN") + str(caught.value) + repr(caught.value.__cause__) + caplog.text
    assert "张三丰" not in told
    assert not [record.name for record in caplog.records if record.name.startswith("great_expectations")]
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_missing_table_is_our_fault_and_the_message_holds_no_password(forge: Any) -> None:
    table = replace(forge.table(PERSON, []), name="b_2")

    with pytest.raises(InternalError) as caught:
        table.validate()

    assert caught.value.code == "QLT-STAGE"
    password = sa.make_url(table.url).password
    assert not password or str(password) not in str(caught.value)


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda predicate: sa.and_(predicate, sa.column("row_number") != 2), id="a row fewer"),
        pytest.param(lambda predicate: sa.or_(predicate, sa.column("row_number") == 1), id="a row more"),
        pytest.param(lambda _: sa.column("row_number").in_([1, 3]), id="other rows"),
    ],
)
def test_reasons_that_differ_from_what_great_expectations_found_end_the_batch(
    forge: Any, monkeypatch: pytest.MonkeyPatch, tamper: Any
) -> None:
    good = forge.good_row(PERSON)
    table = forge.table(PERSON, [good, {**good, "full_name": None}, {**good, "full_name": None}])
    untouched = reasons.unexpected_conditions

    def tampered(*arguments: Any) -> dict[element.Rule, Any]:
        found = untouched(*arguments)
        return {rule: tamper(predicate) if rule.id == NAME else predicate for rule, predicate in found.items()}

    monkeypatch.setattr(reasons, "unexpected_conditions", tampered)

    with pytest.raises(InternalError) as caught:
        table.validate()

    assert caught.value.code == "QLT-DISAGREES"
    assert [fault.name for fault in caught.value.faults] == [NAME]


def test_a_rule_with_many_failing_rows_is_compared_by_count(forge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "ROWS_COMPARED", 2)
    good = forge.good_row(PERSON)
    table = forge.table(PERSON, [{**good, "full_name": None}] * 3 + [{**good, "row__ragged": True}])

    assert table.validate().refused == 4


def test_single_column_rules_are_counted_in_two_statements_however_many_they_are(forge: Any) -> None:
    table = forge.table(ENTITY, [forge.good_row(ENTITY)])
    statements: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(" ".join(statement.split()))

    sa.event.listen(sa.Engine, "before_cursor_execute", record)
    try:
        validation = table.validate()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", record)

    pairs = [outcome for outcome in validation.outcomes if outcome.rule.other]
    sums = [statement for statement in statements if statement.startswith("SELECT sum(")]
    assert len(validation.outcomes) - len(pairs) > 40
    assert len(sums) == 2  # Great Expectations asks for lengths in a second one
    reading = [s for s in statements if "unexpected_values" in s]
    assert all("LIMIT" in statement for statement in reading)
    assert sum("CREATE UNLOGGED TABLE" in statement for statement in statements) == 1


def test_no_value_of_the_delivery_is_in_results_output_or_logs(
    forge: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    untouched = validate._outcome

    def keep(rule: element.Rule, result: Any) -> validate.Outcome:
        seen.append(str(result.to_json_dict()))
        return untouched(rule, result)

    monkeypatch.setattr(validate, "_outcome", keep)
    row = {**forge.good_row(PERSON), "full_name": "张三丰" * 40, "mobile": "张三丰", "birth_date__prefix": "张三丰"}

    validation = forge.table(PERSON, [row]).validate()

    assert len(validation.reasons) == 2
    assert len(seen) == len(validation.outcomes)
    printed = capfd.readouterr()
    told = "".join(seen) + repr(validation) + caplog.text + printed.out + printed.err
    assert "张三丰" not in told
    assert printed.out == printed.err == ""


def test_no_file_is_written(forge: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = forge.table(PERSON, [forge.good_row(PERSON)])
    for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)

    table.validate()

    assert list(tmp_path.rglob("*")) == []


def test_no_connection_stays_open(forge: Any) -> None:
    table = forge.table(PERSON, [forge.good_row(PERSON)])
    mine = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'jishi-open'")

    replace(table, url=psycopg_url(forge.plain_url, application="jishi-open")).validate()

    deadline = time.monotonic() + 10  # a server process takes its time to leave
    with forge.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while (left := connection.execute(mine).scalar_one()) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert left == 0


def test_a_failed_rule_may_refuse_the_whole_batch(forge: Any) -> None:
    table = forge.table(STRICT, [{"code": "A"}, {"code": None}], types=ROW_FACTS)

    validation = table.validate()

    assert [rule.id for rule in validation.refusing] == ["strict.code.required"]
    assert validation.reasons == {"strict.code.required": 1}
    assert table.bad() == {2: (frozenset({"strict.code.required"}), frozenset())}


def test_another_version_of_great_expectations_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    stage.warm()
    import great_expectations

    monkeypatch.setattr(great_expectations, "__version__", "1.99.0")
    with pytest.raises(InternalError, match="QLT-VERSION"):
        stage.warm()


def test_the_room_can_be_imported_without_great_expectations() -> None:
    program = (
        "import sys, jishi.quality.validate, jishi.quality.report, jishi.quality.bands; "
        "sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class Strict(SQLModel):
    """A register of one element whose absence refuses the whole delivery."""

    code: Annotated[
        str | None,
        element.DataElement("代码", element.Kind.TEXT, "Code", required=element.Severity.REFUSE_BATCH),
    ] = None


STRICT = Register("strict", "严格", "strict", 99, Strict, False, None, Contradiction(), Survivorship())
ROW_FACTS = {f"row__{fact}": "boolean" for fact in ("ragged", "replaced", "error", "key_missing", "key_conflict")}
