"""What lies in a source's inbox is taken once; an empty inbox is no failure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.cli import main
from jishi.settings import Settings
from jishi_ingest.road import Road
from jishi_ingest.run import collect, handlers, source_of


async def _silent(progress: Mapping[str, Any]) -> None:
    pass


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def inbox(settings: Settings) -> Path:
    folder = settings.home_dir / "inbox" / "population"
    folder.mkdir(parents=True)
    return folder


async def test_waiting_files_are_taken_oldest_first_and_moved_aside_under_their_batch(
    settings: Settings, connection: asyncpg.Connection[Any], inbox: Path
) -> None:
    for age, name in ((20, "newer.csv"), (40, "older.csv"), (60, ".half-written.csv")):
        (inbox / name).write_text(f"rec_id,来源\n{age},x\n", encoding="utf-8")
        os.utime(inbox / name, (1_700_000_000 - age, 1_700_000_000 - age))
    road = Road.open(settings)
    batches = await collect(road, source_of(road, "population"))
    rows = await connection.fetch("SELECT batch_id, file_name, status FROM jishi.batch ORDER BY batch_id")
    assert [tuple(row) for row in rows] == [
        (batches[0], "older.csv", "landed"),
        (batches[1], "newer.csv", "landed"),
    ]
    assert _names(inbox) == {".half-written.csv", "taken"}
    assert _names(inbox / "taken") == {f"{batches[0]}-older.csv", f"{batches[1]}-newer.csv"}
    assert await connection.fetchval("SELECT count(*) FROM jishi.job WHERE kind = 'ingest' AND status = 'queued'") == 2
    assert await collect(road, source_of(road, "population")) == []


@pytest.mark.parametrize("source", ["population", "places"])
async def test_a_scheduled_fetch_that_finds_nothing_is_done_and_not_failed(settings: Settings, source: str) -> None:
    """With and without an inbox folder, and for a source to which files are handed over."""
    assert await handlers(Road.open(settings))["fetch"]({"source": source}, _silent) == {"batches": []}


def test_a_run_by_hand_that_finds_nothing_is_told_so(
    settings: Settings, inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JISHI_STATE", str(settings.state_dir))
    monkeypatch.setenv("JISHI_HOME", str(settings.home_dir))
    monkeypatch.setenv("JISHI_DATABASE_URL", str(settings.database_url))
    assert main(["ingest", "run", "population"]) == 2
    assert "ING-NOTHING-WAITING" in capsys.readouterr().err
