"""The command's exit codes and languages, as a script sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jishi.cli import EXIT_CODES, main
from jishi.errors import Blame
from jishi.settings import Settings
from jishi.storage.tuning import configuration


def _run(settings: Settings, *arguments: str, language: str = "en_GB.UTF-8") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))}
    environment |= {"JISHI_STATE": str(settings.state_dir), "JISHI_DATABASE_URL": settings.database_url or ""}
    return subprocess.run(
        [sys.executable, "-m", "jishi.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment | {"LANG": language},
    )


def test_blame_becomes_an_exit_code() -> None:
    assert EXIT_CODES == {Blame.CALLER: 2, Blame.DATA: 4, Blame.OURS: 1}


def test_usage_is_exit_code_2() -> None:
    for arguments in ([], ["no-such-command"], ["db"], ["up", "--port", "x"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2


def test_an_existing_backup_is_the_callers_fault_in_his_language(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.touch()
    english = _run(settings, "db", "backup", str(path))
    assert (english.returncode, english.stdout) == (2, "")
    assert "exists and is not overwritten" in english.stderr
    chinese = _run(settings, "db", "backup", str(path), language="zh_CN.UTF-8")
    assert chinese.returncode == 2
    assert "不会覆盖" in chinese.stderr


def test_an_unreachable_database_is_our_fault_and_no_password_is_said(settings: Settings) -> None:
    lost = Settings(state=settings.state, database_url="postgresql://nobody:hidden@127.0.0.1:9/none")
    done = _run(lost, "db", "upgrade")
    assert done.returncode == 1
    assert "STO-CONNECT" in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JISHI_PORT", "eight")
    assert main(["db", "url"]) == 2


def test_the_url_of_a_role_is_alone_on_stdout(settings: Settings) -> None:
    done = _run(settings, "db", "url", "--role", "jishi_api")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("postgresql://")
    assert "role%3Djishi_api" in done.stdout


def test_memory_settings_follow_the_machine() -> None:
    large, small = configuration(memory=64 << 30), configuration(memory=2 << 30)
    assert "shared_buffers = '2048MB'" in large
    assert "work_mem = '64MB'" in large
    assert "shared_buffers = '256MB'" in small
    assert "maintenance_work_mem = '128MB'" in small
    for text in (large, small):
        assert "fsync = 'on'" in text
        assert "log_statement = 'none'" in text
    assert "fsync = 'off'" in configuration({"fsync": "off"})
