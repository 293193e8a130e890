"""The handbook is complete in both forms, and nothing of the city's own files becomes markup in it."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path

import pytest

from jishi.cli import main
from jishi.delivery.document import Document, Heading, Link, Paragraph, Table, to_html, to_markdown
from jishi.delivery.handbook import LONG, handbook
from jishi.delivery.words import KINDS, MASKS, SENSITIVITIES, SEVERITIES
from jishi.dictionary.load import Dictionary, read_all
from jishi.quality.report import rule_text
from jishi.registers.catalog import registers
from jishi.registers.element import Kind, Mask, Sensitivity, Severity
from jishi.settings import Settings


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return read_all(Settings())


@pytest.fixture(scope="module")
def document(dictionary: Dictionary) -> Document:
    return handbook(registers().values(), dictionary)


def cells(document: Document) -> set[str]:
    return {
        cell if isinstance(cell, str) else cell.text
        for block in document.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
    }


def test_the_handbook_names_every_element_with_both_titles_and_its_standard(document: Document) -> None:
    found = cells(document)
    for register in registers().values():
        for name, element in register.elements.items():
            assert {name, element.title, element.title_en} <= found
            assert element.standard in found or element.standard == "P"


def test_the_handbook_names_every_rule_with_its_texts(document: Document) -> None:
    found = cells(document)
    for register in registers().values():
        for rule in register.rules:
            assert {rule.id, rule_text(rule, "zh-CN"), rule_text(rule, "en")} <= found


def test_the_handbook_holds_every_code_list_and_the_rows_of_those_that_are_not_long(
    document: Document, dictionary: Dictionary
) -> None:
    found, anchors = cells(document), {heading.anchor for heading in document.headings(4)}
    for entry in dictionary.lists.values():
        assert f"list-{entry.id}" in anchors
        if len(entry.rows) <= LONG:
            assert {row.code for row in entry.rows} | {row.name for row in entry.rows} <= found


def test_the_handbook_names_every_project_node(document: Document, dictionary: Dictionary) -> None:
    found = cells(document)
    for scheme in dictionary.schemes.values():
        assert {concept.code for concept in scheme.concepts} | {concept.name for concept in scheme.concepts} <= found


def test_every_value_of_a_closed_set_has_a_word() -> None:
    assert set(KINDS) == set(Kind)
    assert set(MASKS) == set(Mask)
    assert set(SENSITIVITIES) == set(Sensitivity)
    assert set(SEVERITIES) == set(Severity)


def test_every_link_leads_to_a_heading_and_every_row_fits_its_table(document: Document) -> None:
    anchors = [block.anchor for block in document.blocks if isinstance(block, Heading)]
    assert len(anchors) == len(set(anchors))
    for block in document.blocks:
        if isinstance(block, Table):
            assert {len(row) for row in block.rows} <= {len(block.header)}
            assert {cell.anchor for row in block.rows for cell in row if isinstance(cell, Link)} <= set(anchors)


def test_the_page_is_one_file_that_loads_nothing(document: Document) -> None:
    page = to_html(document)
    assert page.startswith("<!DOCTYPE html>") and '<html lang="zh-CN">' in page and "@media print" in page
    assert "<script" not in page and "<link" not in page and "src=" not in page and "http" not in page
    for text in cells(document):
        assert html.escape(text) in page


def test_the_same_declarations_give_the_same_pages(document: Document, dictionary: Dictionary) -> None:
    again = handbook(registers().values(), replace(dictionary))
    assert (to_html(again), to_markdown(again)) == (to_html(document), to_markdown(document))


def test_a_title_of_the_citys_own_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script> [x](javascript:y) | `a` *b* &amp;"
    one = Document(evil, (Heading(2, evil, "a"), Paragraph(evil), Table((evil,), ((evil,), (Link(evil, "a"),)))))
    assert "<script>" not in to_html(one)
    text = to_markdown(one)
    assert "<script>" not in text and "[x](" not in text and "&amp;amp;" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 2 for line in rows) and len(rows) == 4


def test_the_command_writes_both_forms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "handbook.html"
    assert main(["dictionary", "handbook", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(["dictionary", "handbook", "--format", "md"]) == 0
    assert capsys.readouterr().out.startswith("# 数据字典")


def test_a_file_that_cannot_be_written_is_the_callers_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dictionary", "handbook", "--out", str(tmp_path / "absent" / "x.html")]) == 2
    assert "DIC-HANDBOOK-FILE" in capsys.readouterr().err
