"""Every word of the console is there in Chinese and in English, and none stands outside the catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from jishi_api.console.catalogue import FOLDER, chinese

CONSOLE = FOLDER.parent
HAN = re.compile("[\u4e00-\u9fff]")
FIELDS = re.compile(r"%\((\w+)\)s")
OWN_NAMES = {"基石 Jishi", "中文", "English"}
"""What is called the same in every language."""

WHEREVER = {"words": None, "_": None, "say": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Each English text with a place it stands at."""
    found = {}
    options = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}}
    for file, line, text, _, _ in extract_from_dir(CONSOLE, METHODS, options, keywords=WHEREVER, comment_tags=()):
        for one in (text,) if isinstance(text, str) else text:
            found[one] = f"{file}:{line}"
    assert len(found) > 20
    return found


def test_every_text_has_a_chinese_translation(texts: dict[str, str]) -> None:
    known = chinese()
    absent = {text: place for text, place in texts.items() if not (told := known.get(text)) or not told.string}
    assert absent == {}


def test_every_translation_is_of_a_text_that_is_used(texts: dict[str, str]) -> None:
    assert [message.id for message in chinese() if message.id and message.id not in texts] == []


def test_translations_are_chinese_and_fill_in_the_same_fields(texts: dict[str, str]) -> None:
    for message in chinese():
        if not message.id:
            continue
        text = str(message.string)
        assert HAN.search(text) or text == message.id, f"{message.id!r} is not Chinese"
        assert set(FIELDS.findall(text)) == set(FIELDS.findall(str(message.id))), message.id
    assert [text for text in texts if HAN.search(text)] == [], "texts of code and templates are English"


@pytest.mark.parametrize("path", sorted((CONSOLE / "templates").glob("*.html")), ids=lambda path: path.name)
def test_a_template_says_nothing_outside_the_catalogues(path: Path) -> None:
    assert [text for text in bare(path.read_text(encoding="utf-8")) if text not in OWN_NAMES] == []


def bare(source: str) -> Iterator[str]:
    """Words a reader would see that stand in a template as they are."""
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    for expression in _EXPRESSION.findall(source):
        yield from (text for text in re.findall(r'"([^"]*)"', expression) if HAN.search(text))
    source = _EXPRESSION.sub("\0", source)
    yield from re.findall(r'(?:alt|title|placeholder|aria-label)="([^"\0]*[A-Za-z\u4e00-\u9fff][^"\0]*)"', source)
    for text in re.split(r"<[^>]*>|\0", source):
        if re.search(r"[A-Za-z\u4e00-\u9fff]{2}", text) and not re.match(r'\s*[a-z-]+="', text):
            yield text.strip()


_EXPRESSION = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
