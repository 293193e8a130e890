from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from disclosed import disclosure
from jishi.access import export, sealer
from jishi.access.disclosure_log import DisclosureLog
from jishi.cli import main
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection


@pytest.fixture
def here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command is run in this deployment, in English."""
    monkeypatch.setenv("JISHI_STATE", str(settings.state))
    monkeypatch.setenv("JISHI_HOME", str(settings.home))
    monkeypatch.setenv("JISHI_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    return settings


async def test_an_export_is_itself_disclosed_sealed_and_whole(
    here: Settings, log: DisclosureLog, connection: Connection[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await log.write(disclosure(1))
    path = tmp_path / "log.ndjson.gz"
    assert main(["audit", "export", str(path)]) == 0
    row = await connection.fetchrow("SELECT * FROM jishi.disclosure WHERE act = 'audit-export'")
    assert (row["channel"], row["caller_kind"], row["subjects"]) == ("command", "operator", [])
    assert main(["audit", "verify", "--file", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["whole"] and told["rows"] == 2 and told["unsealed"] == 0 and len(told["keys"]) == 1


async def test_verify_names_the_first_bad_row_and_ends_with_one(
    here: Settings, log: DisclosureLog, connection: Connection[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 5):
        await log.write(disclosure(number))
    path = tmp_path / "log.ndjson"
    assert main(["audit", "verify"]) == 0
    await connection.execute("UPDATE jishi.disclosure SET misses = 7 WHERE number = 3")
    assert main(["audit", "export", str(path)]) == 0
    capsys.readouterr()
    for arguments in (["--file", str(path)], []):
        assert main(["audit", "verify", *arguments]) == 1
        told = capsys.readouterr().err
        assert f"changed: writer {log.writer}, number 3 to 3" in told
    at = await connection.fetchval("SELECT disclosed_at FROM jishi.disclosure WHERE number = 3")
    assert at.strftime("%Y-%m-%dT%H:%M:%S.%fZ") in told


async def test_keys_and_seals_kept_elsewhere_are_believed_instead_of_the_files_own(
    here: Settings, log: DisclosureLog, connection: Connection[Any], tmp_path: Path
) -> None:
    await log.write(disclosure(1))
    path, elsewhere = tmp_path / "log.ndjson", tmp_path / "seals"
    async with sealer.sealing(here) as place:
        assert place is not None
        await place.seal_now()
    sealer.folder_of(here).rename(elsewhere)
    await connection.execute("DELETE FROM jishi.disclosure; DELETE FROM jishi.disclosure_seal")
    assert main(["audit", "export", str(path)]) == 0
    assert main(["audit", "verify", "--file", str(path)]) == 0  # the files were taken away too
    assert main(["audit", "verify", "--file", str(path), "--seals", str(elsewhere)]) == 1
    keys = tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    assert main(["audit", "verify", "--file", str(path), "--keys", str(keys)]) == 1


async def test_who_tells_operators_everything_and_is_disclosed(
    here: Settings, log: DisclosureLog, connection: Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    await log.write(disclosure(1, 2, act="search", case_no="A-1"))
    await log.write(disclosure(2))
    uid = str(UUID(int=1))
    assert main(["audit", "who", "natural-persons", uid, "--json"]) == 0
    (look,) = json.loads(capsys.readouterr().out)["disclosures"]
    assert look["seen"] == "hit" and look["case_no"] == "A-1" and look["caller"] == "c-1" and look["clear"] == ["name"]
    row = await connection.fetchrow("SELECT * FROM jishi.disclosure WHERE act = 'access-log'")
    assert row["subjects"] == [UUID(int=1)] and row["register"] == 1 and row["caller_kind"] == "operator"
    assert main(["audit", "who", "natural-persons", uid]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2  # the first look too
    assert main(["audit", "who", "natural-persons", uid, "--since", "2100-01-01T00:00:00Z", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"disclosures": []}
    assert main(["audit", "who", "nothing", uid]) == 2


def test_a_file_that_is_no_export_is_refused_whole(tmp_path: Path) -> None:
    for content in (b"", b"{}\n", b'{"log": {"form": "x"}}\n', b"\x00\xff", os.urandom(99), b"[1]\n"):
        path = tmp_path / "log.ndjson"
        path.write_bytes(content)
        expected = 1 if content == b"" else 4
        assert main(["audit", "verify", "--file", str(path)]) == expected, content
    assert main(["audit", "verify", "--file", str(tmp_path / "absent")]) == 2


async def test_an_export_that_cannot_be_written_leaves_nothing(
    here: Settings, connection: Connection[Any], tmp_path: Path
) -> None:
    assert main(["audit", "export", str(tmp_path / "no" / "log.ndjson")]) == 2
    with pytest.raises(Exception, match="No such file"):
        await export.write_export(connection, tmp_path, tmp_path / "no" / "log", None)
    assert sorted(os.listdir(tmp_path)) == ["home", "state"]  # noqa: PTH208
