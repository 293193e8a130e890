"""What the documents say is true: every setting is documented, every command and path they name exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jishi.cli import main
from jishi.settings import City, Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "dictionaries" / "README.md", *ROOT.glob("deploy/*.md")]
)
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_of_the_environment_is_documented_with_its_default(name: str) -> None:
    row = _row(f"JISHI_{name.upper()}")
    default = Settings.model_fields[name].default
    assert default is None or row[1] == f"`{default}`"


@pytest.mark.parametrize("name", City.model_fields)
def test_every_member_of_the_city_file_is_documented_with_its_default(name: str) -> None:
    assert _row(name)[1] == f"`{_toml(City.model_fields[name].default)}`"


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = set(re.findall(r"`JISHI_([A-Z_]+)`", SETTINGS))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_city_file_of_the_document_is_a_valid_one() -> None:
    import tomllib

    fenced = re.search(r"```toml\n(.*?)```", SETTINGS, re.DOTALL)
    assert fenced
    assert City.model_validate(tomllib.loads(fenced[1])).name == "常德市"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_a_document_names_exists(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in sorted(set(_commands(document.read_text(encoding="utf-8")))):
        words, options = _split(line)
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        shown = capsys.readouterr()
        assert ended.value.code == 0, f"{line}: {shown.err}"
        assert [option for option in options if option not in shown.out] == [], line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|\$ )make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
    assert named - targets == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_a_document_names_exists(document: Path) -> None:
    """Paths in backquotes that begin with a folder of the checkout; with ``*`` or ``<`` they are patterns."""
    folders = "platform|ingest|api|tests|deploy|dictionaries|docs|benchmarks"
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", document.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def _row(name: str) -> list[str]:
    """The cells of the settings table's row of ``name``."""
    rows = [line for line in SETTINGS.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, name
    return [cell.strip() for cell in rows[0].strip("|").split(" | ")]


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str | date) else str(value)


def _commands(text: str) -> Iterator[str]:
    """What stands behind ``jishi`` in fenced lines (after a prompt or variables) and in backquotes."""
    for fence in re.findall(r"^```(?:sh|bash|console|)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in fence.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?jishi ([^#>|&]+)", line.strip())
            if found:
                yield found[1].strip()
    for found in re.finditer(r"`(?:\.venv/bin/)?jishi ([a-z][^`]*)`", text):
        yield found[1].replace("\n", " ").strip()


def _split(line: str) -> tuple[list[str], list[str]]:
    """The words a parser is led by (up to the first option or placeholder), and the options named."""
    tokens = shlex.split(line)
    words: list[str] = []
    for token in tokens:
        if not re.fullmatch(r"[a-z][a-z-]*", token):
            break
        words.append(token)
    return words, [token.split("=")[0] for token in tokens if re.match(r"--[a-z]", token)]
