"""A source may make a rule graver or milder for its deliveries; a delivery that a rule refuses is refused whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jishi.errors import DeclarationError
from jishi_ingest.cli import EXIT_CODES
from jishi_ingest.source import load_sources

Make = dict[str, Callable[..., str]]
OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
CHECK = "legal_entity.uscc.check_character"
RANGE = "legal_entity.establish_date.range"


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "苏州",
        **values,
    }


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


def counts(receipt: dict[str, Any]) -> dict[str, int]:
    assert receipt["received"] == sum(receipt[name] for name in OUTCOMES)
    return {name: receipt[name] for name in OUTCOMES if receipt[name]}


async def test_a_delivery_in_which_such_a_rule_fires_is_refused_whole(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=f'[rules]\n"{CHECK}" = "refuse_batch"')
    good = [entity(invent, number) for number in range(5)]
    await city.deliver(source, good)
    before = len(await city.changes("legal_entity"))
    bad = entity(invent, 9, code=wrong(invent["uscc"](9)))
    receipt = await city.deliver(source, [*good, entity(invent, 6), bad, entity(invent, 7), entity(invent, 7)])
    assert (receipt["status"], EXIT_CODES[receipt["status"]]) == ("refused", 4)
    assert receipt["received"] == 9
    assert counts(receipt) == {"quarantined": 8, "duplicate": 1}
    assert receipt["reasons"] == {CHECK: 1, "ING-WITH-BATCH": 7}
    assert receipt["fault"]["code"] == "ING-BATCH-RULE"
    assert "9 行中有 1 行" in receipt["fault"]["message"] and "{" not in receipt["fault"]["message"]
    english = await city.value("SELECT fault ->> 'message_en' FROM jishi.batch WHERE batch_id = $1", receipt["batch"])
    assert "1 of 9 rows" in english
    assert len(await city.changes("legal_entity")) == before
    assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
    kept = await city.rows(
        "SELECT row_number, reasons, status FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"]
    )
    assert kept == [{"row_number": 7, "reasons": [CHECK], "status": "discarded"}]


async def test_nothing_of_a_refused_delivery_closes_what_is_open(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    bad = entity(invent, 9, code=wrong(invent["uscc"](9)))
    await city.deliver(source, [entity(invent, 1), bad])
    city.declare("tiny", more=f'[rules]\n"{CHECK}" = "refuse_batch"')
    receipt = await city.deliver(source, [entity(invent, 2), bad])
    assert receipt["status"] == "refused"
    found = await city.rows("SELECT status FROM jishi.quarantine ORDER BY quarantine_id")
    assert [row["status"] for row in found] == ["open", "discarded"]


async def test_up_to_its_bound_the_rows_are_refused_alone(city: Any, invent: Make) -> None:
    more = f'[thresholds]\nmax_failure_share = 1.0\n[rules]\n"{CHECK}" = {{ severity = "refuse_batch", above = 0.2, rows = 2 }}'
    source = city.declare("tiny", more=more)

    def rows(bad: int, good: int, begin: int) -> list[dict[str, object]]:
        made = [entity(invent, begin + n, code=wrong(invent["uscc"](begin + n))) for n in range(bad)]
        return made + [entity(invent, begin + 100 + n) for n in range(good)]

    alone = await city.deliver(source, rows(1, 1, 0))  # half of it, but one row
    assert (alone["status"], counts(alone)) == ("published", {"inserted": 1, "quarantined": 1})
    within = await city.deliver(source, rows(2, 8, 10))
    assert (within["status"], counts(within)) == ("published", {"inserted": 8, "quarantined": 2})
    beyond = await city.deliver(source, rows(3, 8, 30))
    assert (beyond["status"], counts(beyond)) == ("refused", {"quarantined": 11})


async def test_rows_settled_as_unchanged_count_for_the_share(city: Any, invent: Make) -> None:
    more = f'[rules]\n"{CHECK}" = {{ severity = "refuse_batch", above = 0.2 }}'
    source = city.declare("tiny", more=more)
    good = [entity(invent, number) for number in range(10)]
    await city.deliver(source, good)
    bad = [entity(invent, 50 + n, code=wrong(invent["uscc"](50 + n))) for n in range(2)]
    receipt = await city.deliver(source, [*good, *bad])
    assert (receipt["status"], counts(receipt)) == ("published", {"unchanged": 10, "quarantined": 2})


async def test_a_rule_made_milder_warns_and_a_change_of_severity_examines_the_delivery_again(
    city: Any, invent: Make
) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    rows = [entity(invent, 1, established="2999-01-01"), entity(invent, 2, established="1999-01-01")]
    first = await city.deliver(source, rows)
    assert counts(first) == {"inserted": 1, "quarantined": 1}
    city.declare("tiny", more=f'[thresholds]\nmax_failure_share = 1.0\n[rules]\n"{RANGE}" = "warn"')
    second = await city.deliver(source, rows)
    assert (second["status"], counts(second)) == ("published", {"unchanged": 1, "inserted": 1})
    assert (second["reasons"], second["warnings"]) == ({}, {RANGE: 1})
    assert await city.value("SELECT status FROM jishi.quarantine") == "repaired"
    rules = json.loads(await city.value("SELECT rules FROM jishi.batch WHERE batch_id = $1", second["batch"]))
    told = next(entry for entry in rules if entry["rule"] == RANGE)
    assert (told["evaluated"], told["failed"], told["columns"]) == (2, 1, ["established"])


async def test_a_released_batch_is_refused_all_the_same(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, n, code=wrong(invent["uscc"](n)) if n < 10 else invent["uscc"](n)) for n in range(25)]
    held = await city.deliver(source, rows)
    assert held["status"] == "held"
    city.declare("tiny", more=f'[rules]\n"{CHECK}" = "refuse_batch"')
    released = await city.release(held["batch"])
    assert (released["status"], counts(released)) == ("refused", {"quarantined": 25})


async def test_a_list_whose_numbers_a_spreadsheet_has_rounded_is_refused_whole(city: Any, invent: Make) -> None:
    people = [
        {
            "rec_id": n,
            "来源": "公安户籍",
            "姓名": "甲某",
            "公民身份号码": "3.2050519600101E+17" if n < 40 else invent["citizen"](n),
        }
        for n in range(60)
    ]
    receipt = await city.deliver("population", people)
    assert (receipt["status"], receipt["fault"]["code"]) == ("refused", "ING-BATCH-RULE")
    assert receipt["reasons"]["natural_person.id_number.readable"] == 40
    assert await city.value("SELECT count(*) FROM jishi.natural_person") == 0


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        ('"legal_entity.uscc.guess" = "warn"', ("tiny: rules.legal_entity.uscc.guess", "ING-SOURCE-RULE")),
        (f'"{CHECK}" = "warn"', (f"tiny: rules.{CHECK}", "ING-SOURCE-RULE-FLOOR")),
        ('"ING-KEY-MISSING" = "warn"', ("tiny: rules.ING-KEY-MISSING", "ING-SOURCE-RULE-FLOOR")),
        (f'"{CHECK}" = "severe"', (f"tiny: rules.{CHECK}.severity", "ING-SOURCE-VALUE")),
        (f'"{RANGE}" = {{ severity = "warn", above = 0.5 }}', (f"tiny: rules.{RANGE}", "ING-SOURCE-VALUE")),
    ],
)
def test_a_wrong_declaration_is_told(city: Any, rules: str, fault: tuple[str, str]) -> None:
    city.declare("tiny", more=f"[rules]\n{rules}")
    with pytest.raises(DeclarationError) as caught:
        load_sources(city.settings)
    assert [(found.name, found.code) for found in caught.value.faults] == [fault]
