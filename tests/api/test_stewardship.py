from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from asyncpg import Connection


@pytest.fixture
async def ledger(connection: Connection[Any]) -> None:
    await connection.execute(
        """
        INSERT INTO jishi.source (source_id, name, title, register, department, mode, version)
        VALUES (1, 'population', '人口', 'natural_person', '', 'full', '1')
        """
    )
    await connection.execute(
        """
        INSERT INTO jishi.batch (
          source_id, status, file_name, landing, sha256, bytes,
          received, unchanged, inserted, updated, ended, quarantined, held, duplicate, reasons, notes, fault
        )
        VALUES
          (1, 'published', '欧阳明日.csv', '', '\\x01', 9, 3, 0, 2, 0, 0, 1, 0, 0,
           '{"ING-ROW-RAGGED": 1}', '[{"code": "ING-COLUMN-IGNORED", "name": "欧阳明日"}]', NULL),
          (1, 'refused', 'b', '', '\\x02', 9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '[]',
           '{"code": "ING-READ", "message": "欧阳明日", "line": 7, "byte": null}')
        """
    )


@pytest.mark.usefixtures("ledger")
async def test_stewards_read_the_ledger_without_any_value_in_it(steward: httpx.AsyncClient) -> None:
    answer = await steward.get("/stewardship/batches")
    refused, published = answer.json()["batches"]
    assert published["received"] == 3 and published["quarantined"] == 1
    assert published["reasons"] == {"ING-ROW-RAGGED": 1} and published["fault"] is None
    assert refused["fault"] == {"code": "ING-READ", "line": 7, "byte": None}
    assert "欧阳明日" not in answer.text
    report = (await steward.get(published["report"])).json()
    assert published.items() <= report.items() and report["rules"] == [] and report["why"] == []
    told = (await steward.get(refused["report"])).json()
    assert told["why"] == [{"code": "ING-READ", "message": None}]
    assert "欧阳明日" not in str(told)


@pytest.mark.usefixtures("ledger")
async def test_the_ledger_is_paged_from_the_newest_on(steward: httpx.AsyncClient) -> None:
    first = (await steward.get("/stewardship/batches?limit=1&source=population")).json()
    second = (await steward.get(first["links"][0]["href"])).json()
    assert first["batches"][0]["batch"] > second["batches"][0]["batch"] and second["links"] == []
    assert (await steward.get("/stewardship/batches?source=other")).json()["batches"] == []
    assert len((await steward.get("/stewardship/batches?status=refused")).json()["batches"]) == 1


async def test_only_stewards_read_the_ledger(caller: httpx.AsyncClient, anybody: httpx.AsyncClient) -> None:
    for path in ("/stewardship/batches", "/stewardship/batches/1"):
        answer = await caller.get(path)
        assert answer.status_code == 403 and answer.json()["code"] == "ACC-ROLE-MISSING"
        assert (await anybody.get(path)).status_code == 401


async def test_a_batch_that_never_was_is_not_found(steward: httpx.AsyncClient) -> None:
    for batch in ("1", "0", "-1", str(2**70)):
        assert (await steward.get(f"/stewardship/batches/{batch}")).status_code == 404
    for query in ("limit=0", "limit=x", "status=open", "before=0", f"before={2**70}", "source=%00"):
        answer = await steward.get(f"/stewardship/batches?{query}")
        assert answer.status_code == 400 and answer.json()["errors"], query
