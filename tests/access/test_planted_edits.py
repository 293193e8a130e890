"""A hundred edits and more are planted in a database; the export of each, alone, tells the place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from disclosed import disclosure
from jishi.access import chain, export, row_document, seal_files, sealer
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.findings import Finding, Report
from jishi.access.key_of_process import signing_key
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

ROWS = 12
EVERY = 4
PLACES = (1, 4, 7, 12)
BYTES = ("query_digest", "salt", "commitment", "previous", "hash")
TEXTS = ("channel", "act", "caller_kind", "caller", "department", "purpose", "case_no", "result")
COLUMNS = {
    **{name: f"coalesce({name}, '') || 'x'" for name in TEXTS},
    **{
        name: f"set_byte(coalesce({name}, '\\x0000'), 1, 255 - get_byte(coalesce({name}, '\\x0000'), 1))"
        for name in BYTES
    },
    "writer": "gen_random_uuid()",
    "number": "number + 100",
    "disclosed_at": "disclosed_at + interval '1 microsecond'",
    "request_id": "gen_random_uuid()",
    "grant_id": "coalesce(grant_id, 0) + 1",
    "register": "coalesce(register, 0) + 1",
    "masked": "array_append(masked, 'citizen_id')",
    "clear": "'{}'",
    "subjects": "array_append(subjects, gen_random_uuid())",
    "misses": "misses + 1",
}


@dataclass(frozen=True)
class Edit:
    """``place``: the first bad row of the first writer; None for an edit of seals alone, then ``seal`` is the place."""

    what: str
    statement: str
    kinds: tuple[str, ...]
    place: int | None
    seal: int | None = None


@dataclass(frozen=True)
class Made:
    settings: Settings
    writer: UUID
    other: UUID


@pytest.fixture
async def made(settings: Settings, connection: Connection[Any]) -> AsyncIterator[Made]:
    """Two writers of twelve rows, each four sealed; a copy of both tables to begin anew from."""
    async with DisclosureLog(settings) as one, DisclosureLog(settings) as other:
        for number in range(1, ROWS + 1):
            await one.write(disclosure(number, case_no=f"案{number}"))
            await other.write(disclosure(number + 100))
            if number % EVERY == 0:
                async with sealer.sealing(settings) as place:
                    assert place is not None
                    await place.seal_now()
        await connection.execute("CREATE TABLE kept_rows AS SELECT * FROM jishi.disclosure")
        await connection.execute("CREATE TABLE kept_seals AS SELECT * FROM jishi.disclosure_seal")
        yield Made(settings, one.writer, other.writer)


async def _again(connection: Connection[Any]) -> None:
    await connection.execute(
        "DELETE FROM jishi.disclosure; DELETE FROM jishi.disclosure_seal; INSERT INTO jishi.disclosure SELECT * FROM kept_rows; "
        "INSERT INTO jishi.disclosure_seal SELECT * FROM kept_seals"
    )


def edits(writer: UUID) -> Iterator[Edit]:
    mine = f"writer = '{writer}'"
    for column, value in COLUMNS.items():
        for place in PLACES:
            kinds: tuple[str, ...] = ("changed",)
            if column in ("writer", "number"):
                kinds = ("missing", "cut")
            change = f"UPDATE jishi.disclosure SET {column} = {value} WHERE {mine} AND number = {place}"
            yield Edit(f"{column} of {place}", change, kinds, place)
    for place in PLACES:
        remove = f"DELETE FROM jishi.disclosure WHERE {mine} AND number = {place}"
        yield Edit(f"delete {place}", remove, ("missing", "cut"), place)
        shift = f"UPDATE jishi.disclosure SET number = number - 1 WHERE {mine} AND number > {place}"
        if place < ROWS:
            yield Edit(f"delete {place} and renumber", f"{remove}; {shift}", ("missing",), place)
        push = f"UPDATE jishi.disclosure SET number = number + 1 WHERE {mine} AND number >= {place}"
        insert = f"""
        INSERT INTO jishi.disclosure
        SELECT (jsonb_populate_record(d, jsonb_build_object('number', {place}, 'subjects', ARRAY[gen_random_uuid()],
          'disclosed_at', d.disclosed_at + interval '1 microsecond'))).*
        FROM jishi.disclosure d WHERE {mine} AND number = {{}}"""
        yield Edit(f"insert at {place} and renumber", push + ";" + insert.format(place + 1), ("inserted",), place)
        yield Edit(f"a second {place}", insert.format(place), ("inserted",), place)
        cut = f"DELETE FROM jishi.disclosure WHERE {mine} AND number >= {place}"
        yield Edit(f"cut from {place}", cut, ("cut",), place)
    for one, other in ((1, 2), (4, 5), (2, 11), (11, 12)):
        swap = f"""
        UPDATE jishi.disclosure SET number = -1 WHERE {mine} AND number = {one};
        UPDATE jishi.disclosure SET number = {one} WHERE {mine} AND number = {other};
        UPDATE jishi.disclosure SET number = {other} WHERE {mine} AND number = -1"""
        yield Edit(f"{one} and {other} change places", swap, ("reordered",), one)
    yield Edit("whole writer", f"DELETE FROM jishi.disclosure WHERE {mine}", ("cut",), 1)
    for seal in (1, 2, 3):
        remove = f"DELETE FROM jishi.disclosure_seal WHERE number = {seal}"
        kind = "seal-cut" if seal == 3 else "seal-missing"
        yield Edit(f"seal {seal} deleted", remove, (kind,), None, seal)
        for column in ("rows = rows + 1", "heads = heads - '" + str(writer) + "'", "kid = 'seal-0'"):
            change = f"UPDATE jishi.disclosure_seal SET {column} WHERE number = {seal}"
            yield Edit(f"seal {seal}: {column}", change, ("seal-changed",), None, seal)
    replaced = """
    UPDATE jishi.disclosure_seal
    SET (sealed_at, heads, rows, hash, signature) = (
      SELECT sealed_at, heads, rows, hash, signature FROM kept_seals WHERE number = 2
    )
    WHERE number = 3"""
    yield Edit("seal 3 replaced by 2", replaced, ("seal-changed",), None, 3)


def covers(finding: Finding, writer: UUID, place: int) -> bool:
    return (
        finding.writer == writer
        and finding.number is not None
        and finding.number <= place <= (finding.until or finding.number)
    )


async def _report(connection: Connection[Any], made: Made, path: Path) -> Report:
    await export.write_export(connection, sealer.folder_of(made.settings), path, None)
    report = export.verify_export(path)
    assert report.findings.pop(_unsigned(report)).kind == "file-changed"  # nobody signed these exports
    return report


def _unsigned(report: Report) -> int:
    return next(place for place, finding in enumerate(report.findings) if finding.kind == "file-changed")


async def test_a_hundred_planted_edits_are_each_found_at_their_place_from_the_export_alone(
    made: Made, connection: Connection[Any], tmp_path: Path
) -> None:
    path = tmp_path / "log.ndjson"
    assert (await _report(connection, made, path)).whole
    wrong, planted = [], 0
    for edit in edits(made.writer):
        await connection.execute(edit.statement)
        report = await _report(connection, made, path)
        if edit.place is not None:
            found = any(f.kind in edit.kinds and covers(f, made.writer, edit.place) for f in report.findings)
            strays = [f for f in report.findings if f.writer == made.other]
        else:
            found = any(f.kind in edit.kinds and f.seal == edit.seal for f in report.findings)
            strays = [f for f in report.findings if f.writer is not None]
        if not found or strays or report.first is None:
            wrong.append((edit.what, [f.document() for f in report.findings]))
        planted += 1
        await _again(connection)
    assert wrong == [] and planted >= 100
    assert (await _report(connection, made, path)).whole


@pytest.mark.parametrize("place", [1, 4, 5, 9, 12])
async def test_a_chain_hashed_anew_without_the_seal_key_breaks_at_a_seal(
    made: Made, connection: Connection[Any], tmp_path: Path, place: int
) -> None:
    rows = await connection.fetch("SELECT * FROM jishi.disclosure WHERE writer = $1 ORDER BY number", made.writer)
    head = rows[place - 1]["previous"]
    for record in rows[place - 1 :]:
        subjects = [uuid4()] if record["number"] == place else record["subjects"]
        row = row_document.of_record({**record, "subjects": subjects, "previous": head})
        forged = chain.hash_row(row)
        await connection.execute(
            "UPDATE jishi.disclosure SET subjects = $3, previous = $4, hash = $5 WHERE writer = $1 AND number = $2",
            made.writer,
            row.number,
            subjects,
            head,
            forged,
        )
        head = forged
    (finding,) = (await _report(connection, made, tmp_path / "log.ndjson.gz")).findings
    assert finding.kind == "changed" and covers(finding, made.writer, place)
    assert finding.seal == (place - 1) // EVERY + 1
    live = await export.verify_database(connection, sealer.folder_of(made.settings))
    assert live.findings == [finding]


async def test_a_tail_cut_with_its_seals_is_found_by_the_files_outside(
    made: Made, connection: Connection[Any], tmp_path: Path
) -> None:
    await connection.execute("DELETE FROM jishi.disclosure WHERE number > 8")
    await connection.execute("DELETE FROM jishi.disclosure_seal WHERE number > 2")
    report = await _report(connection, made, tmp_path / "log.ndjson")
    found = {(f.kind, f.writer, f.number, f.seal) for f in report.findings}
    assert found == {
        ("seal-cut", None, None, 3),
        ("cut", made.writer, 9, 3),
        ("cut", made.other, 9, 3),
    }


async def test_rows_and_seals_that_come_while_an_export_is_written_do_not_disturb_it(
    made: Made, settings: Settings, connection: Connection[Any]
) -> None:
    folder = sealer.folder_of(settings)
    stop = asyncio.Event()

    async def go_on() -> None:
        async with DisclosureLog(settings) as log, sealer.sealing(settings) as place:
            assert place is not None
            while not stop.is_set():
                await log.write(disclosure(1))
                await place.seal_now()

    writing = asyncio.create_task(go_on())
    checked = 0
    while checked < 10 or len(list(seal_files.read(seal_files.extent(folder)))) <= 3:
        assert (await export.verify_database(connection, folder)).whole and not writing.done()
        checked += 1
    stop.set()
    await writing


async def test_an_edited_or_shortened_export_is_known_as_such(
    made: Made, connection: Connection[Any], tmp_path: Path
) -> None:
    path = tmp_path / "log.ndjson"
    key = await signing_key(made.settings, "seal")
    counts = await export.write_export(connection, sealer.folder_of(made.settings), path, key)
    assert counts == {"key": 1, "seal": 3, "outside": 3, "row": 2 * ROWS}
    assert export.verify_export(path).whole and path.stat().st_mode & 0o077 == 0
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    assert not export.verify_export(path, keys=[]).whole  # believing nobody
    for shorter, kind in ((lines[:-1], "file-cut"), ([*lines[:5], *lines[6:]], "file-changed")):
        path.write_text("".join(shorter), encoding="utf-8")
        assert kind in {finding.kind for finding in export.verify_export(path).findings}
    path.write_text(whole.replace("visit", "other", 1), encoding="utf-8")
    assert {finding.kind for finding in export.verify_export(path).findings} == {"changed", "file-changed"}


async def test_an_export_without_case_numbers_can_be_checked_as_well(
    made: Made, connection: Connection[Any], tmp_path: Path
) -> None:
    path = tmp_path / "log.ndjson"
    key = await signing_key(made.settings, "seal")
    await export.write_export(connection, sealer.folder_of(made.settings), path, key, cases=False)
    assert "案" not in path.read_text(encoding="utf-8")
    report = export.verify_export(path)
    assert report.whole and report.redacted == 0
