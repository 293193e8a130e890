"""``jishi dictionary export | import | status | history`` as an operator uses them; every act is on record."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from jishi.access import users
from jishi.cli import main
from jishi.storage.engine import connect

ACTS = "SELECT act, target, succeeded, code, detail ->> 'by' AS by FROM jishi.administrative_act ORDER BY act_id"


@pytest.fixture
def steward(loaded_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The login of a steward of a deployment that the commands find by their environment."""
    monkeypatch.setenv("JISHI_DATABASE_URL", loaded_database)
    monkeypatch.setenv("JISHI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("JISHI_HOME", str(tmp_path / "home"))
    asyncio.run(_add(loaded_database, "meilin"))
    return "meilin"


def test_a_status_is_changed_on_record_and_shows_in_history_and_export(
    steward: str, loaded_database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nodes.ttl"
    step = ["dictionary", "status", "0404", "--to", "deprecated"]
    assert main([*step, "--by", steward]) == 2
    assert main([*step, "--successor", "0403", "--by", "nobody"]) == 2
    assert main([*step, "--successor", "0403", "--by", steward, "--reason", "合并", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is True
    assert main(["dictionary", "history", "0404", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["versions"]
    assert [(item["author"], item["status"]) for item in told] == [(steward, "deprecated"), ("dictionary", "approved")]
    assert main(["dictionary", "export", "--scheme", "project-nodes", str(file)]) == 0
    assert "dct:isReplacedBy" in file.read_text(encoding="utf-8")
    assert main(["dictionary", "import", str(file), "--by", steward, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert main(["dictionary", "export", "--scheme", "nothing"]) == 2
    rows = asyncio.run(_fetch(loaded_database, ACTS))
    assert [tuple(row) for row in rows] == [
        ("dictionary.status", "0404", False, "DIC-STATUS", steward),
        ("dictionary.status", "0404", False, "DIC-BY", "nobody"),
        ("dictionary.status", "0404", True, None, steward),
        ("dictionary.import", "project-nodes", True, None, steward),
    ]


async def _add(url: str, login: str) -> None:
    connection = await connect(url)
    await users.create(connection, login, ["steward"])
    await connection.close()


async def _fetch(url: str, statement: str) -> list[Any]:
    connection = await connect(url)
    rows = await connection.fetch(statement)
    await connection.close()
    return list(rows)
