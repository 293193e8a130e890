"""A backup brings back what was there, overwrites nothing, and is restored whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.errors import CallerError, InternalError
from jishi.storage.backup import backup, restore


async def test_a_restore_brings_back_the_state_of_the_backup(
    connection: asyncpg.Connection[Any], database: str, tmp_path: Path
) -> None:
    path = tmp_path / "kept.dump"
    await connection.execute("CREATE TABLE jishi.thing AS SELECT 1 AS n")
    assert backup(database, path) == path.stat().st_size > 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await connection.execute("UPDATE jishi.thing SET n = 2; CREATE TABLE jishi.later (n int)")
    restore(database, path)
    assert await connection.fetchval("SELECT n FROM jishi.thing") == 1
    assert await connection.fetchval("SELECT to_regclass('jishi.later')") is None


async def test_a_backup_overwrites_nothing(database: str, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("precious")
    with pytest.raises(CallerError, match="STO-BACKUP-EXISTS"):
        backup(database, path)
    assert path.read_text() == "precious"


async def test_a_backup_that_fails_leaves_no_file(server_gone: str, tmp_path: Path) -> None:
    with pytest.raises(InternalError, match="STO-BACKUP"):
        backup(server_gone, tmp_path / "none")
    assert not (tmp_path / "none").exists()


async def test_a_damaged_backup_changes_nothing(
    connection: asyncpg.Connection[Any], database: str, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    await connection.execute("CREATE TABLE jishi.thing AS SELECT n FROM generate_series(1, 50000) AS n")
    backup(database, whole)
    broken.write_bytes(whole.read_bytes()[:-20_000])
    await connection.execute("DELETE FROM jishi.thing WHERE n > 10")
    with pytest.raises(InternalError, match="STO-BACKUP"):
        restore(database, broken)
    assert await connection.fetchval("SELECT count(*) FROM jishi.thing") == 10


@pytest.fixture
def server_gone() -> str:
    return "postgresql://nobody:secret@127.0.0.1:9/none"
