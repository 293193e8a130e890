from __future__ import annotations

import httpx

NAME = "natural_person.full_name.required"


async def test_every_rule_is_told_in_both_languages_with_examples_and_history(steward: httpx.AsyncClient) -> None:
    rules = (await steward.get("/stewardship/rules")).json()["rules"]
    assert len(rules) > 290 and all(rule["indicator"] and rule["demand"] for rule in rules)
    entities = (await steward.get("/stewardship/rules?register=legal-entities&severity=warn")).json()["rules"]
    assert entities and {(rule["register"], rule["severity"]) for rule in entities} == {("legal_entity", "warn")}

    told = (await steward.get(f"/stewardship/rules/{NAME}")).json()
    assert (told["demand"], told["severity"], told["indicator"]) == ("Full name has a value", "refuse_row", "0201")
    assert told["told"] == "Full name is required and has no value" and told["standard"].startswith("GB/T 36351")
    assert told["passing"]["Full name"] and told["failing"]["Full name"] == ""
    assert [one["act"] for one in told["history"]] == ["declare"] and told["overrides"] == {}
    chinese = await steward.get(f"/stewardship/rules/{NAME}", headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["demand"] == "姓名须有值"
    for rule in rules:
        answer = await steward.get(f"/stewardship/rules/{rule['rule']}?register={rule['register']}")
        assert answer.status_code == 200 and (answer.json()["failing"] or answer.json()["no_failing"]), rule


async def test_a_rule_that_is_none_is_not_found_and_only_stewards_ask(
    steward: httpx.AsyncClient, caller: httpx.AsyncClient
) -> None:
    assert (await steward.get("/stewardship/rules/no.such.rule")).json()["code"] == "QLT-RULE-UNKNOWN"
    assert (await steward.get(f"/stewardship/rules/{NAME}?register=places")).status_code == 404
    assert (await steward.get("/stewardship/rules?register=x")).status_code == 400
    assert (await caller.get("/stewardship/rules")).status_code == 403
