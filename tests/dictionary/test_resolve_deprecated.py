"""A deprecated name still resolves, says so and leads to its successor, whoever deprecated it."""

from __future__ import annotations

from typing import Any

from jishi.dictionary.resolve import resolve
from jishi.dictionary.stepping import step
from jishi.storage.engine import connect


async def test_a_deprecated_concept_answers_with_its_successor(loaded_database: str) -> None:
    connection: Any = await connect(loaded_database)
    try:
        [before] = (await resolve(connection, ["需求初审"])).results
        assert before.match is not None and before.match.code == "0103"
        async with connection.transaction():
            told = {"scheme": "project-nodes", "reason": "并入"}
            await step(connection, "0103", "deprecated", "steward:li", successors=("0104",), **told)
        [after] = (await resolve(connection, ["需求初审"])).results
        assert after.match is not None and after.match.code == "0104"
        assert after.match.why.code == "DIC-WHY-DEPRECATED"
        assert "0103" in after.match.reason() or "需求初审" in after.match.reason()
        async with connection.transaction():
            await step(connection, "0106", "deprecated", "steward:li", scheme="project-nodes", reason="不再使用")
        name = await connection.fetchval("SELECT preferred_name FROM jishi.concept WHERE code = '0106'")
        [gone] = (await resolve(connection, [name])).results
        assert gone.match is None
        assert [candidate.why.code for candidate in gone.candidates][:1] == ["DIC-WHY-DEPRECATED-NONE"]
    finally:
        await connection.close()
