"""Scores by GB/T 36344: every one of them can be computed again from the numbers published with it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from typing import Any
from unittest import mock

import httpx
import pytest

from asking import asking
from jishi.cli import main
from jishi.golden.ledger import register_source
from jishi_ingest.run import entry_of, worker

Make = dict[str, Callable[..., str]]
DEPARTMENT, ANOTHER = "113205000000900347", "11320500000090093A"
MORE = 'schedule = "0 2 * * *"\n[thresholds]\nmax_failure_share = "off"\nvolume_band = "off"'


def mean(scores: Sequence[tuple[float | None, float]]) -> float | None:
    there = [(score, weight) for score, weight in scores if score is not None]
    total = sum(weight for _, weight in there)
    return sum(score * weight for score, weight in there) / total if total else None


def computed_again(document: dict[str, Any]) -> None:
    """Every score and grade of the document, from its own numerators, denominators and weights."""

    def grade(score: float | None) -> str | None:
        return next((g["grade"] for g in document["grades"] if score is not None and score >= g["from"]), None)

    for line in document["scores"]:
        dimensions = []
        for dimension in line["dimensions"]:
            indicators = []
            for one in dimension["indicators"]:
                numerator = sum(measure["numerator"] for measure in one["measures"])
                denominator = sum(measure["denominator"] for measure in one["measures"])
                assert (one["numerator"], one["denominator"]) == (numerator, denominator)
                score = numerator / denominator if denominator else None
                assert one["score"] == (None if score is None else pytest.approx(score, abs=1e-6))
                indicators.append((score, one["weight"]))
            again = mean(indicators)
            assert dimension["score"] == (None if again is None else pytest.approx(again, abs=1e-6))
            assert dimension["grade"] == grade(again)
            dimensions.append((again, dimension["weight"]))
        assert line["score"] == pytest.approx(mean(dimensions), abs=1e-6)
        assert line["grade"] == grade(mean(dimensions))


def measures(line: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {
        measure["measure"]: (measure["numerator"], measure["denominator"])
        for dimension in line["dimensions"]
        for one in dimension["indicators"]
        for measure in one["measures"]
    }


async def test_scores_are_computed_again_from_the_published_numbers_alone(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more=MORE)
    rows = [{"key": f"K{n}", "name": f"测试企业{n}号", "code": invent["uscc"](n), "city": "苏州"} for n in range(8)]
    bad = [{"key": "K8", "name": "", "code": invent["uscc"](8)}, {"key": "K9", "name": "甲", "code": "123"}]
    await city.deliver(source, [*rows, *bad])
    await city.deliver(source, [*rows[:6], rows[0], *bad])
    await city.deliver(source, b"nothing,known\n1,2\n")
    await register_source(city.connection, entry_of(city.road.sources[source]))
    await worker(city.road).run_lane("report")
    kept = await city.rows("SELECT * FROM jishi.score ORDER BY 1, 2, 3, 4, 5, 6")
    await worker(city.road).run_lane("report")
    async with asking(city.settings, city.connection) as api:
        steward = await api.client("steward")
        document = (await steward.get("/stewardship/scores?source=tiny")).json()
        computed_again(document)
        [line] = document["scores"]
        counted = measures(line)
        assert counted["legal_entity.entity_name.required"] == (10, 12)  # unchanged rows were not examined again
        assert counted["legal_entity.uscc.readable"] == (10, 12)
        assert counted["rows_not_repeated"] == (18, 19)
        assert counted["records_received"] == (9, 10)
        assert counted["deliveries_readable"] == (2, 3)
        assert counted["rows_usable"] == (14, 19)
        assert {dimension["code"] for dimension in line["dimensions"]} == {"01", "02", "03", "04", "05", "06"}
        silent = {d["code"]: d["score"] for d in line["dimensions"]}["04"]
        assert silent is None and line["register"] == "legal_entity" and line["department"] == DEPARTMENT

        for group, names in (("register", {"register"}), ("department", {"department"}), ("city", set())):
            told = (await steward.get(f"/stewardship/scores?group={group}")).json()
            computed_again(told)
            assert {name for name in ("register", "source", "department") if told["scores"][0][name]} == names
        own = await api.client("steward", department=DEPARTMENT)
        others = await api.client("steward", department=ANOTHER)
        assert (await own.get("/stewardship/scores")).json()["scores"] == document["scores"]
        assert (await others.get("/stewardship/scores")).json()["scores"] == []
        assert (await others.get(f"/stewardship/scores?department={DEPARTMENT}")).json()["scores"] == []
        await refusals(steward)
    again = await city.rows("SELECT * FROM jishi.score ORDER BY 1, 2, 3, 4, 5, 6")
    assert [{**row, "computed_at": None} for row in again] == [{**row, "computed_at": None} for row in kept]
    told = json.loads(command(city, "--register", "legal-entities", "--json"))
    assert told["scores"] == document["scores"] or told["scores"][0]["score"] == line["score"]
    assert "不适用" in command(city) and "规范性" in command(city, "--group", "register")


async def refusals(steward: httpx.AsyncClient) -> None:
    for query in ("month=2026-13", "register=x", "group=x"):
        assert (await steward.get(f"/stewardship/scores?{query}")).status_code == 400
    assert (await steward.get("/stewardship/scores?month=2001-01")).json()["scores"] == []


def command(city: Any, *arguments: str) -> str:
    """What ``jishi quality scores`` prints."""
    environment = {
        "PATH": os.environ["PATH"],
        "JISHI_STATE": str(city.settings.state_dir),
        "JISHI_HOME": str(city.settings.home_dir),
        "JISHI_DATABASE_URL": city.settings.database_url,
        "LANG": "zh_CN.UTF-8",
    }
    out = io.StringIO()
    with mock.patch.dict(os.environ, environment, clear=True), redirect_stdout(out):
        assert main(["quality", "scores", *arguments]) == 0
    return out.getvalue()
