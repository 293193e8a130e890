"""Any edit of the log is found at its place: in memory, by hypothesis, and planted in a database and read from its export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from disclosed import disclosure, signing_key
from jishi.access import chain, seals
from jishi.access.chain import Row
from jishi.access.findings import Finding, Report
from jishi.access.insert_rows import as_group
from jishi.access.seals import Head, Seal
from jishi.access.verifier import Verifier

KEY = signing_key("seal")
START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WRITERS = (UUID(int=0xA), UUID(int=0xB))
EACH = 24
EVERY = 6


@dataclass(frozen=True)
class Log:
    rows: tuple[Row, ...]
    seals: tuple[Seal, ...]
    outside: tuple[Seal, ...]


def rows_of(writer: UUID, numbers: Sequence[int], head: bytes = chain.FIRST, subject: int = 0) -> list[Row]:
    """Rows of a chain, a second apart."""
    made = []
    for number in numbers:
        told = disclosure(subject + number, case_no=f"案{number}" if number % 2 else None)
        at = START + timedelta(seconds=number)
        group = as_group(1, writer, number - 1, head, at, [told])
        head = group.hashes[0]
        made.append(Row(writer, number, at, told, group.salts[0], group.commitments[0], group.previous[0], head))
    return made


def sealed(chains: Sequence[Sequence[Row]], every: int) -> list[Seal]:
    """A seal after each ``every`` rows of all chains."""
    made: list[Seal] = []
    for end in range(every, len(chains[0]) + 1, every):
        heads = {rows[0].writer: Head(end, rows[end - 1].hash) for rows in chains}
        at = chains[0][end - 1].disclosed_at + timedelta(milliseconds=500)
        made.append(seals.make(KEY, 1, made[-1] if made else None, at, heads, end * len(chains)))
    return made


def _log() -> Log:
    chains = [rows_of(writer, range(1, EACH + 1)) for writer in WRITERS]
    made = sealed(chains, EVERY)
    return Log(tuple(row for rows in chains for row in rows), tuple(made), tuple(made))


LOG = _log()


def verified(log: Log) -> Report:
    verifier = Verifier({KEY.kid: KEY.public_jwk})
    for seal in log.seals:
        verifier.seal(seal)
    for seal in log.outside:
        verifier.outside(seal)
    for row in sorted(log.rows, key=lambda row: (row.writer, row.number, row.disclosed_at)):
        verifier.row(row)
    return verifier.end()


def covers(finding: Finding, writer: UUID, number: int) -> bool:
    if finding.writer != writer or finding.number is None:
        return False
    return finding.number <= number <= (finding.until or finding.number)


def test_a_log_nobody_touched_is_whole() -> None:
    report = verified(LOG)
    assert report.whole and report.first is None
    assert (report.rows, report.writers, report.seals, report.outside) == (2 * EACH, 2, EACH // EVERY, EACH // EVERY)
    assert report.unsealed == 0 and list(report.keys) == [KEY.kid]


def test_rows_after_the_last_seal_are_counted_as_unsealed() -> None:
    log = replace(LOG, seals=LOG.seals[:-1], outside=LOG.outside[:-1])
    report = verified(log)
    assert report.whole and report.unsealed == 2 * EVERY


def test_a_redacted_case_number_is_counted_and_no_fault() -> None:
    rows = [
        replace(row, salt=None, told=replace(row.told, case_no=None)) if row.number < 4 else row for row in LOG.rows
    ]
    report = verified(replace(LOG, rows=tuple(rows)))
    assert report.whole and report.redacted == 4  # two of each chain had one


def _place(writer: UUID, number: int) -> int:
    return next(i for i, row in enumerate(LOG.rows) if row.writer == writer and row.number == number)


def _with(rows: Sequence[Row]) -> Log:
    return replace(LOG, rows=tuple(rows))


def _rechained(number: int, changed: Callable[[Row], Row], until: int = EACH) -> list[Row]:
    """The first writer's chain, changed at ``number`` and hashed anew to ``until``: whoever can write can do this."""
    rows = [row for row in LOG.rows if row.writer == WRITERS[0]]
    rows[number - 1] = changed(rows[number - 1])
    head = rows[number - 1].previous
    for place in range(number - 1, until):
        row = replace(rows[place], previous=head)
        head = chain.hash_row(row) or b""
        rows[place] = replace(row, hash=head)
    return [*rows, *LOG.rows[EACH:]]


def _other_subject(row: Row) -> Row:
    return replace(row, told=replace(row.told, subjects=(UUID(int=77),)))


@pytest.mark.parametrize("number", [1, 2, 6, 7, 13, 23, 24])
def test_a_removed_row_is_missing_or_cut_at_its_place(number: int) -> None:
    place = _place(WRITERS[0], number)
    report = verified(_with([*LOG.rows[:place], *LOG.rows[place + 1 :]]))
    assert report.first is not None and covers(report.first, WRITERS[0], number)
    assert report.first.kind == ("cut" if number == EACH else "missing") and len(report.findings) == 1


@pytest.mark.parametrize("number", [1, 2, 6, 7, 13, 22, 23])
def test_a_row_removed_with_those_behind_it_renumbered_is_missing(number: int) -> None:
    rows = []
    for row in LOG.rows:
        if row.writer == WRITERS[0] and row.number == number:
            continue
        moved = row.writer == WRITERS[0] and row.number > number
        rows.append(replace(row, number=row.number - 1) if moved else row)
    report = verified(_with(rows))
    assert report.first is not None and report.first.kind == "missing" and covers(report.first, WRITERS[0], number)


@pytest.mark.parametrize("number", [1, 2, 6, 7, 13, 23])
def test_a_row_put_in_with_those_behind_it_renumbered_is_inserted(number: int) -> None:
    rows = [replace(row, number=row.number + (row.writer == WRITERS[0] and row.number >= number)) for row in LOG.rows]
    false = replace(_other_subject(LOG.rows[_place(WRITERS[0], number)]))
    for forged in (false, replace(false, hash=chain.hash_row(false) or b"")):
        report = verified(_with([*rows, forged]))
        assert report.first is not None and report.first.kind == "inserted", forged
        assert covers(report.first, WRITERS[0], number)


@pytest.mark.parametrize("number", [1, 6, 13, 24])
@pytest.mark.parametrize("seconds", [-1, 1])
def test_a_second_row_of_a_number_is_inserted(number: int, seconds: int) -> None:
    genuine = LOG.rows[_place(WRITERS[0], number)]
    false = _other_subject(replace(genuine, disclosed_at=genuine.disclosed_at + timedelta(seconds=seconds)))
    for forged in (false, replace(false, hash=chain.hash_row(false) or b"")):
        report = verified(_with([*LOG.rows, forged]))
        assert report.first is not None and covers(report.first, WRITERS[0], number)
    # a row that is consistent in itself and stands first is taken until the link behind it, or the seal, breaks


@pytest.mark.parametrize(("one", "other"), [(1, 2), (5, 6), (6, 7), (3, 20), (23, 24)])
def test_two_rows_that_changed_places_are_reordered_at_the_first(one: int, other: int) -> None:
    rows = list(LOG.rows)
    first, second = _place(WRITERS[0], one), _place(WRITERS[0], other)
    rows[first], rows[second] = replace(rows[first], number=other), replace(rows[second], number=one)
    report = verified(_with(rows))
    assert report.first is not None
    assert {finding.number for finding in report.findings} == {one} and report.findings[0].kind == "reordered"


@pytest.mark.parametrize("left", [0, 1, 5, 6, 17, 23])
def test_a_cut_tail_is_found_by_the_seals(left: int) -> None:
    report = verified(_with([row for row in LOG.rows if row.writer != WRITERS[0] or row.number <= left]))
    (finding,) = report.findings
    assert finding.kind == "cut" and finding.number == left + 1 and (finding.until or finding.number) == EACH
    assert finding.seal == left // EVERY + 1


@pytest.mark.parametrize("number", [1, 5, 6, 7, 13, 24])
def test_a_row_with_a_new_hash_of_its_own_breaks_the_link_behind_it(number: int) -> None:
    report = verified(_with(_rechained(number, _other_subject, until=number)))
    assert report.first is not None and report.first.kind == "changed" and covers(report.first, WRITERS[0], number)


@pytest.mark.parametrize("number", [1, 5, 6, 7, 13, 24])
def test_a_chain_forged_to_its_end_breaks_at_the_next_seal(number: int) -> None:
    (finding,) = verified(_with(_rechained(number, _other_subject))).findings
    assert finding.kind == "changed" and covers(finding, WRITERS[0], number)
    assert finding.until is not None and finding.until - (finding.number or 0) < EVERY
    assert finding.seal == (number - 1) // EVERY + 1


def test_a_forged_chain_with_seals_forged_to_match_has_no_signature() -> None:
    forged = _rechained(13, _other_subject)
    thief = signing_key("seal")
    for false_key, kind in ((replace(thief, kid=KEY.kid), "seal-forged"), (thief, "seal-forged")):
        made = list(LOG.seals[:2])
        for seal in LOG.seals[2:]:
            heads = {
                writer: Head(head.number, forged[WRITERS.index(writer) * EACH + head.number - 1].hash)
                for writer, head in seal.heads.items()
            }
            made.append(seals.make(false_key, 1, made[-1], seal.sealed_at, heads, seal.rows))
        log = Log(tuple(forged), tuple(made), LOG.outside)
        assert {(f.kind, f.seal) for f in verified(replace(log, outside=())).findings} == {(kind, 3), (kind, 4)}
        report = verified(log)
        assert {(f.kind, f.seal) for f in report.findings} >= {("seal-replaced", 3), ("changed", 3)}
        assert any(covers(finding, WRITERS[0], 13) for finding in report.findings)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_seal_is_missing_by_its_number_and_its_rows_stay_held(number: int) -> None:
    kept = tuple(seal for seal in LOG.seals if seal.number != number)
    (finding,) = verified(replace(LOG, seals=kept)).findings
    assert (finding.kind, finding.seal) == ("seal-missing", number)


def test_seals_cut_with_their_rows_are_found_by_those_outside() -> None:
    kept = [row for row in LOG.rows if row.number <= 12]
    report = verified(Log(tuple(kept), LOG.seals[:2], LOG.outside))
    assert {(f.kind, f.seal) for f in report.findings if f.writer is None} == {("seal-cut", 3), ("seal-cut", 4)}
    assert {(f.kind, f.writer, f.number) for f in report.findings if f.writer} == {("cut", w, 13) for w in WRITERS}


@pytest.mark.parametrize("name", [field.name for field in fields(Seal)])
def test_a_seal_changed_anywhere_is_found_at_its_number(name: str) -> None:
    other = LOG.seals[2]
    values: dict[str, Any] = {"kid": "other", "number": 9}
    changed = replace(LOG.seals[1], **{name: values.get(name, getattr(other, name))})
    report = verified(replace(LOG, seals=(LOG.seals[0], changed, *LOG.seals[2:])))
    assert any(finding.seal == 2 and finding.kind.startswith("seal-") for finding in report.findings)


def test_a_line_outside_that_nobody_signed_is_told_and_not_believed() -> None:
    false = replace(LOG.seals[3], rows=9)
    assert [finding.kind for finding in verified(replace(LOG, outside=(*LOG.outside[:3], false))).findings] == [
        "outside-forged"
    ]


@pytest.mark.parametrize("sealed_too", [False, True])
def test_a_whole_chain_put_in_under_an_earlier_date_is_inserted(sealed_too: bool) -> None:
    """Honestly sealed afterwards: the sealer seals what it finds, the dates tell."""
    writer = UUID(int=0xC)
    later = replace(LOG.seals[-1], sealed_at=START + timedelta(hours=1))
    last = seals.make(KEY, 1, LOG.seals[-1], later.sealed_at, {}, LOG.seals[-1].rows)
    false = rows_of(writer, range(1, 4), subject=500)
    made = [*LOG.seals, last]
    if sealed_too:
        heads = {writer: Head(3, false[-1].hash)}
        made.append(seals.make(KEY, 1, last, START + timedelta(hours=2), heads, last.rows + 3))
    (finding,) = verified(Log((*LOG.rows, *false), tuple(made), ())).findings
    assert (finding.kind, finding.writer, finding.number) == ("inserted", writer, 1)


_COLUMNS = sorted({field.name for field in fields(Row)} - {"told", "withheld"})
_TOLD = sorted(field.name for field in fields(LOG.rows[0].told))


@examples(max_examples=150, deadline=None)
@given(
    place=st.integers(0, len(LOG.rows) - 1),
    name=st.sampled_from(_COLUMNS + _TOLD),
    flip=st.integers(0, 10_000),
)
def test_any_single_change_is_found_at_its_row(place: int, name: str, flip: int) -> None:
    row = LOG.rows[place]
    changed = _changed(row, name, flip)
    report = verified(_with([*LOG.rows[:place], changed, *LOG.rows[place + 1 :]]))
    assert any(covers(finding, row.writer, row.number) for finding in report.findings), report.findings


@examples(max_examples=100, deadline=None)
@given(kept=st.lists(st.integers(0, len(LOG.rows) - 1), unique=True, max_size=len(LOG.rows) - 1))
def test_any_rows_left_out_are_found_at_the_first_of_each_chain(kept: list[int]) -> None:
    report = verified(_with([LOG.rows[place] for place in sorted(kept)]))
    for writer in WRITERS:
        there = {LOG.rows[place].number for place in kept if LOG.rows[place].writer == writer}
        absent = set(range(1, EACH + 1)) - there
        found = [finding for finding in report.findings if finding.writer == writer]
        assert [finding.number for finding in found] == ([min(absent)] if absent else [])


def _changed(row: Row, name: str, flip: int) -> Row:
    told: Any = row.told
    whole: Any = row
    if name in _TOLD:
        return replace(row, told=replace(told, **{name: _other(name, getattr(told, name), flip)}))
    changed: Row = replace(whole, **{name: _other(name, getattr(row, name), flip)})
    return changed


def _other(name: str, value: Any, flip: int) -> object:
    """Another value of the same type."""
    if value is None:
        return {"case_no": "x", "salt": bytes(16), "commitment": bytes(33)}[name]
    if isinstance(value, bytes):
        place = flip % len(value)
        return value[:place] + bytes((value[place] ^ (1 << flip % 8),)) + value[place + 1 :]
    if isinstance(value, UUID):
        return UUID(int=value.int ^ (1 << flip % 128))
    if isinstance(value, tuple):
        return (*value, value[0]) if flip % 2 else value[1:]
    step: dict[type, object] = {str: chr(97 + flip % 26), int: 1 + flip, datetime: timedelta(microseconds=1 + flip)}
    return value + step[type(value)]
