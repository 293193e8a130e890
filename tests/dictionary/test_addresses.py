"""The dictionary of addresses: what ships is right, a city adds to it, and every fault is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from jishi.dictionary.addresses import ENDED_PARTS, load_address_words
from jishi.dictionary.codes import load_lists
from jishi.errors import DeclarationError

SHIPPED = Path(__file__).resolve().parents[2] / "dictionaries"


def test_what_ships_names_divisions_of_today() -> None:
    words = load_address_words(SHIPPED / "address")
    rows = load_lists(SHIPPED / "codes")["division"].rows
    living = {row.code for row in rows if row.valid_to is None}
    assert {alias.code for alias in words.aliases} - living == set()
    assert {town.county for town in words.former_towns} - living == set()
    assert [part for part, endings in words.endings if not endings] == []
    assert tuple(part for part, _ in words.endings) == ENDED_PARTS


def test_no_alias_stands_twice_under_one_prefix() -> None:
    named = [(alias.name, alias.within) for alias in load_address_words(SHIPPED / "address").aliases]
    assert len(named) == len(set(named))


def test_a_city_adds_names_and_endings(tmp_path: Path) -> None:
    (tmp_path / "aliases.csv").write_text("alias,code,within\n桥头,430702,4307\n", encoding="utf-8")
    (tmp_path / "words.toml").write_text('[endings]\nroad = ["冲"]\n', encoding="utf-8")
    shipped, words = load_address_words(SHIPPED / "address"), load_address_words(SHIPPED / "address", tmp_path)
    assert [alias.name for alias in words.aliases if alias not in shipped.aliases] == ["桥头"]
    assert set(dict(words.endings)["road"]) - set(dict(shipped.endings)["road"]) == {"冲"}
    assert words.version() != shipped.version()


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "aliases.csv").write_text("alias,code,within\n,320509,\n吴江,3205,\n园区,320576,5\n", encoding="utf-8")
    (tmp_path / "former-towns.csv").write_text("name,county,note\n芦墟镇,吴江,\n", encoding="utf-8")
    (tmp_path / "words.toml").write_text('[endings]\nriver = ["江"]\nroad = "路"\n', encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_address_words(tmp_path)
    assert caught.value.code == "DIC-ADDRESSES"
    assert [(fault.name, fault.code) for fault in caught.value.faults] == [
        ("aliases.csv:2", "DIC-NAME-EMPTY"),
        ("aliases.csv:3", "DIC-DIVISION-CODE"),
        ("aliases.csv:4", "DIC-DIVISION-CODE"),
        ("former-towns.csv:2", "DIC-DIVISION-CODE"),
        ("words.toml", "DIC-ENDINGS"),
        ("words.toml", "DIC-ENDINGS"),
    ]
    assert all("{" not in fault.text() + fault.text("en") for fault in caught.value.faults)
