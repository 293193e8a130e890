"""The resolver's words: a city adds its own, every fault is told at once, and indexes are kept only as long as they serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from jishi.dictionary.resolver import keep
from jishi.dictionary.resolver.index import Rows
from jishi.dictionary.resolver.wording import Reader
from jishi.dictionary.resolver.words import Words, load_words
from jishi.errors import DeclarationError
from jishi.settings import Settings

SHIPPED = Settings().dictionaries_dir / "resolver"


def test_a_city_adds_spellings_to_words_that_ship_and_new_words(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('[acts]\n"评审" = ["过会"]\n[foreign]\nwords = ["划龙舟"]\n', encoding="utf-8")
    (tmp_path / "wordings.toml").write_text('[project-nodes]\n"0207" = ["上会过堂"]\n', encoding="utf-8")
    words = load_words(SHIPPED, tmp_path)
    assert {"审查", "过会"} <= set(words.acts["评审"])
    assert {"技术论证", "上会过堂"} <= set(words.wordings["project-nodes"]["0207"])
    reader = Reader(words)
    assert reader.read("概算过会").weights == reader.read("概算评审").weights
    assert reader.read("划龙舟预算").foreign and not Reader(load_words(SHIPPED)).read("划龙舟预算").foreign


def test_a_citys_curve_takes_the_place_of_the_one_that_ships(tmp_path: Path) -> None:
    (tmp_path / "calibration.toml").write_text("[concepts]\nmatch = 0.99\n", encoding="utf-8")
    assert load_words(SHIPPED, tmp_path).calibration.concepts.match == 0.99
    assert load_words(SHIPPED, tmp_path / "none").calibration == load_words(SHIPPED).calibration


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text(
        '[acts]\n"评审" = ["审查"]\n[compounds]\n"财评" = ["财政", "评审"]\n[broad]\nwords = ["没有"]\n',
        encoding="utf-8",
    )
    (tmp_path / "calibration.toml").write_text("[concepts]\nmatch = 7\n", encoding="utf-8")
    (tmp_path / "wordings.toml").write_text('[project-nodes]\n"0207" = "上会"\n', encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        load_words(tmp_path)
    told = " ".join(fault.text("en") for fault in raised.value.faults)
    assert raised.value.code == "DIC-WORDS"
    assert {fault.code for fault in raised.value.faults} == {"DIC-WORD-UNKNOWN", "DIC-HEAD"}
    for part in ("财政", "没有", "match", "0207"):
        assert part in told


def test_a_member_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text("[verbs]\nwords = []\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match="DIC-WORDS"):
        load_words(tmp_path)


def test_what_a_database_said_before_is_dropped_and_other_databases_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "_held", type(keep._held)())
    words = Words()
    for mark in ("one-1-1-1:1-1:1-0", "two-2-1-1:1-1:1-0", "one-1-2-1:9-1:1-0"):
        keep.judge_of((mark, "project-nodes"), _rows(10), words)
    assert [key[0] for key in keep._held] == ["two-2-1-1:1-1:1-0", "one-1-2-1:9-1:1-0"]


def test_the_index_asked_longest_ago_goes_first_when_too_much_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "_held", type(keep._held)())
    monkeypatch.setattr(keep, "SPELLINGS_LIMIT", 50)
    words = Words()
    keys = [(f"base{number}-1-1-1:1-1:1-0", "list") for number in range(3)]
    for key in (keys[0], keys[1], keys[0], keys[2]):
        keep.judge_of(key, _rows(10), words)
    assert list(keep._held) == [keys[0], keys[2]]
    keep.judge_of(("large-1-1-1:1-1:1-0", "list"), _rows(100), words)
    assert [key[0] for key in keep._held] == ["large-1-1-1:1-1:1-0"]
    assert keep.kept(keys[0], words) is None and keep.kept(("large-1-1-1:1-1:1-0", "list"), Words()) is None


def _rows(count: int) -> Rows:
    head = {"scheme": "list", "alternatives": (), "valid_from": None, "valid_to": None}
    return Rows(values=[{**head, "code": str(place), "name": f"第{place}号名称"} for place in range(count)])
