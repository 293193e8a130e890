from __future__ import annotations

import json
from pathlib import Path

import pytest

from jishi.errors import JishiError
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality.quarantine import row_context
from jishi.quality.raw_row import RawRow, is_open, open_row, shape, under_masks
from jishi.registers.catalog import register_of

PERSON = register_of("natural_person")
COLUMNS = {"姓名": ("full_name",), "公民身份号码": ("id_number", "birth_date"), "性别": ("sex_code",)}


def test_a_row_opens_as_it_was_delivered_and_as_no_other(tmp_path: Path) -> None:
    keys = load_or_create(tmp_path / "keys.json")
    kept = {"姓名": "甄真", "备注": None, "row_number": 7, "row_fault": "ragged", "row_surplus": '["x"]'}
    sealed = seal_bytes(json.dumps(kept).encode(), keys, "aes", context=row_context(3, 7))
    assert open_row(keys, 3, 7, sealed) == RawRow({"姓名": "甄真", "备注": None}, '["x"]', "ragged")
    with pytest.raises((JishiError, ValueError)):
        open_row(keys, 3, 8, sealed)


def test_under_masks_no_personal_cell_keeps_a_character() -> None:
    cells = {"姓名": "110105194912310021", "公民身份号码": "甄真", "性别": "女", "备注": "a1", "空": None}
    told = under_masks(RawRow(cells, '["甄真"]'), PERSON, COLUMNS)
    assert told.cells == {
        "姓名": "9" * 18,
        "公民身份号码": "字字",
        "性别": "字",
        "备注": "A9",
        "空": None,
    }
    assert told.surplus == '["字字"]'


def test_columns_of_elements_that_are_not_personal_are_told_as_they_are() -> None:
    entity = register_of("legal_entity")
    assert is_open(entity, ("uscc",)) and not is_open(entity, ()) and not is_open(PERSON, ("full_name",))
    row = RawRow({"统一社会信用代码": "9132O500MA1X", "备注": "x"}, None)
    assert under_masks(row, entity, {"统一社会信用代码": ("uscc",)}).cells == {
        "统一社会信用代码": "9132O500MA1X",
        "备注": "A",
    }


def test_a_shape_tells_kinds_of_characters_only() -> None:
    assert shape("\uff21\uff19\u2460\u00fc-·\ufffd\n") == "A99A-·\ufffd\n"
