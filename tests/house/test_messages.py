"""Every sentence a person may read stands in both languages, and both say the same things."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from jishi.messages import catalogue

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[A-Z]{3,4}(-[A-Z][A-Z0-9_]*)+")
PREFIX = re.compile(r"[A-Z]{3,4}(-[A-Z][A-Z0-9_]*)*-")


def test_every_code_used_in_the_sources_has_a_message() -> None:
    absent = {code: place for code, place in _literals(CODE) if code not in catalogue()}
    assert absent == {}


def test_every_code_made_from_parts_has_messages_of_its_beginning() -> None:
    """``f"RUN-HELP-DB-{name}"``: the parts are known only at run time, the family is known here."""
    absent = {
        prefix: place for prefix, place in _literals(PREFIX) if not any(code.startswith(prefix) for code in catalogue())
    }
    assert absent == {}


def test_every_message_has_both_languages_and_no_other() -> None:
    assert [code for code, texts in catalogue().items() if set(texts) != {"zh", "en"} or not all(texts.values())] == []


def test_both_languages_of_a_message_have_the_same_fields() -> None:
    differing = {
        code: (_fields(texts["zh"]), _fields(texts["en"]))
        for code, texts in catalogue().items()
        if _fields(texts["zh"]) != _fields(texts["en"])
    }
    assert differing == {}


def test_a_chinese_message_is_chinese_and_an_english_one_is_not() -> None:
    han = re.compile("[\u4e00-\u9fff]")
    assert [code for code, texts in catalogue().items() if not han.search(texts["zh"])] == []
    # quoted Chinese (a register's own word) is welcome in an English sentence, a Chinese sentence is not
    assert [code for code, texts in catalogue().items() if len(han.findall(texts["en"])) > 12] == []


def _literals(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for root in ("platform", "ingest", "api"):
        for path in sorted((ROOT / root).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value):
                    yield node.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}
