"""How the house is laid out: source roots, module docstrings, sizes, names, and who may know whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = {"platform": "jishi", "ingest": "jishi_ingest", "api": "jishi_api"}
PACKAGES = [ROOT / root / package for root, package in SOURCE_ROOTS.items()]
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
SCRIPTS = sorted(path for folder in ("tests", "benchmarks", "deploy") for path in (ROOT / folder).rglob("*.*"))
LONGEST = 400


def test_a_source_root_is_no_package_and_holds_exactly_one() -> None:
    """With an ``__init__.py`` of its own ``platform/`` would stand before Python's own module of that name."""
    for root, package in SOURCE_ROOTS.items():
        assert not (ROOT / root / "__init__.py").exists()
        assert {path.name for path in (ROOT / root).iterdir() if not _generated(path)} == {package}


def test_python_still_finds_its_own_platform_module_from_the_root() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.python_version())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_package_stands_under_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in MODULES if path.parent.name != "versions"}  # migrations are read by path
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert [_shown(path) for path in silent] == []


def test_no_file_is_longer_than_400_lines() -> None:
    written = [*MODULES, *(path for path in SCRIPTS if path.suffix in {".py", ".sh"})]
    lengths = {_shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "base", "service", "factory", "misc"])
def test_no_module_is_called_by_an_empty_word(word: str) -> None:
    assert [_shown(path) for path in MODULES if word in (path.stem, path.parent.name)] == []


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-logo", "--cache-dir", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _generated(path: Path) -> bool:
    return path.name == "__pycache__" or path.suffix == ".egg-info"
