"""The loader of code lists gathers every fault of all files, then refuses; a city's overlay adds and replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from jishi.dictionary.codes import load_lists
from jishi.dictionary.concepts import load_terms
from jishi.dictionary.departments import load_departments
from jishi.errors import DeclarationError

HEAD = """
[{name}]
title = "表"
title_en = "list"
standard = ""
edition = ""
source = "test"
complete = true
extensible = {extensible}
checked = 2026-11-21
"""


def write_list(folder: Path, name: str, rows: str, *, extensible: str = "true", head: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    if head:
        with (folder / "lists.toml").open("a", encoding="utf-8") as file:
            file.write(HEAD.format(name=name, extensible=extensible))
    (folder / f"{name}.csv").write_text(rows, encoding="utf-8")


def codes_of(folder: Path, overlay: Path | None = None) -> dict[str, str]:
    """Fault code by place (the last one there)."""
    with pytest.raises(DeclarationError) as caught:
        load_lists(folder, overlay)
    assert caught.value.code == "DIC-LISTS"
    assert all(fault.text("en") != fault.code and "{" not in fault.text() for fault in caught.value.faults)
    return {fault.name: fault.code for fault in caught.value.faults}


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    write_list(tmp_path, "columns", "code,name,colour\n1,one,red\n")
    write_list(
        tmp_path,
        "rows",
        "code,name,parent,valid_from,valid_to,alternatives\n"
        "1,one,,,,uno\n"
        "1,ein,,,,\n"  # the same time
        "2,,,,,\n"
        "3,three,9,,,\n"
        "4,four,,tomorrow,,\n"
        "5,five,,2020-01-01,2019-01-01,\n"
        "6,six,,,,UNO\n"
        "7,seven\n",
    )
    write_list(tmp_path, "headless", "code,name\n1,one\n", head=False)
    with (tmp_path / "lists.toml").open("a", encoding="utf-8") as file:
        file.write(HEAD.format(name="fileless", extensible="true") + 'colour = "red"\n')
    write_list(tmp_path, "bytes", "")
    (tmp_path / "bytes.csv").write_bytes("code,name\n1,男\n".encode("gb18030"))
    found = codes_of(tmp_path)
    assert found == {
        "columns.csv": "DIC-COLUMN",
        "rows.csv:3": "DIC-CODE-TWICE",
        "rows.csv:4": "DIC-NAME-EMPTY",
        "rows.csv": "DIC-ALTERNATIVE",
        "rows.csv:6": "DIC-DATE",
        "rows.csv:7": "DIC-PERIOD",
        "rows.csv:9": "DIC-RAGGED",
        "headless.csv": "DIC-HEAD-ABSENT",
        "lists.toml: fileless": "DIC-HEAD",
        "bytes.csv": "DIC-ENCODING",
    }


def test_a_parent_that_does_not_exist_is_a_fault(tmp_path: Path) -> None:
    write_list(tmp_path, "tree", "code,name,parent\n1,one,\n11,eleven,1\n21,twenty-one,2\n")
    assert codes_of(tmp_path) == {"tree.csv": "DIC-PARENT"}


def test_a_head_without_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "lists.toml").write_text(HEAD.format(name="gone", extensible="true"), encoding="utf-8")
    assert codes_of(tmp_path) == {"lists.toml: gone": "DIC-LIST-ABSENT"}


def test_one_code_may_have_several_names_one_after_the_other(tmp_path: Path) -> None:
    rows = "code,name,valid_from,valid_to\n1,old,,2000-01-01\n1,new,2000-01-01,\n"
    write_list(tmp_path, "names", rows)
    assert load_lists(tmp_path)["names"].names == {"1": "new"}


def test_the_overlay_adds_to_a_list_and_replaces_one(tmp_path: Path) -> None:
    shipped, city = tmp_path / "shipped", tmp_path / "city"
    write_list(shipped, "open", "code,name\n1,one\n2,two\n")
    write_list(shipped, "closed", "code,name\n1,one\n", extensible="false")
    write_list(city, "open", "code,name\n2,zwei\n3,three\n", head=False)
    write_list(city, "closed", "code,name\nA,other\n")
    lists = load_lists(shipped, city)
    assert dict(lists["open"].names) == {"1": "one", "2": "zwei", "3": "three"}
    assert dict(lists["closed"].names) == {"A": "other"}


def test_the_overlay_does_not_add_to_a_list_of_a_standard(tmp_path: Path) -> None:
    write_list(tmp_path / "shipped", "closed", "code,name\n1,one\n", extensible="false")
    write_list(tmp_path / "city", "closed", "code,name\n2,two\n", head=False)
    assert codes_of(tmp_path / "shipped", tmp_path / "city") == {"closed.csv": "DIC-NOT-EXTENSIBLE"}


def test_faulty_concepts_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(
        'id = "s"\ntitle = "表"\ntitle_en = "s"\n'
        '[[concept]]\ncode = "1"\nname = "立项"\npredecessors = ["7"]\n'
        'aliases = [{ name = "申报" }, { name = " 申报 " }]\n'
        '[[concept]]\ncode = "2"\nname = "立 项"\ncolour = "red"\n'
        '[[concept]]\ncode = "3"\nname = "立 项"\n',
        encoding="utf-8",
    )
    with pytest.raises(DeclarationError) as caught:
        load_terms(tmp_path)
    assert sorted(fault.code for fault in caught.value.faults) == [
        "DIC-ALIAS-TWICE",
        "DIC-ALIAS-TWICE",
        "DIC-HEAD",
        "DIC-NAME-TWICE",
        "DIC-PREDECESSOR",
    ]


def test_the_city_adds_aliases_to_a_shipped_concept(tmp_path: Path) -> None:
    for folder, alias in (("shipped", "申报"), ("city", "报项目")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.toml").write_text(
            'id = "s"\ntitle = "表"\ntitle_en = "s"\n[[concept]]\ncode = "1"\nname = "立项"\n'
            f'aliases = [{{ name = "{alias}" }}]\n',
            encoding="utf-8",
        )
    [concept] = load_terms(tmp_path / "shipped", tmp_path / "city")["s"].concepts
    assert [alias.name for alias in concept.aliases] == ["申报", "报项目"]


def test_departments_need_a_code_and_a_name(tmp_path: Path) -> None:
    file = tmp_path / "departments.csv"
    file.write_text("uscc,name,short_name\n1132050000000001IO,市公安局,\n,,\n", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_departments(file)
    assert [fault.code for fault in caught.value.faults] == ["DIC-USCC", "DIC-USCC", "DIC-NAME-EMPTY"]
