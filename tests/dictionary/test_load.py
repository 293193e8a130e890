"""Loading the dictionary into the database: once, again, after a change, and not at all when a file is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from stdnum.cn import uscc

from jishi.dictionary.load import load_all, read_all
from jishi.errors import DeclarationError
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_loading_twice_changes_nothing_the_second_time(connection: Connection[Any], settings: Settings) -> None:
    first = await load_all(connection, settings)
    second = await load_all(connection, settings)
    assert first.changed and first.changes["code_value"].inserted > 8000
    assert not second.changed
    assert second.version == first.version
    assert await connection.fetchval("SELECT count(*) FROM jishi.dictionary_edition") == 1


async def test_a_row_that_left_the_files_is_ended_and_comes_back(
    connection: Connection[Any], settings: Settings
) -> None:
    city = _city_folder(settings)
    extra = city / "codes" / "division.csv"
    before = await load_all(connection, settings)
    extra.write_text("code,name,parent,level,kind\n320594,登记机关用码,320500,county,statistical\n", encoding="utf-8")
    added = await load_all(connection, settings)
    extra.unlink()
    removed = await load_all(connection, settings)
    assert (added.changes["code_value"].inserted, removed.changes["code_value"].ended) == (1, 1)
    assert removed.version == before.version != added.version
    row = await connection.fetchrow("SELECT * FROM jishi.code_value WHERE list = 'division' AND code = '320594'")
    assert row is not None
    assert row["removed_at"] is not None and row["valid_to"] is not None
    extra.write_text("code,name,parent,level,kind\n320594,登记机关用码,320500,county,statistical\n", encoding="utf-8")
    await load_all(connection, settings)
    row = await connection.fetchrow("SELECT * FROM jishi.code_value WHERE list = 'division' AND code = '320594'")
    assert row is not None
    assert row["removed_at"] is None and row["valid_to"] is None


async def test_an_alias_a_steward_added_survives_a_load(connection: Connection[Any], settings: Settings) -> None:
    await load_all(connection, settings)
    await connection.execute(
        "INSERT INTO jishi.concept_alias (scheme, code, alias, alias_normalised, negative, status, origin) "
        "VALUES ('project-nodes', '0101', '规划', '规划', false, 'approved', 'steward')"
    )
    assert not (await load_all(connection, settings)).changed
    assert await connection.fetchval("SELECT status FROM jishi.concept_alias WHERE origin = 'steward'") == "approved"


async def test_faults_of_lists_and_terms_are_told_together_and_nothing_is_loaded(
    connection: Connection[Any], settings: Settings
) -> None:
    city = _city_folder(settings)
    (city / "codes" / "sex.csv").write_text("code,name\n3,第三\n", encoding="utf-8")
    (city / "terms" / "broken.toml").write_text("id = ", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        await load_all(connection, settings)
    assert {fault.code for fault in caught.value.faults} == {"DIC-NOT-EXTENSIBLE", "DIC-UNREADABLE"}
    assert await connection.fetchval("SELECT count(*) FROM jishi.code_list") == 0


def test_every_sample_department_has_a_valid_code(settings: Settings) -> None:
    departments = read_all(settings).departments
    assert len(departments) >= 11
    assert all(department.uscc.startswith("11320500") for department in departments)
    assert all(uscc.calc_check_digit(department.uscc[:-1]) == department.uscc[-1] for department in departments)


def _city_folder(settings: Settings) -> Path:
    folder = settings.home_dir / "dictionaries"
    for name in ("codes", "terms"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return folder
