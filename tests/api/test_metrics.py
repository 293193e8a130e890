from __future__ import annotations

import json
import os
import time
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from jishi_api.metrics import BUCKETS_S, STALE_S, Metrics


def _samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_requests_are_counted_by_route_method_and_class_of_status(
    api: FastAPI, caller: httpx.AsyncClient
) -> None:
    for path in ("/collections/places/items", "/collections/places/items?limit=x", "/nothing/320505199001011234", "/"):
        await caller.get(path)
    answer = await caller.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = _samples(answer.content)

    def count(route: str, status: str) -> float:
        labels = (("method", "GET"), ("route", route), ("status", status))
        assert found["jishi_request_seconds_count", labels] == found["jishi_requests_total", labels]
        return found["jishi_requests_total", labels]

    assert count("/collections/{collection}/items", "2xx") == count("/collections/{collection}/items", "4xx") == 1
    assert count("-", "4xx") == count("/", "2xx") == 1
    assert "320505199001011234" not in answer.text
    assert found["jishi_requests_in_flight", ()] == 1, "the one that asks"
    assert {labels[0][1] for name, labels in found if name == "jishi_lanes_busy"} == {"keys", "pages", "heavy"}


def test_several_processes_are_added_up_and_a_silent_one_is_no_longer_busy(tmp_path: Path) -> None:
    mine, other = Metrics(tmp_path), Metrics(tmp_path)
    for seconds in (0.001, 0.003, 0.3, 99.0):
        mine.answered("/a", "GET", 200, seconds)
        other.answered("/a", "GET", 200, seconds)
    other.refused("overload")
    other.flushed(7)
    mine.in_flight, other.in_flight = 2, 3
    other.publish()
    path = tmp_path / f"{os.getpid()}.json"
    path = path.rename(tmp_path / "1.json")  # as if of another process
    found = _samples(mine.render())
    labels = (("method", "GET"), ("route", "/a"), ("status", "2xx"))
    assert found["jishi_requests_total", labels] == 8
    assert found["jishi_request_seconds_sum", labels] == pytest.approx(2 * 99.304)
    buckets = [found["jishi_request_seconds_bucket", (("le", str(limit)), *labels)] for limit in (*BUCKETS_S, "+Inf")]
    assert buckets[:3] == [2, 4, 4] and buckets[-2:] == [6, 8] and buckets == sorted(buckets)
    assert found["jishi_requests_in_flight", ()] == 5 and found["jishi_processes", ()] == 2
    assert found["jishi_log_flushed_rows_total", ()] == 7
    assert found["jishi_refused_total", (("reason", "overload"),)] == 1

    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "at": time.time() - STALE_S - 1}), encoding="utf-8")
    found = _samples(mine.render())
    assert found["jishi_requests_in_flight", ()] == 2 and found["jishi_processes", ()] == 1
    assert found["jishi_requests_total", labels] == 8, "what it did still counts"


def test_what_is_published_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    for number in range(50):
        metrics.answered(f"/{number}", "GET", 200, 0.1)
        metrics.publish()
        assert json.loads((tmp_path / f"{os.getpid()}.json").read_text(encoding="utf-8"))["flushes"] == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"{os.getpid()}.json"]
