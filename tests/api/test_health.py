from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from jishi.settings import Settings
from jishi_api.main import create_app

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_ready_once_the_dictionaries_are_loaded(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/health/ready")
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}


async def test_not_ready_without_dictionaries(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/health/ready")
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert [fault["code"] for fault in answer.json()["errors"]] == ["QRY-READY-DICTIONARIES"]
    assert (await anybody.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    "fault", ["UPDATE jishi.alembic_version SET version_num = '0000'", "DROP TABLE jishi.alembic_version"]
)
async def test_not_ready_on_tables_of_another_version(
    anybody: httpx.AsyncClient, connection: Connection[Any], fault: str
) -> None:
    await connection.execute(fault)
    answer = await anybody.get("/health/ready")
    assert [fault["code"] for fault in answer.json()["errors"]] == ["QRY-READY-MIGRATIONS"]


async def test_without_a_database_alive_but_not_ready(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, home=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test") as client:
            assert (await client.get("/health/live")).status_code == 200
            answer = await client.get("/health/ready")
            assert [fault["code"] for fault in answer.json()["errors"]] == ["QRY-READY-DATABASE"]
            answer = await client.get("/collections/places/items", headers={"X-API-Key": "x"})
            assert answer.status_code == 503 and answer.json()["code"] == "ACC-REVOCATION-UNHEARD"
            assert "127.0.0.1" not in answer.text


async def test_freshness_tells_each_source_and_its_last_delivery(
    anybody: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    await connection.execute(
        """
        INSERT INTO jishi.source (source_id, name, title, register, department, mode, version)
        VALUES
          (1, 'places', '地点', 'place', '113205000141498861', 'delta', '1'),
          (2, 'silent', '', 'place', '', 'full', '1')
        """
    )
    await connection.execute(
        """
        INSERT INTO jishi.batch (source_id, status, file_name, landing, sha256, bytes, finished_at)
        VALUES (1, 'published', 'a', '', '', 1, now() - interval '2 hours'), (1, 'refused', 'b', '', '', 1, now())
        """
    )
    places, silent = (await anybody.get("/health/data")).json()["sources"]
    assert places["source"] == "places" and places["register"] == "place"
    assert 7200 <= places["age_s"] < 7300 and places["latest_status"] == "refused"
    assert silent["age_s"] is None and silent["latest_batch"] is None
