"""The resolver finds what is exactly so, says why, and keeps silent where a name means two things."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jishi.dictionary.resolve import Context, Resolution, resolve
from jishi.errors import CallerError, NotFoundError
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection


@pytest.fixture
async def dictionary(loaded_database: str) -> AsyncIterator[Connection[Any]]:
    opened = await connect(loaded_database)
    yield opened
    await opened.close()


async def answer(
    connection: Connection[Any], name: str, scheme: str | None = None, context: Context | None = None
) -> Resolution:
    [result] = (await resolve(connection, [name], scheme, context)).results
    return result


@pytest.mark.parametrize(
    ("name", "code", "score", "why"),
    [
        ("立项批复", "0210", 100, "DIC-WHY-NAME"),
        ("0210", "0210", 100, "DIC-WHY-CODE"),
        ("om06", "OM06", 100, "DIC-WHY-CODE"),
        (" 中标（成交）公告 ", "0507", 100, "DIC-WHY-NAME"),
        ("可研", "0203", 98, "DIC-WHY-ALIAS"),
        ("财评", "0403", 98, "DIC-WHY-ALIAS-PLACE"),
        ("软件开发类", "PT01", 98, "DIC-WHY-ALIAS"),
    ],
)
async def test_a_name_known_exactly_is_matched_with_its_reason(
    dictionary: Connection[Any], name: str, code: str, score: int, why: str
) -> None:
    result = await answer(dictionary, name)
    assert result.match is not None
    assert (result.match.code, result.match.score, result.match.why.code) == (code, score, why)
    assert result.name == name


@pytest.mark.parametrize("place", ["邵阳", "邵阳市", "湖南省邵阳市大祥区", "430500", "430503"])
async def test_an_alias_matches_in_a_place_that_uses_it(dictionary: Connection[Any], place: str) -> None:
    result = await answer(dictionary, "财评", context=Context(place=place))
    assert result.match is not None and result.match.code == "0403"


async def test_an_alias_of_other_places_is_a_candidate_and_no_match(dictionary: Connection[Any]) -> None:
    result = await answer(dictionary, "财评", context=Context(place="320500"))
    assert result.match is None
    [candidate] = result.candidates
    assert (candidate.code, candidate.score, candidate.why.code) == ("0403", 90, "DIC-WHY-ALIAS-ELSEWHERE")
    assert "邵阳" in candidate.reason() and "邵阳" in candidate.reason("en")


async def test_a_name_of_two_concepts_has_no_match_until_the_stage_decides(dictionary: Connection[Any]) -> None:
    await _add_alias(dictionary, "0207", "评审")
    await _add_alias(dictionary, "0403", "评审")
    result = await answer(dictionary, "评审")
    assert result.match is None and [item.code for item in result.candidates] == ["0207", "0403"]
    result = await answer(dictionary, "评审", context=Context(stage="04"))
    assert result.match is not None and result.match.code == "0403"


async def test_a_decision_that_an_alias_is_wrong_removes_the_candidate(dictionary: Connection[Any]) -> None:
    await _add_alias(dictionary, "0207", "会审")
    await _add_alias(dictionary, "0403", "会审")
    await dictionary.execute("UPDATE jishi.concept_alias SET negative = true WHERE alias = '会审' AND code = '0207'")
    result = await answer(dictionary, "会审")
    assert result.match is not None and result.match.code == "0403"


async def test_a_code_list_is_a_scheme_too(dictionary: Connection[Any]) -> None:
    result = await answer(dictionary, "男", "sex")
    assert result.match is not None and (result.match.code, result.match.name) == ("1", "男性")
    result = await answer(dictionary, "鼓楼区", "division")
    assert result.match is None and len(result.candidates) == 4


async def test_an_unusable_name_is_the_fault_of_its_item_only(dictionary: Connection[Any]) -> None:
    found = await resolve(dictionary, ["立项批复", "　", "长" * 201, "没有这样的节点"])
    assert [result.fault.code if result.fault else None for result in found.results] == [
        None,
        "DIC-NAME-BLANK",
        "DIC-NAME-LONG",
        None,
    ]
    assert found.results[0].match is not None
    assert found.results[3].match is None and found.results[3].candidates == ()


async def test_the_json_form_has_the_contracts_members(dictionary: Connection[Any]) -> None:
    body = (await resolve(dictionary, ["可研"])).as_json("en")
    assert body["version"]
    assert body["results"] == [
        {
            "name": "可研",
            "match": {"code": "0203", "name": "可行性研究报告编制", "score": 98},
            "candidates": [
                {
                    "scheme": "project-nodes",
                    "code": "0203",
                    "name": "可行性研究报告编制",
                    "score": 98,
                    "match": True,
                    "reason": "Equal to the alias “可研”",
                }
            ],
        }
    ]


async def test_too_many_names_and_an_unknown_scheme_are_the_callers_fault(dictionary: Connection[Any]) -> None:
    with pytest.raises(CallerError, match="DIC-NAMES-LIMIT"):
        await resolve(dictionary, ["立项"] * 1001)
    with pytest.raises(NotFoundError, match="DIC-SCHEME-UNKNOWN"):
        await resolve(dictionary, ["立项"], "colours")


@pytest.mark.data
async def test_no_name_of_the_open_notices_is_matched_wrongly(dictionary: Connection[Any], shared_data: Path) -> None:
    with (shared_data / "09_egov_projects" / "process_node_names.csv").open(encoding="utf-8", newline="") as file:
        cases = [(row["raw_name"], row["acceptable_codes"].split()) for row in csv.DictReader(file)]
    found = await resolve(dictionary, [name for name, _ in cases])
    matches = [
        (result.name, result.match.code, codes)
        for result, (_, codes) in zip(found.results, cases, strict=True)
        if result.match is not None
    ]
    wrong = [(name, code) for name, code, right in matches if code not in right]
    assert wrong == []  # 运维类 is an alias of a node and of a type: no match until scheme or type says which
    assert len(matches) >= 55


async def _add_alias(connection: Connection[Any], code: str, alias: str) -> None:
    await connection.execute(
        "INSERT INTO jishi.concept_alias (scheme, code, alias, alias_normalised, negative, status, origin) "
        "VALUES ('project-nodes', $1, $2, $2, false, 'approved', 'steward')",
        code,
        alias,
    )
