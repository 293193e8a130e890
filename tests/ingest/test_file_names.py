"""What is named as a file and is none is the caller's fault, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from jishi.cli import main
from jishi.settings import Settings


def test_a_folder_named_as_a_file_is_the_callers_fault(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JISHI_STATE", str(settings.state_dir))
    monkeypatch.setenv("JISHI_HOME", str(settings.home_dir))
    monkeypatch.setenv("JISHI_DATABASE_URL", str(settings.database_url))
    folder = tmp_path / "清单.csv"
    folder.mkdir()
    assert main(["ingest", "run", "places", "--file", str(folder)]) == 2
    told = capsys.readouterr()
    assert "ING-FILE-MISSING" in told.err and "Traceback" not in told.err
