"""Every received row is found again: byte for byte while its delivery lies in the landing zone, by its hash afterwards."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jishi.errors import CallerError
from jishi.golden.ledger import discard_batch
from jishi_ingest import purge as purging
from jishi_ingest.find import Search
from jishi_ingest.find_told import document, lines
from jishi_ingest.landing import landed_files
from jishi_ingest.purge import Purged, purge
from jishi_ingest.row_hashes import RECORD, hashes_path
from jishi_ingest.run import handlers, source_of, submit_again

Make = dict[str, Callable[..., str]]
HEADER = "key,name,code,city"


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


def line(invent: Make, number: int, place: str = "苏州", *, bad: bool = False) -> str:
    code = invent["uscc"](number)
    return f"K{number},测试企业{number}号,{wrong(code) if bad else code},{place}"


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *rows, "")).encode()


async def after_all(city: Any, days: int = 181) -> Purged:
    return await purge(city.road, datetime.now(UTC) + timedelta(days=days))


async def search(city: Any, source: str, content: bytes, name: str = "asked.csv", **options: Any) -> dict[str, Any]:
    path = city.folder / name
    path.write_bytes(content)
    asked = Search(city.road, source_of(city.road, source), path, **options)
    found: dict[str, Any] = json.loads("".join([piece async for piece in document(asked)]))
    return found


def told(found: dict[str, Any]) -> list[list[tuple[int, int, str]]]:
    """Of each row asked for: batch, row and outcome of every place."""
    return [[(place["batch"], place["row"], place["outcome"]) for place in row["places"]] for row in found["rows"]]


async def _landed(city: Any, batch: int) -> Path:
    path: Path = city.settings.landing_dir / await city.value(
        "SELECT landing FROM jishi.batch WHERE batch_id = $1", batch
    )
    return path


async def test_before_and_after_the_purge_the_same_rows_are_found_with_what_became_of_them(
    city: Any, invent: Make
) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    ragged = line(invent, 5) + ",多,余"
    first = await city.deliver(source, text(line(invent, 1), line(invent, 2, bad=True), line(invent, 1), ragged))
    second = await city.deliver(source, text(line(invent, 1), line(invent, 3), line(invent, 2, "南京")))
    again = await city.deliver(source, text(line(invent, 1), line(invent, 3), line(invent, 2, "南京")))
    assert [one["status"] for one in (first, second, again)] == ["published", "published", "unchanged"]
    a, b, c = (one["batch"] for one in (first, second, again))
    asked = text(line(invent, 3), line(invent, 2, bad=True), line(invent, 1), line(invent, 9), ragged)
    before = await search(city, source, asked)
    assert told(before) == [
        [(c, 2, "unchanged"), (b, 2, "accepted")],
        [(a, 2, "quarantined")],
        [(c, 1, "unchanged"), (b, 1, "unchanged"), (a, 1, "accepted"), (a, 3, "duplicate")],
        [],
        [(a, 4, "quarantined")],
    ]
    assert before["rows"][1]["places"][0]["reasons"] == ["legal_entity.uscc.check_character"]
    assert before["rows"][1]["places"][0]["quarantine"] == "repaired"
    assert before["rows"][4]["places"][0] == {
        "batch": a,
        "status": "published",
        "row": 4,
        "outcome": "quarantined",
        "quarantine": "open",
        "reasons": ["ING-ROW-RAGGED"],
    }
    assert [row["times"] for row in before["rows"]] == [2, 1, 4, 0, 1]
    assert (before["read"], before["found"], before["blind"]) == (5, 4, [])
    purged = await after_all(city)
    assert (purged.deliveries, purged.rows, purged.kept) == (3, 10, {})
    assert landed_files(city.settings) == []
    assert await search(city, source, asked) == before
    done_again = await after_all(city)
    assert (done_again.deliveries, done_again.rows) == (0, 0)


async def test_a_changed_cell_is_not_found(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    await city.deliver(source, text(line(invent, 1), line(invent, 2)))
    row = line(invent, 1)
    changed = [row + " ", row.replace("测试", "测式"), row.replace("苏州", ""), row.replace(",", ", ", 1), row]
    for _ in ("landed", "purged"):
        assert [one["times"] for one in (await search(city, source, text(*changed)))["rows"]] == [0, 0, 0, 0, 1]
        await after_all(city)


async def test_encoding_packing_kind_of_file_and_order_of_columns_do_not_matter(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(line(invent, 1), line(invent, 2)))
    turned = text(*(",".join(line(invent, n).split(",")[::-1]) for n in (2, 1)), header="city,code,name,key")
    records = [dict(zip(HEADER.split(","), line(invent, n).split(","), strict=True)) for n in (2, 1)]
    asked = {
        "gb.csv": turned.decode().encode("gb18030"),
        "packed.csv.gz": gzip.compress(turned.replace(b",", b"\t")),
        "records.json": json.dumps(records, ensure_ascii=False).encode(),
    }
    await after_all(city)
    for name, content in asked.items():
        found = await search(city, source, content, name)
        assert told(found) == [[(sent["batch"], 2, "accepted")], [(sent["batch"], 1, "accepted")]], name


async def test_only_what_is_over_long_enough_goes(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"')
    rows = [line(invent, number) for number in range(30)]
    await city.deliver(source, text(*rows))
    held = await city.deliver(source, text(*rows[:10]))
    assert held["status"] == "held"
    waiting = await city.submit(source, city.file(text(*rows[:2])))
    assert (await after_all(city, days=179)).deliveries == 0
    purged = await after_all(city)
    assert (purged.deliveries, purged.rows) == (1, 30)
    kept = sorted([await _landed(city, held["batch"]), await _landed(city, waiting)])
    assert landed_files(city.settings) == kept
    found = await search(city, source, text(rows[0]))
    assert told(found)[0][:2] == [(waiting, 1, "waiting"), (held["batch"], 1, "held")]
    await discard_batch(city.connection, held["batch"], "发错了")
    assert (await after_all(city)).deliveries == 1
    assert told(await search(city, source, text(rows[0])))[0][1] == (held["batch"], 1, "discarded")


async def test_a_run_killed_between_the_hashes_and_the_bytes_is_taken_up(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(line(invent, 1), line(invent, 2)))
    landed = await _landed(city, sent["batch"])

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(purging, "_remove", killed)
    with pytest.raises(KeyboardInterrupt):
        await after_all(city)
    assert (landed.exists(), hashes_path(landed).exists()) == (True, True)
    before = await search(city, source, text(line(invent, 2)))
    assert told(before) == [[(sent["batch"], 2, "accepted")]]
    monkeypatch.undo()
    assert (await after_all(city)).deliveries == 1
    assert (landed.exists(), hashes_path(landed).exists()) == (False, True)
    assert await search(city, source, text(line(invent, 2))) == before


async def test_a_run_killed_while_it_writes_leaves_the_bytes_and_no_hashes(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(line(invent, 1)))
    landed = await _landed(city, sent["batch"])

    def killed(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        await after_all(city)
    monkeypatch.undo()
    assert (landed.exists(), hashes_path(landed).exists()) == (True, False)
    assert (await after_all(city)).rows == 1


async def test_the_kept_hashes_are_compact_and_sealed(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(*(line(invent, number) for number in range(500))))
    await after_all(city)
    path = hashes_path(await _landed(city, sent["batch"]))
    content = path.read_bytes()
    assert 500 * RECORD.itemsize < len(content) < 500 * RECORD.itemsize + 100
    assert path.stat().st_mode & 0o077 == 0
    assert b"jishirh1" not in content


async def test_a_delivery_refused_whole_has_no_rows_and_is_known_by_its_bytes(city: Any) -> None:
    source = city.declare("tiny")
    cut = f'{HEADER}\nK1,"甲,\n'.encode()
    refused = await city.deliver(source, cut)
    for _ in ("landed", "purged"):
        found = await search(city, source, cut)
        assert (found["same_bytes"], found["rows"], found["blind"]) == ([refused["batch"]], [], [])
        assert found["fault"]["code"] == refused["fault"]["code"]
        await after_all(city)
    assert landed_files(city.settings) == []
    assert not hashes_path(await _landed(city, refused["batch"])).exists()


async def test_rows_of_a_delivery_that_a_rule_refused_are_found_too(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more='[rules]\n"legal_entity.uscc.check_character" = "refuse_batch"')
    refused = await city.deliver(source, text(line(invent, 1), line(invent, 2, bad=True)))
    await after_all(city)
    found = await search(city, source, text(line(invent, 1), line(invent, 2, bad=True)))
    assert told(found) == [[(refused["batch"], 1, "refused")], [(refused["batch"], 2, "quarantined")]]
    assert found["same_bytes"] == [refused["batch"]]


async def test_open_rows_keep_their_cells_and_closed_ones_lose_them_with_the_bytes(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    await city.deliver(source, text(line(invent, 1, bad=True), line(invent, 2, bad=True), line(invent, 3)))
    await city.deliver(source, text(line(invent, 1)))
    assert (await after_all(city, days=179)).emptied == 0
    assert (await after_all(city)).emptied == 1
    rows = await city.rows("SELECT status, raw = '' AS empty, reasons FROM jishi.quarantine ORDER BY row_number")
    assert [(row["status"], row["empty"]) for row in rows] == [("repaired", True), ("open", False)]
    assert all(row["reasons"] for row in rows)
    await city.deliver(source, text(line(invent, 2)))
    assert (await after_all(city)).emptied == 1


async def test_bytes_that_no_longer_read_as_what_was_received_stay(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(line(invent, 1), line(invent, 2)))
    await city.connection.execute(
        "UPDATE jishi.batch SET received = 3, inserted = 3 WHERE batch_id = $1", sent["batch"]
    )
    purged = await after_all(city)
    assert (purged.deliveries, purged.kept) == (0, {"ING-PURGE-ROWS": 1})
    assert (landed := await _landed(city, sent["batch"])).exists()
    assert not hashes_path(landed).exists()
    (city.settings.home_dir / "sources" / "tiny.toml").unlink()
    city.opened = None
    assert (await after_all(city)).kept == {"ING-PURGE-SOURCE": 1}


async def test_a_file_that_no_batch_knows_goes_in_its_time(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    await city.deliver(source, text(line(invent, 1)))
    stray = landed_files(city.settings)[0].with_name("stray.sealed")
    stray.write_bytes(b"")
    assert (await after_all(city, days=179)).strays == 0
    assert (await after_all(city)).strays == 1
    assert not stray.exists()


async def test_a_batch_without_bytes_cannot_be_replayed_and_says_so(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    sent = await city.deliver(source, text(line(invent, 1)))
    await after_all(city)
    with pytest.raises(CallerError, match="ING-LANDED-GONE"):
        await submit_again(city.road, sent["batch"], release=False)
    assert await city.value("SELECT status FROM jishi.batch WHERE batch_id = $1", sent["batch"]) == "published"


async def test_only_the_newest_places_are_told_and_all_are_counted(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    a, b = text(line(invent, 1)), text(line(invent, 1), line(invent, 2))
    batches = [(await city.deliver(source, content))["batch"] for content in (a, b, a, b, a)]
    found = await search(city, source, a, limit=2)
    assert found["rows"][0]["times"] == 5
    assert [place["batch"] for place in found["rows"][0]["places"]] == batches[:2:-1]


async def test_a_long_file_is_gone_through_in_windows(city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = city.declare("tiny")
    object.__setattr__(city.settings, "chunk_rows", 1_000)
    monkeypatch.setattr("jishi_ingest.find.WINDOW_ROWS", 1_000)
    city.opened = None
    rows = [line(invent, number) for number in range(2_500)]
    sent = await city.deliver(source, text(*rows))
    for _ in ("landed", "purged"):
        found = await search(city, source, text(*rows[::-1], line(invent, 9_999)))
        assert (found["read"], found["found"]) == (2_501, 2_500)
        wanted = [[(sent["batch"], 2_500 - at, "accepted")] for at in range(2_500)]
        assert told(found) == [*wanted, []]
        await after_all(city)


async def test_a_person_is_told_without_a_value_of_any_row(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    content = text(line(invent, 1), line(invent, 2, bad=True))
    await city.deliver(source, content)
    path = city.folder / "asked.csv"
    path.write_bytes(content + (line(invent, 3) + "\n").encode())
    for language in ("zh-CN", "en"):
        asked = Search(city.road, source_of(city.road, source), path)
        told = "\n".join([part async for part in lines(asked, language)])
        assert "测试企业" not in told and invent["uscc"](1) not in told and "{" not in told
        assert "[legal_entity.uscc.check_character]" in told
        assert len(told.splitlines()) == 6


async def test_the_daily_job_purges_and_turns(city: Any, invent: Make) -> None:
    async def report(_: object) -> None:
        """Nobody waits."""

    source = city.declare("tiny")
    await city.deliver(source, text(line(invent, 1)))
    await city.connection.execute("UPDATE jishi.batch SET finished_at = now() - interval '200 days'")
    jobs = handlers(city.road)
    assert set(await jobs["turn"]({}, report)) == {"changes"}
    done = await jobs["purge"]({}, report)
    assert json.loads(json.dumps(dict(done)))["deliveries"] == 1


async def test_the_command_prints_one_document_and_ends_with_four_where_the_file_cannot_be_read(
    city: Any, invent: Make
) -> None:
    city.declare("tiny")
    await city.deliver("tiny", text(line(invent, 1)))

    def ask(content: bytes, *more: str) -> subprocess.CompletedProcess[str]:
        path = city.folder / "asked.csv"
        path.write_bytes(content)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))}
        environment |= {
            "JISHI_STATE": str(city.settings.state_dir),
            "JISHI_HOME": str(city.settings.home_dir),
            "JISHI_DATABASE_URL": city.settings.database_url,
        }
        command = [str(Path(sys.executable).with_name("jishi")), "ingest", "find", "tiny", "--file", str(path), *more]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    done = await asyncio.to_thread(ask, text(line(invent, 1)), "--json")
    assert (done.returncode, json.loads(done.stdout)["found"], done.stderr) == (0, 1, "")
    done = await asyncio.to_thread(ask, b'key,name\n"K1', "--json")
    assert (done.returncode, json.loads(done.stdout)["fault"]["code"]) == (4, "ING-READ-QUOTE")
    done = await asyncio.to_thread(ask, text(line(invent, 1)), "--limit", "0")
    assert done.returncode == 2


async def test_stage_tables_of_batches_that_are_over_go_and_those_of_others_stay(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    receipt = await city.deliver(
        source, [{"key": "K1", "name": "测试企业1号", "code": invent["uscc"](1), "city": "苏州"}]
    )
    batch = receipt["batch"]
    waiting = await city.submit(
        source, city.file([{"key": "K2", "name": "甲", "code": invent["uscc"](2), "city": "苏州"}])
    )
    for name in (f"b_{batch}", f"b_{batch}_bad", "b_999999_absent", f"b_{waiting}", "something_else"):
        await city.connection.execute(f"CREATE UNLOGGED TABLE stage.{name} (n int)")
    assert (await purge(city.road)).stages == 2
    left = await city.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'stage' ORDER BY 1")
    assert [row["tablename"] for row in left] == [f"b_{waiting}", "something_else"]
