"""Identity numbers stand nowhere in clear: not in a dump, not in a file of the state folder, not in the server's files."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jishi.prepare import migrate
from jishi.settings import Settings
from jishi.storage import cluster, engine
from jishi.storage.programs import find_programs
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

#: No division ever had it, so whoever finds it in a file has found one of the numbers below.
DIVISION = "329997"
SURNAME = "龘"
SOURCE = """
id = "secret"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "natural_person"
rank = 10
key = ["证件"]
mode = "full"
absence = "end"

[thresholds]
max_failure_share = 1.0
max_endings_share = 1.0
volume_band = 9.0

[map]
full_name = { from = "姓名", as = "person_name" }
id_number = { from = "证件" }
birth_date = { from = "出生" }
other_id_type_code = { from = "另类型" }
other_id_number = { from = "另证件" }
hukou_address = { from = "地址" }
"""
HOLDERS = """
id = "holders"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = 10
key = ["编号"]
mode = "delta"

[map]
entity_name = { from = "名称" }
uscc = { from = "代码", as = "uscc" }
legal_rep_name = { from = "代表", as = "person_name" }
legal_rep_id_type = { from = "类型" }
legal_rep_id_no = { from = "证件" }
"""


def _people(citizen: Callable[..., str]) -> tuple[list[str], set[str]]:
    """Lines of a delivery with every way a number may come, and all numbers in it."""
    lines, numbers = [], set()
    for n in range(1, 120):
        number = citizen(n, "19600101", DIVISION)
        old = number[:6] + number[8:17]
        sent = old if n % 5 == 0 else number.lower()
        if n % 7 == 0:  # a wrong check character: refused
            sent = number[:17] + ("3" if number[17] != "3" else "4")
        if n % 11 == 0:  # as a person types it
            sent = f" {number[:6]} {number[6:14]} {number[14:]} "
        other = f"E{number[:6]}{n:04d}"
        numbers |= {number, number.lower(), old, sent, other}
        tail = ",多" if n % 13 == 0 else ""  # ragged: refused
        lines.append(f"{SURNAME}测{n},{sent},1960-01-01,414,{other},测试路{n}号{tail}")
    lines += [lines[0], lines[1].replace("测试路", "别处")]  # a duplicate, and a conflict of one key
    return lines, numbers


@pytest.fixture
def secret(own_state: Path) -> Settings:
    """A deployment whose every file may be read by this test, the server's too."""
    settings = Settings(state=own_state, home=own_state / "home")
    migrate(cluster.start(settings))
    folder = settings.home_dir / "sources"
    folder.mkdir(parents=True)
    (folder / "secret.toml").write_text(SOURCE, encoding="utf-8")
    (folder / "holders.toml").write_text(HOLDERS, encoding="utf-8")
    return settings


async def test_no_number_is_to_be_found_anywhere(
    secret: Settings, tmp_path: Path, invent: dict[str, Callable[..., str]], caplog: pytest.LogCaptureFixture
) -> None:
    lines, numbers = _people(invent["citizen"])
    header = "姓名,证件,出生,另类型,另证件,地址"
    receipts = [await _deliver(secret, "secret", tmp_path / "a.csv", [header, *lines])]
    receipts.append(await _deliver(secret, "secret", tmp_path / "b.csv", [header, *lines[20:]]))
    receipts.append(await _deliver(secret, "secret", tmp_path / "c.csv", [header, *lines[:50], '"' + lines[51]]))
    holder = invent["citizen"](777, "19600101", DIVISION)
    numbers.add(holder)
    entity = f"1,测试企业,{invent['uscc'](1)},{SURNAME}测,111,{holder}"
    receipts.append(await _deliver(secret, "holders", tmp_path / "d.csv", ["编号,名称,代码,代表,类型,证件", entity]))
    assert [receipt["status"] for receipt in receipts] == ["published", "published", "refused", "published"]
    assert receipts[0]["quarantined"] > 20
    assert receipts[0]["inserted"] > 60

    await _execute(cluster.url(secret, "postgres"), "CHECKPOINT")
    dump = await asyncio.to_thread(_dump, cluster.url(secret, "postgres"))
    assert SURNAME.encode() in dump  # names are kept, and so this is the right database
    _search("the dump", dump, numbers)
    for file in secret.state_dir.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            _search(str(file), content, numbers)
            if "postgres" not in file.relative_to(secret.state_dir).parts:
                assert SURNAME.encode() not in content, file
    _search("the log", caplog.text.encode(), numbers)
    _search("the receipts", str(receipts).encode(), numbers)
    assert SURNAME not in caplog.text + str(receipts)


async def test_the_stage_holds_no_number_either(
    settings: Settings, tmp_path: Path, invent: dict[str, Callable[..., str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = settings.home_dir / "sources"
    folder.mkdir(parents=True)
    (folder / "secret.toml").write_text(SOURCE, encoding="utf-8")
    lines, numbers = _people(invent["citizen"])
    seen: list[str] = []

    async def look(road: Road, connection: Any, *rest: object) -> None:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'stage'")
        seen.extend([str(await connection.fetch(f"SELECT * FROM stage.{row[0]}")) for row in tables])
        raise RuntimeError

    monkeypatch.setattr("jishi_ingest.pipeline.prepare", look)
    with pytest.raises(Exception, match="ING-RUN-FAILED"):
        await _deliver(settings, "secret", tmp_path / "a.csv", ["姓名,证件,出生,另类型,另证件,地址", *lines])
    assert SURNAME in "".join(seen)
    _search("the stage", "".join(seen).encode(), numbers)


def _search(place: str, content: bytes, numbers: set[str]) -> None:
    """Only where the division stands can a number stand."""
    at = content.find(DIVISION.encode())
    while at >= 0:
        around = content[max(0, at - 2) : at + 24].decode("ascii", "replace")
        assert not [n for n in numbers if n.strip() in around], f"a number stands in {place}"
        at = content.find(DIVISION.encode(), at + 1)


def _dump(url: str) -> bytes:
    done = subprocess.run(
        [str(find_programs() / "pg_dump"), "--dbname", url],
        check=True,
        capture_output=True,
        env={**os.environ, "PGOPTIONS": ""},
    )
    return done.stdout


async def _deliver(settings: Settings, source: str, file: Path, lines: list[str]) -> dict[str, Any]:
    await asyncio.to_thread(file.write_text, "\n".join(lines) + "\n", encoding="utf-8")
    road = Road.open(settings)
    return await finish(road, await submit(road, source_of(road, source), file), lambda progress: None)


async def _execute(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
