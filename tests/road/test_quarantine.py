"""Refused rows and deliveries: every reason, kept whole, never golden; what is held waits for a steward."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from jishi.errors import CallerError
from jishi.golden.ledger import discard_batch
from jishi.identifiers.sealed_file import open_bytes
from jishi.jobs.work import MOST_ATTEMPTS
from jishi.quality.quarantine import row_context
from jishi_ingest.landing import open_landed
from jishi_ingest.receipt import receipt as told_of

Make = dict[str, Callable[..., str]]


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "苏州",
        **values,
    }


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


async def _kept(city: Any, batch: int) -> list[dict[str, Any]]:
    """The quarantined rows of a batch, opened."""
    found = await city.rows("SELECT * FROM jishi.quarantine WHERE batch_id = $1 ORDER BY row_number", batch)
    keys = city.road.keys
    return [
        {**row, "raw": json.loads(open_bytes(row["raw"], keys, context=row_context(batch, row["row_number"])))}
        for row in found
    ]


async def test_a_refused_row_names_every_reason(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    bad = entity(invent, 1, name="", code=wrong(invent["uscc"](1)), established="2999-01-01", capital="-5万元")
    receipt = await city.deliver(source, [bad, entity(invent, 2)])
    [row] = await _kept(city, receipt["batch"])
    wanted = {
        "legal_entity.entity_name.required",
        "legal_entity.uscc.check_character",
        "legal_entity.establish_date.range",
        "legal_entity.reg_capital.not_negative",
    }
    assert set(row["reasons"]) == wanted == set(receipt["reasons"])
    assert set(receipt["reasons"].values()) == {1}


async def test_a_refused_row_can_be_found_again_cell_for_cell_and_byte_for_byte(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    cells = [
        ["K1", "  ＡＢ 企业（苏州）\u200b", wrong(invent["uscc"](1)), "苏\n州"],
        ["K2", '引"号', wrong(invent["uscc"](2)), "N/A"],
        ["K3", "测试企业3号", invent["uscc"](3), "苏州"],
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([["key", "name", "code", "city"], *cells])
    sent = text.getvalue().encode("utf-8-sig")
    receipt = await city.deliver(source, sent)
    kept = await _kept(city, receipt["batch"])
    assert [row["row_number"] for row in kept] == [1, 2]
    for row, wanted in zip(kept, cells, strict=False):
        assert [row["raw"][name] for name in ("key", "name", "code", "city")] == wanted
    landed = await city.value("SELECT landing FROM jishi.batch WHERE batch_id = $1", receipt["batch"])
    with open_landed(city.settings.landing_dir / landed, city.road.keys) as file:
        assert file.read() == sent


async def test_what_is_kept_is_sealed(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    receipt = await city.deliver(source, [entity(invent, 1, code="123"), entity(invent, 2)])
    raw = await city.value("SELECT raw FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"])
    assert "测试企业1号".encode() not in raw
    for file in (city.settings.landing_dir).rglob("*"):
        assert file.is_dir() or "测试企业".encode() not in file.read_bytes()


async def test_a_ragged_row_keeps_what_fits_no_column(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    lines = [
        "key,name,code,city",
        f"K1,测试企业1号,{invent['uscc'](1)},苏州,多,余",
        f"K2,测试企业2号,{invent['uscc'](2)},苏州",
    ]
    receipt = await city.deliver(source, "\n".join(lines).encode())
    [row] = await _kept(city, receipt["batch"])
    assert row["reasons"] == ["ING-ROW-RAGGED"]
    assert json.loads(row["raw"]["row_surplus"]) == ["多", "余"]


async def test_a_refused_row_never_reaches_the_golden_record(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    rows = [entity(invent, n, code=wrong(invent["uscc"](n)) if n % 2 else invent["uscc"](n)) for n in range(40)]
    receipt = await city.deliver(source, rows)
    assert (receipt["quarantined"], receipt["inserted"]) == (20, 20)
    names = {row[0] for row in await city.served("legal_entity", "entity_name")}
    assert names == {f"测试企业{n}号" for n in range(0, 40, 2)}
    for table in ("link", "contribution", "version"):
        assert await city.count("legal_entity", table) in (0, 20)
    assert await city.value("SELECT count(*) FROM jishi.identifier") == 20


async def test_a_row_without_its_key_is_refused(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    receipt = await city.deliver(source, [entity(invent, 1, key=""), entity(invent, 2)])
    assert receipt["reasons"] == {"ING-KEY-MISSING": 1}
    assert [row["source_key"] for row in await _kept(city, receipt["batch"])] == [None]


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "ING-READ-EMPTY", None),
        (b"key,name,code\n", "ING-READ-EMPTY", None),
        ('key,name,code\nK1,甲,1\nK2,"乙,2\nK3,丙,3\n'.encode(), "ING-READ-QUOTE", 3),
        (b"key,code\nK1,1\n", "ING-HEADER-MISSING", None),
        ("key,name,name,code\nK1,甲,甲,1\n".encode(), "ING-HEADER-DUPLICATE", None),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole_with_the_place(
    city: Any, content: bytes, code: str, line: int | None
) -> None:
    source = city.declare("tiny")
    receipt = await city.deliver(source, content)
    assert receipt["status"] == "refused"
    assert (receipt["received"], receipt["quarantined"]) == (0, 0)
    assert receipt["fault"]["code"] in (code, "ING-READ-NO-ROWS")
    if line is not None:
        assert receipt["fault"]["line"] == line
    assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
    assert await city.value("SELECT count(*) FROM jishi.legal_entity") == 0


async def test_too_many_refused_rows_hold_the_batch_and_nothing_is_published(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, n, code="123" if n < 20 else invent["uscc"](n)) for n in range(50)]
    receipt = await city.deliver(source, rows)
    assert receipt["status"] == "held"
    assert (receipt["received"], receipt["quarantined"], receipt["held"]) == (50, 20, 30)
    assert [note["code"] for note in receipt["notes"]] == ["QLT-HELD-FAILURES"]
    assert await city.served("legal_entity", "uid") == []
    assert await city.changes("legal_entity") == []


async def test_a_much_shorter_full_delivery_is_held_and_a_steward_releases_it(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"')
    rows = [entity(invent, number) for number in range(30)]
    await city.deliver(source, rows)
    held = await city.deliver(source, rows[:17])
    assert (held["status"], held["held"]) == ("held", 17)
    assert {note["code"] for note in held["notes"]} == {"QLT-HELD-VOLUME-LOW", "QLT-HELD-ENDINGS"}
    assert len(await city.served("legal_entity", "uid")) == 30
    again = await city.deliver(source, rows)
    assert again["status"] == "unchanged"
    released = await city.release(held["batch"])
    assert (released["status"], released["unchanged"], released["ended_by_absence"]) == ("published", 17, 13)
    assert len(await city.served("legal_entity", "uid")) == 17
    with pytest.raises(CallerError, match="ING-NOT-HELD"):
        await city.release(held["batch"])


async def test_a_discarded_batch_publishes_nothing_and_says_why(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"')
    rows = [entity(invent, number) for number in range(30)]
    await city.deliver(source, rows)
    held = await city.deliver(source, rows[:10])
    await discard_batch(city.connection, held["batch"], "发错了")
    found = await city.rows("SELECT status, notes FROM jishi.batch WHERE batch_id = $1", held["batch"])
    assert found[0]["status"] == "discarded"
    assert "发错了" in found[0]["notes"]
    assert len(await city.served("legal_entity", "uid")) == 30
    with pytest.raises(CallerError, match="ING-NOT-HELD"):
        await discard_batch(city.connection, held["batch"], "再次")
    with pytest.raises(CallerError, match="ING-NOT-HELD"):
        await city.release(held["batch"])


async def test_the_refused_rows_of_a_held_batch_close_nothing_and_are_given_up_with_it(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"')
    rows = [entity(invent, number) for number in range(1, 10)]
    bad = entity(invent, 0, code="123")
    await city.deliver(source, [*rows, bad])
    held = await city.deliver(source, [*rows[:3], bad])
    assert held["status"] == "held"
    query = "SELECT batch_id, status FROM jishi.quarantine ORDER BY batch_id"
    assert [row["status"] for row in await city.rows(query)] == ["open", "open"]
    await discard_batch(city.connection, held["batch"], "发错了")
    assert [row["status"] for row in await city.rows(query)] == ["open", "discarded"]


async def test_released_they_take_the_place_of_those_before(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"')
    rows = [entity(invent, number) for number in range(1, 10)]
    bad = entity(invent, 0, code="123")
    await city.deliver(source, [*rows, bad])
    held = await city.deliver(source, [*rows[:3], bad])
    await city.release(held["batch"])
    found = await city.rows("SELECT status FROM jishi.quarantine ORDER BY batch_id")
    assert [row["status"] for row in found] == ["superseded", "open"]


async def test_rows_refused_in_a_held_batch_are_not_kept_twice_after_its_release(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, n, code="123" if n < 20 else invent["uscc"](n)) for n in range(50)]
    held = await city.deliver(source, rows)
    released = await city.release(held["batch"])
    assert (released["status"], released["quarantined"], released["inserted"]) == ("published", 20, 30)
    assert await city.value("SELECT count(*) FROM jishi.quarantine WHERE status = 'open'") == 20


async def test_a_batch_that_fails_by_our_fault_says_so_and_leaves_nothing_behind(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("tiny")
    batch = await city.submit(source, city.file([entity(invent, 1)]))

    async def broken(*rest: object) -> None:
        raise RuntimeError("测试企业1号")

    monkeypatch.setattr("jishi_ingest.pipeline.examine", broken)
    with pytest.raises(Exception, match="ING-RUN-FAILED") as raised:
        await city.finish(batch)
    assert "测试企业" not in str(raised.value)
    found = await city.rows("SELECT status, fault FROM jishi.batch WHERE batch_id = $1", batch)
    assert found[0]["status"] == "failed"
    assert "测试企业" not in found[0]["fault"]
    assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
    monkeypatch.undo()
    replayed = await _replay(city, batch)
    assert (replayed["status"], replayed["inserted"], replayed["fault"]) == ("published", 1, None)


async def test_a_replay_that_fails_leaves_a_published_batch_published(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("tiny")
    first = await city.deliver(source, [entity(invent, 1), entity(invent, 2)])

    async def broken(*rest: object) -> None:
        raise RuntimeError("测试企业1号")

    monkeypatch.setattr("jishi_ingest.pipeline.examine", broken)
    with pytest.raises(Exception, match="ING-RUN-FAILED"):
        await _replay(city, first["batch"])
    monkeypatch.undo()
    told = await told_of(city.connection, first["batch"])
    assert (told["status"], told["inserted"], told["fault"]) == ("published", 2, None)
    [note] = told["notes"]
    assert note["code"] == "ING-REPLAY-FAILED"
    assert "JOB-FAILED" in note["message"] and "测试企业" not in note["message"]
    again = await city.deliver(source, [entity(invent, 1), entity(invent, 2)])
    assert (again["status"], again["same_as"]) == ("unchanged", first["batch"])


async def test_a_failed_batch_can_be_given_up(city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = city.declare("tiny")
    batch = await city.submit(source, city.file([entity(invent, 1)]))

    async def broken(*rest: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("jishi_ingest.pipeline.examine", broken)
    with pytest.raises(Exception, match="ING-RUN-FAILED"):
        await city.finish(batch)
    await discard_batch(city.connection, batch, "不再需要")
    assert await city.value("SELECT status FROM jishi.batch WHERE batch_id = $1", batch) == "discarded"


async def test_a_batch_that_kills_its_worker_each_time_is_given_up_as_our_fault(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    batch = await city.submit(source, city.file([entity(invent, 1)]))
    # as killed workers leave it
    await city.connection.execute("UPDATE jishi.job SET status = 'running', attempts = $1", MOST_ATTEMPTS)
    await city.connection.execute("UPDATE jishi.batch SET status = 'running'")
    with pytest.raises(Exception, match="JOB-ATTEMPTS"):
        await city.finish(batch)
    found = await city.rows("SELECT status, fault ->> 'code' AS code FROM jishi.batch WHERE batch_id = $1", batch)
    assert found == [{"status": "failed", "code": "JOB-ATTEMPTS"}]
    replayed = await _replay(city, batch)
    assert (replayed["status"], replayed["inserted"], replayed["fault"]) == ("published", 1, None)


async def test_the_last_attempt_is_made_and_a_batch_that_had_ended_is_left_alone(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    batch = await city.submit(source, city.file([entity(invent, 1)]))
    await city.connection.execute("UPDATE jishi.job SET status = 'running', attempts = $1", MOST_ATTEMPTS - 1)
    assert (await city.finish(batch))["status"] == "published"
    # every run was killed after publication, before it could tell the queue
    await city.connection.execute("UPDATE jishi.job SET status = 'running', attempts = $1", MOST_ATTEMPTS)
    with pytest.raises(Exception, match="JOB-ATTEMPTS"):
        await city.finish(batch)
    found = await told_of(city.connection, batch)
    assert (found["status"], found["inserted"], found["notes"]) == ("published", 1, [])


async def _replay(city: Any, batch: int) -> dict[str, Any]:
    from jishi_ingest.run import submit_again

    await submit_again(city.road, batch, release=False)
    found: dict[str, Any] = await city.finish(batch)
    return found


def _command(city: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JISHI_", "LC_"))}
    environment |= {
        "JISHI_STATE": str(city.settings.state_dir),
        "JISHI_HOME": str(city.settings.home_dir),
        "JISHI_DATABASE_URL": city.settings.database_url,
        "LANG": "en_GB.UTF-8",
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("jishi")), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )


def _run(city: Any, rows: Path | bytes | Sequence[dict[str, object]]) -> tuple[int, dict[str, Any]]:
    done = _command(city, "ingest", "run", "tiny", "--file", str(city.file(rows)), "--json")
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


async def test_the_exit_code_says_how_the_batch_ended(city: Any, invent: Make) -> None:
    city.declare("tiny", mode="full", more='absence = "end"')
    rows = [entity(invent, number) for number in range(30)]
    code, receipt = _run(city, rows)
    assert (code, receipt["status"], receipt["inserted"]) == (0, "published", 30)
    assert receipt["report"]
    assert receipt["seconds"]["total"] > 0
    code, receipt = _run(city, rows)
    assert (code, receipt["status"], receipt["unchanged"]) == (0, "unchanged", 30)
    code, receipt = _run(city, rows[:12])
    assert (code, receipt["status"]) == (3, "held")
    code, receipt = _run(city, b'key,name,code\n"K1,\n')
    assert (code, receipt["status"]) == (4, "refused")
    assert receipt["fault"]["code"].startswith("ING-READ")


async def test_wrong_usage_is_said_without_a_trace(city: Any, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("key\n", encoding="utf-8")
    for arguments in (
        ("run", "no-such-source", "--file", str(file)),
        ("run", "population", "--file", str(tmp_path / "missing.csv")),
        ("discard", "1"),
        ("status", "4711"),
        ("release", "4711"),
    ):
        done = _command(city, "ingest", *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
